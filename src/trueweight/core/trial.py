"""A trial: case × provider × API × repeat × mode × thinking. Its id is a digest of exactly that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from sys import intern
from typing import Final, NamedTuple

from trueweight.core.case import DEFAULT_API, Case, Mode
from trueweight.core.changed_case import as_sent
from trueweight.core.json_value import digest
from trueweight.core.protocol import PROTOCOLS, Protocol
from trueweight.core.provider import Provider
from trueweight.core.thinking import ThinkingMode


def trial_id(
    case: Case,
    provider: Provider,
    repeat: int,
    mode: Mode,
    api: str = DEFAULT_API,
    *,
    thinking: ThinkingMode = ThinkingMode.AS_SERVED,
) -> str:
    """The id of a trial: 20 hexadecimal digits, the same on every machine."""
    # Ids of runs that switch no thinking do not depend on it.
    switch = [] if thinking is ThinkingMode.AS_SERVED else [{"thinking": thinking.value}]
    sent = provider.switched(thinking)
    parts: list[object] = [case.request_digest(), sent.fingerprint(), repeat, mode.value, *switch]
    # The digest of a case that names an API depends on it already. Ids of old runs do not depend on the default API.
    return intern(digest(parts if api in (DEFAULT_API, case.api) else [*parts, api])[:20])


MOST_REPEATS: Final = 10_000
MOST_PASSES: Final = 100
MOST_SEED: Final = 2**63 - 1
"""Limits of a plan and of a manifest: judging lays out every planned trial, so their number is bounded.
Summaries hold a seed as an integer of 64 bits, and generators of random numbers refuse negative ones."""


class TrialPlace(NamedTuple):
    """Which of a provider's trials one is."""

    case: str
    repeat: int
    mode: Mode
    api: str
    thinking: ThinkingMode


@dataclass(frozen=True, slots=True)
class Trial:
    """One case, sent once to one provider through one API (the name of a protocol).

    ``repeat`` counts from 0. With N repeats for a candidate, the reference has N for each of its passes: repeats
    0 … N-1 are *reference A*, N … 2N-1 are *reference B*. A compared with B gives the self-agreement.
    """

    id: str
    case: Case
    provider: Provider
    repeat: int
    mode: Mode
    api: str = DEFAULT_API
    thinking: ThinkingMode = ThinkingMode.AS_SERVED

    @classmethod
    def of(
        cls,
        case: Case,
        provider: Provider,
        repeat: int,
        mode: Mode,
        api: str | None = None,
        *,
        thinking: ThinkingMode = ThinkingMode.AS_SERVED,
    ) -> Trial:
        """Make a trial and its id. Without ``api`` it is the case's API, or the provider's first one."""
        through = api or case.api or provider.api[0]
        name = trial_id(case, provider, repeat, mode, through, thinking=thinking)
        return cls(name, case, provider, repeat, mode, through, thinking)

    @property
    def protocol(self) -> Protocol:
        """The protocol of the trial's API.

        Raises:
            ConfigError: ``unknown-protocol`` if the API is not installed.
        """
        return PROTOCOLS.get(self.api)

    @property
    def place(self) -> TrialPlace:
        """Which of its provider's trials it is."""
        return TrialPlace(self.case.key, self.repeat, self.mode, self.api, self.thinking)

    @property
    def follows(self) -> TrialPlace | None:
        """The trial of the provider whose response it continues; None if it continues none."""
        first = self.case.follows
        return None if first is None else self.place._replace(case=self.case.key_of(first))

    @property
    def behind(self) -> TrialPlace | None:
        """The trial of the provider that ends before it is sent; None if it waits for none."""
        first = self.case.behind
        return None if first is None else self.place._replace(case=self.case.key_of(first))

    def body(self, previous: str = "") -> str:
        """JSON text of the request's body, as the provider's entry changes it; "" if the request has no body.

        Args:
            previous: id of the response that it continues.
        """
        provider = self.provider.switched(self.thinking)
        case = self.protocol.continuing(self.case, previous) if previous else self.case
        text = self.protocol.body(as_sent(case, provider), provider, self.mode)
        changes = provider.changes if self.api == DEFAULT_API else replace(provider.changes, rename={})
        return changes.in_body(text) if text and changes else text

    @property
    def case_as_sent(self) -> Case:
        """The case with the request that the provider gets."""
        return as_sent(self.case, self.provider.switched(self.thinking))
