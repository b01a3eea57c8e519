"""What is more than chance: every test that a recommendation rests on, its level, and its correction for multiplicity.

The error `ALPHA` is allowed over all candidates of a run. Where metrics are tested beside the cases, each family has
one half of it: the sign test over cases is multiplied by the number of candidates (Bonferroni), and the p-value of a
metric, which Holm's method corrected over the candidates, is multiplied by the number of metrics compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from trueweight.core import Severity
from trueweight.core.estimate import Comparison, Estimate
from trueweight.core.summary import CaseSummary, Cell, CellOutcome, ProviderSummary
from trueweight.statistics.multiple_testing import ALPHA
from trueweight.statistics.paired import sign_test_worse

MATTERS: Final = 0.1
"""A difference in time counts if all of its interval is beyond this share of the provider's own time: with enough
requests a millisecond is significant, and no reason to choose another provider. Between two runs it is a share of the
time before."""
TIMES: Final = ("ttft", "e2e")
"""Metrics in which a provider can be slower, the first of them first."""
FAULTS: Final = (
    "tool_call_f1",
    "schema_accuracy",
    "structured_output_accuracy",
    "trigger_accuracy",
    "must_pass_rate",
)
"""Metrics whose fall below the reference is a fault by itself, in the order in which it is reported."""


class Discordant(NamedTuple):
    """Cases in which a candidate and the reference differ: one fails where the other passes."""

    worse: int
    better: int


class CasesTest(NamedTuple):
    """The sign test over discordant cases, corrected for the number of candidates."""

    counts: Discordant
    p: float
    alpha: float

    @property
    def significant(self) -> bool:
        """Whether the candidate fails more cases than the reference, beyond chance."""
        return self.counts.worse > 0 and self.p <= self.alpha


class MetricTest(NamedTuple):
    """A metric below the reference's, with its p-value corrected for candidates and metrics."""

    metric: str
    found: Comparison
    p: float
    alpha: float

    @property
    def significant(self) -> bool:
        """Whether it is below the reference's beyond chance among all comparisons."""
        return self.p <= self.alpha


def case_outcome(modes: Mapping[str, Cell]) -> CellOutcome | None:
    """A case as a whole: it fails if any mode fails, passes if every judged mode passes, else None."""
    outcomes = {cell.outcome for cell in modes.values()} - {CellOutcome.NOT_APPLICABLE}
    if CellOutcome.FAIL in outcomes:
        return CellOutcome.FAIL
    return CellOutcome.PASS if outcomes == {CellOutcome.PASS} else None


def discordant(cases: Sequence[CaseSummary], provider: str, reference: str) -> Discordant:
    """Count the discordant cases; INFO cases carry no weight. A case counts once, through however many APIs."""
    worse, better = set[str](), set[str]()
    for case in cases:
        if case.severity is Severity.INFO:
            continue
        own, theirs = case_outcome(case.modes(provider)), case_outcome(case.modes(reference))
        if own is CellOutcome.FAIL and theirs is CellOutcome.PASS:
            worse.add(case.case)
        elif own is CellOutcome.PASS and theirs is CellOutcome.FAIL:
            better.add(case.case)
    return Discordant(len(worse - better), len(better - worse))


def check_cases(counts: Discordant, provider: ProviderSummary, candidates: int) -> CasesTest:
    """The sign test of a candidate's discordant cases, over ``candidates`` candidates."""
    tested = any(found.p_holm is not None for found in provider.versus_reference.values())
    p = sign_test_worse(counts.worse, counts.better) * candidates
    return CasesTest(counts, p, ALPHA / 2 if tested else ALPHA)


def metrics_below(provider: ProviderSummary) -> list[MetricTest]:
    """Metrics whose paired difference lies below zero with all of its interval, in order of id."""
    shares = {
        metric: found
        for metric, found in sorted(provider.versus_reference.items())
        if found.unit == "difference" and found.value is not None
    }
    return [
        MetricTest(metric, found, (1.0 if found.p_holm is None else found.p_holm) * len(shares), ALPHA / 2)
        for metric, found in shares.items()
        if found.high is not None and found.high < 0
    ]


def worse_metrics(provider: ProviderSummary) -> list[MetricTest]:
    """Of `FAULTS` those that are below the reference's beyond chance, each corrected over the candidates alone."""
    return [
        MetricTest(metric, found, found.p_holm, ALPHA)
        for metric in FAULTS
        if (found := provider.versus_reference.get(metric)) is not None
        and found.value is not None
        and found.value < 0
        and found.p_holm is not None
        and found.p_holm <= ALPHA
    ]


def slower(provider: ProviderSummary, self_agreement: Mapping[str, Estimate]) -> MetricTest | None:
    """The first time that is longer than the reference's: beyond chance, beyond the reference's own spread, and by so
    much that it matters. None if there is none."""
    for metric in TIMES:
        found, own = provider.versus_reference.get(metric), provider.metrics.get(metric)
        if found is None or own is None or not own.value or found.low is None:
            continue
        if found.p_holm is not None and found.p_holm > ALPHA:
            continue
        noise = self_agreement.get(metric)
        spread = noise.high if noise is not None and noise.high is not None else float("-inf")
        if found.low > max(MATTERS * own.value, spread):
            return MetricTest(metric, found, 1.0 if found.p_holm is None else found.p_holm, ALPHA)
    return None


def beyond_self_agreement(found: Comparison, self_agreement: Estimate | None) -> bool:
    """Whether a difference is beyond chance (corrected p ≤ `ALPHA`) and its interval lies outside that of the reference
    against itself.

    Args:
        self_agreement: the same metric's difference of the reference from itself; None if there is none in that unit.
    """
    if found.p_holm is None or found.p_holm > ALPHA:
        return False
    if self_agreement is None or (self_agreement.low is None and self_agreement.high is None):
        return True
    return _above(found, self_agreement) or _above(self_agreement, found)


def _above(one: Estimate, other: Estimate) -> bool:
    """Whether all of one interval lies above the other; an unknown end is unbounded."""
    return one.low is not None and other.high is not None and one.low > other.high


def unseen_share(cases: int) -> float:
    """The share of cases that a provider may fail while none of so many shows it, at 95% confidence (exact)."""
    return 1 - ALPHA ** (1 / cases) if cases else 1.0
