"""The settings of a drift measurement, validated before any request is sent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import msgspec

from trueweight.core import ConfigError, DriftMode, Provider, Role
from trueweight.core.estimate import ALPHA
from trueweight.core.json_value import JsonObject
from trueweight.drift.by_logprobs import DILUTION_SHARE
from trueweight.drift.evidence import DriftEvidence
from trueweight.drift.prompt_and_sampler import LEAST_PROMPTS
from trueweight.drift.scoring import DriftScore
from trueweight.drift.scouting import AT_ONCE
from trueweight.drift.systematic import SystematicTest
from trueweight.drift.thresholds import Thresholds, shipped_thresholds

PROBES = 1
"""Requests to each provider, beyond those that are compared, that find out what it supports: one of a provider that
lists 20 alternatives."""

DEFAULT_REQUESTS = 240
METHOD = "products-3"
"""The test of log-probabilities, on record in each run: earlier versions compared first tokens or distances, with other
requests."""

FIRST_TOKENS = 3
"""For hosts that are asked at temperature 1: a model may begin each answer with the same token, which shows nothing of
its weights; the next ones do."""

THOUGHT_TOKENS = 8
"""`DriftSettings.first_tokens` for a model that thinks: past the markers of a thought, into its first words."""

_AUTO: Final = "auto"
"""The mode that is chosen by what the providers can do."""


@dataclass(frozen=True, slots=True)
class DriftSettings:
    """The settings of one measurement.

    Attributes:
        mode: None for the sharpest one that reference and candidate both support.
        alpha: false discovery rate: of the candidates found to drift, the expected share that do not.
        max_requests: most requests to each candidate, probes included (see `largest` for the reference).
        screen: number of prompts that are screened for near ties of the reference in greedy mode; 0 for none.
        scout: most questions of which the reference alone is asked both variants beforehand, by log-probabilities, to
            find those to which its answers go on alike; 0 for none.
        thinking_off: provider → fields of its requests that turn thinking off, so that the first token is that of the
            answer; empty if not every provider has such fields.
        first_tokens: tokens that a request for log-probabilities at temperature 1 asks for; more where the first ones
            are sure, as before a thought.
        stop: whether a candidate gets no further requests after its verdict; False to record a ladder.
    """

    mode: DriftMode | None = None
    alpha: float = ALPHA
    max_requests: Annotated[int, msgspec.Meta(ge=1, le=2**31)] = DEFAULT_REQUESTS
    seed: int = 0
    screen: int = 120
    scout: int = 120
    stop: bool = True
    first_tokens: int = FIRST_TOKENS
    thinking_off: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    thresholds: Thresholds = field(default_factory=shipped_thresholds)

    @property
    def scouted(self) -> int:
        """The most questions that are scouted with this budget."""
        return min(self.scout, 2 * self.max_requests + AT_ONCE)

    @property
    def compared(self) -> int:
        """The most questions that can be compared by log-probabilities with this budget."""
        return -(-self.max_requests // 2)

    @property
    def questions(self) -> int:
        """The most questions from which those that are compared by log-probabilities are taken."""
        return max(self.compared, self.scouted)

    def as_json(self) -> JsonObject:
        """For the manifest. ``thinking_off`` is only there where it is set."""
        out: JsonObject = msgspec.to_builtins(self)
        absent = set() if self.thinking_off else {"thinking_off"}
        kept = {name: value for name, value in out.items() if name not in absent}
        return kept | {"mode": self.mode or _AUTO, "method": METHOD}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> DriftSettings:
        """The settings that `as_json` wrote.

        Raises:
            ConfigError: ``drift-old-method`` for those of an earlier version.
            msgspec.ValidationError: for anything else; it says at which key.
        """
        if not is_current(value):
            raise ConfigError(
                "drift was measured by an earlier version, whose requests the present test cannot use",
                code="drift-old-method",
                hint="Measure again with `trueweight drift`. The other results of the run are not affected.",
            )
        mode = value.get("mode")
        return msgspec.convert({**value, "mode": None if mode == _AUTO else mode}, cls)

    def require_sound(self, providers: Sequence[Provider]) -> None:
        """Refuse settings that cannot lead to a verdict, before any request is sent.

        Raises:
            ConfigError: ``drift-alpha``, ``drift-reference``, ``drift-candidates`` or ``drift-budget``.
        """
        if not 0.0 < self.alpha < 1.0:
            raise ConfigError(
                f"α must lie between 0 and 1, both excluded; got {self.alpha:g}",
                code="drift-alpha",
                where="--alpha",
                hint="At 0.05, one in twenty of the providers found to drift may be healthy.",
            )
        names = [provider.name for provider in providers]
        if not any(provider.role is Role.REFERENCE for provider in providers):
            raise ConfigError(
                "the providers have no reference",
                code="drift-reference",
                hint=f'Give one of {", ".join(names) or "the providers"} role = "reference" in providers.toml.',
            )
        candidates = len(providers) - 1
        if not candidates:
            raise ConfigError(
                f"{names[0]!r} is the only provider: drift needs a candidate as well",
                code="drift-candidates",
                hint='Add a [[provider]] with role = "candidate" (the reference twice is a fair first try).',
            )
        least = least_requests(candidates, self.alpha, self.mode, self.thresholds)
        if self.max_requests < least:
            raise ConfigError(
                f"{self.max_requests} requests to each candidate cannot show drift at α = {self.alpha:g} "
                f"if one of {candidates} drifts; nothing was sent",
                code="drift-budget",
                where="--max-requests",
                hint=f"Valid: at least {least}, enough for a gross difference; {DEFAULT_REQUESTS} for a subtle one.",
            )


def is_current(value: Mapping[str, Any]) -> bool:
    """Whether recorded settings are of the present test."""
    return value.get("method") == METHOD


def least_requests(candidates: int, alpha: float, mode: DriftMode | None, thresholds: Thresholds) -> int:
    """The smallest number of requests to a candidate that can lead to DRIFT, if every prompt differs completely."""
    questions = 0
    if mode in (None, DriftMode.LOGPROBS):
        test = SystematicTest(thresholds)
        while (1 - DILUTION_SHARE) * test.e_drift < candidates / alpha or questions < LEAST_PROMPTS:
            test.update(math.inf)
            questions += 1
        return 2 * questions + PROBES
    tau = thresholds.tau_near_tie if mode is DriftMode.GREEDY else thresholds.tau_steady
    evidence = DriftEvidence(mode, thresholds)
    while evidence.value < candidates / alpha or questions < LEAST_PROMPTS:
        evidence.update(DriftScore(1.0, 1.0, 0.0, lean=1.0, gross=1.0, strange=1.0), tau)
        questions += 1
    return questions
