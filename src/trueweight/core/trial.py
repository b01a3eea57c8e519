"""A trial: case × provider × API × repeat × mode. Its id is a digest of exactly that."""

from __future__ import annotations

from dataclasses import dataclass
from sys import intern

from trueweight.core.case import DEFAULT_API, Case, Mode
from trueweight.core.digest import digest
from trueweight.core.protocol import PROTOCOLS, Protocol
from trueweight.core.provider import Provider


def trial_id(case: Case, provider: Provider, repeat: int, mode: Mode, api: str = DEFAULT_API) -> str:
    """20 hexadecimal digits that name this trial on every machine, with no coordination."""
    parts: list[object] = [case.request_digest(), provider.fingerprint(), repeat, mode.value]
    # Where the case itself names the API, its digest says it already; ids of recorded runs have no API in them.
    return intern(digest(parts if api in (DEFAULT_API, case.api) else [*parts, api])[:20])


@dataclass(frozen=True, slots=True)
class Trial:
    """One case, sent once to one provider through one API (the name of a protocol).

    ``repeat`` counts from 0. The reference is asked ``passes`` times as often as a candidate: its repeats
    0 … N-1 are *reference A*, N … 2N-1 are *reference B*, which is the noise floor.
    """

    id: str
    case: Case
    provider: Provider
    repeat: int
    mode: Mode
    api: str = DEFAULT_API

    @classmethod
    def of(cls, case: Case, provider: Provider, repeat: int, mode: Mode, api: str | None = None) -> Trial:
        """Make a trial and its id; ``api`` is by default the case's, else the first of the provider's."""
        through = api or case.api or provider.api[0]
        return cls(trial_id(case, provider, repeat, mode, through), case, provider, repeat, mode, through)

    @property
    def protocol(self) -> Protocol:
        """The protocol of its API.

        Raises:
            ConfigError: ``unknown-protocol`` if it is not installed.
        """
        return PROTOCOLS.get(self.api)

    def body(self) -> str:
        """JSON text of its request; "" if the request has no body."""
        return self.protocol.body(self.case, self.provider, self.mode)
