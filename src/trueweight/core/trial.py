"""A trial: case × provider × repeat × mode. Its id is a digest of exactly that."""

from __future__ import annotations

from dataclasses import dataclass
from sys import intern

from trueweight.core.case import Case, Mode
from trueweight.core.digest import digest
from trueweight.core.provider import Provider


def trial_id(case: Case, provider: Provider, repeat: int, mode: Mode) -> str:
    """20 hexadecimal digits that name this trial on every machine, with no coordination."""
    return intern(digest([case.request_digest(), provider.fingerprint(), repeat, mode.value])[:20])


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing to ask of one provider, once.

    ``repeat`` counts from 0. The reference is asked ``passes`` times as often as a candidate: its repeats
    0 … N-1 are *reference A*, N … 2N-1 are *reference B*, which is the noise floor.
    """

    id: str
    case: Case
    provider: Provider
    repeat: int
    mode: Mode

    @classmethod
    def of(cls, case: Case, provider: Provider, repeat: int, mode: Mode) -> Trial:
        """Make a trial and name it."""
        return cls(trial_id(case, provider, repeat, mode), case, provider, repeat, mode)
