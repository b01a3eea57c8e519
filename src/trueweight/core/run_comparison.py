"""What changed between two runs, as data: what ``trueweight compare --json`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, Literal

import msgspec

from trueweight.core.case import Severity
from trueweight.core.estimate import Estimate
from trueweight.core.thinking import ThinkingMode

COMPARE_FORMAT: Final = "trueweight.compare/1"


class Change(StrEnum):
    """The direction of a change beyond chance."""

    BETTER = "better"
    WORSE = "worse"


class FlipKind(StrEnum):
    """How the outcome of a cell changed; each is a field of `ProviderComparison`."""

    NEW_FAILURES = "new_failures"
    FIXED = "fixed"
    FLAKY = "flaky"
    LOST = "lost"


class ComparedRunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two runs; times are UTC, ISO 8601, and ``trials`` counts those on record.

    Attributes:
        thinking: its modes of thinking.
        thinking_allowance: tokens for thoughts that were added to the limits of the cases' answers.
        profile: label of its profile; "" without one.
        sampling: the sampling that replaces temperature 0: ``thinking``, ``direct`` and ``source``; empty if cases are
            sent as they are written.
    """

    started_at: str
    finished_at: str | None
    tool_version: str
    suites: tuple[Mapping[str, str | int], ...]
    repeats: int
    trials: int
    thinking: tuple[ThinkingMode, ...] = (ThinkingMode.AS_SERVED,)
    thinking_allowance: int = 0
    profile: str = ""
    sampling: Mapping[str, Any] = {}


class ComparedCases(msgspec.Struct, frozen=True, kw_only=True):
    """How many cases have the same request in both runs, and the keys of the others.

    Attributes:
        changed: in both runs, with different requests.
    """

    both: int
    changed: tuple[str, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]


class ComparedMetric(msgspec.Struct, frozen=True, kw_only=True):
    """A metric of a provider in both runs.

    Attributes:
        before, after: over the cases that both runs answered.
        difference: second run minus first run, paired by case: of shares and scores ``after`` − ``before``, of times
            the median of the cases' differences.
        p: of an exact paired test that there is no difference; None where no test applies.
        p_holm: the same, corrected over all providers and metrics (Holm); 1 where no test applies.
        change: None within chance, or where a time changed by less than the share that matters.
    """

    before: Estimate
    after: Estimate
    difference: Estimate
    p: float | None
    p_holm: float
    change: Change | None


class RepeatCounts(msgspec.Struct, frozen=True, kw_only=True):
    """A cell in one of the runs: its outcome, and how many repeats passed of those that were judged."""

    outcome: str
    passed: int
    of: int


class Flip(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A cell with another outcome than before.

    Attributes:
        fails: the checks that fail, or failed before it was fixed.
        api: as in `CaseSummary`, if the case is sent through several.
    """

    case: str
    mode: str
    severity: Severity
    before: RepeatCounts
    after: RepeatCounts
    fails: tuple[str, ...]
    api: str | None = None

    @property
    def name(self) -> str:
        """``suite/id``, with the API if the case is sent through several."""
        return self.case if self.api is None else f"{self.case} ({self.api})"


class ProviderComparison(msgspec.Struct, frozen=True, kw_only=True):
    """A provider of both runs: metrics by id, and its flipped cells by kind, in the order of the run."""

    metrics: Mapping[str, ComparedMetric]
    new_failures: tuple[Flip, ...] = ()
    fixed: tuple[Flip, ...] = ()
    flaky: tuple[Flip, ...] = ()
    lost: tuple[Flip, ...] = ()

    def flips(self) -> Iterator[tuple[FlipKind, tuple[Flip, ...]]]:
        """The flipped cells of each kind."""
        yield FlipKind.NEW_FAILURES, self.new_failures
        yield FlipKind.FIXED, self.fixed
        yield FlipKind.FLAKY, self.flaky
        yield FlipKind.LOST, self.lost


class SignificantChange(msgspec.Struct, frozen=True, kw_only=True):
    """A metric of a provider that changed beyond chance."""

    provider: str
    metric: str
    change: Change


class RunComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs, paired by case.

    Attributes:
        before, after: the first run and the second.
        providers: those of both runs.
        only_before, only_after: providers of one run only.
    """

    format: Literal["trueweight.compare/1"] = COMPARE_FORMAT
    before: ComparedRunFacts
    after: ComparedRunFacts
    cases: ComparedCases
    providers: Mapping[str, ProviderComparison]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    significant: tuple[SignificantChange, ...]

    def worse(self, provider: str | None = None) -> tuple[str, ...]:
        """Ids of the metrics that are worse beyond chance, of one provider or of all."""
        found = (one for one in self.significant if one.change is Change.WORSE)
        return tuple(one.metric for one in found if provider in (None, one.provider))
