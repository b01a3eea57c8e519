"""What is more than chance: the one family of tests that recommendations rest on, its level, and its correction.

The family is each candidate times the tests that are looked at: its pass rates by case, the metrics of `FAULTS`, the
times of `TIMES`. Every test is one-sided against the candidate being worse, and paired by case with one pass of the
reference; that of the pass rates has the other candidates as further witnesses. Holm's method with weights keeps the
probability that any healthy candidate is called worse, or slower, at most `ALPHA`: the pass rates get most of the
error, because they see most faults. Without a reference the pass rates alone are tested, each candidate against the
others. A candidate that is really slower is not worse: it is recommended with a note.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from trueweight.assess.comparing import CasesTest, compare_with_others, compare_with_reference
from trueweight.core.estimate import ALPHA, Comparison, Estimate
from trueweight.core.summary import ProviderSummary, Summary
from trueweight.statistics.multiple_testing import weighted_holm

MATTERS: Final = 0.1
"""A difference in time counts if all of its interval is beyond this share of the provider's own time: with enough
requests a millisecond is significant, and no reason to choose another provider. Between two runs it is a share of the
time before."""
TIMES: Final = ("ttft", "ttfo", "e2e")
"""Metrics in which a provider can be slower, the first of them first. Without a thought, TTFT and TTFO are equal."""
FAULTS: Final = (
    "tool_call_f1",
    "schema_accuracy",
    "structured_output_accuracy",
    "trigger_accuracy",
    "must_pass_rate",
)
"""Metrics whose fall below the reference is a fault by itself, in the order in which it is reported."""
LIKELY: Final = 0.5
"""A provider is not cleared if a fault of 10 points would have been found with less than this probability."""
AGREEMENT: Final = "tool_call_f1"
"""The one of `FAULTS` that is agreement with the reference, not correctness. A deterministic reference always agrees
with itself, so any other honest host agrees with it less. It counts only if the candidate calls tools significantly
more or less often than the reference (part of its p-value), and never if the candidate is right more often than the
reference where cases say whether to call."""
RIGHT: Final = "trigger_accuracy"
"""Whether a tool is called exactly when the case says so."""
CASES: Final = "cases"
"""The test of pass rates by case."""
WEIGHTS: Final[Mapping[str, float]] = (
    {CASES: 0.85} | dict.fromkeys(FAULTS, 0.11 / len(FAULTS)) | dict.fromkeys(TIMES, 0.04 / len(TIMES))
)
"""The share of the error that each test of a candidate has; it does not depend on the data."""


class Against(Enum):
    """What the pass rates of a candidate are compared with."""

    REFERENCE = "reference"
    OTHERS = "others"
    """The mean of at least two other candidates."""
    ONE_OTHER = "one other"
    """Another candidate: a difference does not say which of the two is wrong."""
    NOTHING = "nothing"


class MetricTest(NamedTuple):
    """A metric compared with the reference's, with its p-value corrected over the family.

    Attributes:
        own_p: corrected over the tests of this candidate alone.
    """

    metric: str
    found: Comparison
    p: float
    own_p: float
    alpha: float = ALPHA

    @property
    def significant(self) -> bool:
        """Whether it is worse than the reference's beyond chance among all tests of the family."""
        return self.p <= self.alpha


@dataclass(frozen=True, slots=True)
class ProviderTests:
    """All tests of one candidate.

    Attributes:
        cases: None where its pass rates are compared with nothing.
        p: of ``cases``, corrected over the family; ``own_p``: over the tests of this candidate alone.
        metrics, times: the tests of `FAULTS` and `TIMES` that took place, in that order.
    """

    against: Against
    cases: CasesTest | None = None
    p: float = 1.0
    own_p: float = 1.0
    metrics: tuple[MetricTest, ...] = ()
    times: tuple[MetricTest, ...] = ()

    @property
    def cases_significant(self) -> bool:
        """Whether its pass rates are lower, or with one other candidate: different, beyond chance."""
        return self.cases is not None and self.p <= ALPHA

    @property
    def cases_suspect(self) -> bool:
        """The same if it were the only candidate."""
        return self.cases is not None and self.own_p <= ALPHA

    @property
    def powerful(self) -> bool:
        """Whether a fault of 10 points would more likely have been found than missed."""
        return self.cases is not None and self.cases.power.of_ten >= LIKELY

    @property
    def worse_metrics(self) -> tuple[MetricTest, ...]:
        """Metrics that are worse than the reference's beyond chance."""
        return tuple(test for test in self.metrics if test.significant)

    @property
    def suspect_metrics(self) -> tuple[MetricTest, ...]:
        """Metrics that would be if it were the only candidate, or whose interval lies below zero. The interval of an
        agreement lies below zero for any honest host beside a deterministic reference, so it shows nothing."""
        return tuple(
            test
            for test in self.metrics
            if not test.significant and (test.own_p <= ALPHA or (test.metric != AGREEMENT and _below_zero(test.found)))
        )


def _below_zero(found: Estimate) -> bool:
    return found.high is not None and found.high < 0


NO_TESTS: Final = ProviderTests(Against.NOTHING)


def run_tests(summary: Summary, reference: str | None) -> dict[str, ProviderTests]:
    """The tests of all candidates, corrected together.

    Args:
        reference: the reference if it answered, else None. A reference that did not answer is no candidate either.
    """
    names = [name for name, one in summary.providers.items() if name != summary.run.reference and one.counts.arrived]
    level = ALPHA * WEIGHTS[CASES]
    against = Against.REFERENCE if reference is not None else _AMONG.get(len(names), Against.OTHERS)
    compared: Mapping[str, CasesTest] = {}
    if reference is not None:
        compared = compare_with_reference(summary, names, reference, level=level)
    elif len(names) > 1:
        compared = compare_with_others(summary, names, level=ALPHA)
    raw = {(name, CASES): test.p for name, test in compared.items() if test.n}
    if against is Against.ONE_OTHER:
        raw.pop((names[1], CASES), None)  # one comparison, of which both have the result
    if reference is not None:
        for name in names:
            own = _p_of_metrics(summary.providers[name], compared[name].least)
            raw |= {(name, metric): p for metric, p in own.items()}
    family = corrected(raw)
    if against is Against.ONE_OTHER and raw:
        family[names[1], CASES] = family[names[0], CASES]
    alone = {key: p for name in names for key, p in corrected({k: p for k, p in raw.items() if k[0] == name}).items()}
    out = dict.fromkeys(summary.providers, NO_TESTS)
    for name in names:
        tests = {
            metric: MetricTest(metric, summary.providers[name].versus_reference[metric], p, alone[name, metric])
            for (other, metric), p in family.items()
            if other == name and metric != CASES
        }
        tested = (name, CASES) in family
        out[name] = ProviderTests(
            against if tested else Against.NOTHING,
            compared[name] if tested else None,
            family.get((name, CASES), 1.0),
            alone.get((name, CASES), 1.0),
            tuple(tests[metric] for metric in FAULTS if metric in tests),
            tuple(tests[metric] for metric in TIMES if metric in tests),
        )
    return out


_AMONG: Final = {0: Against.NOTHING, 1: Against.NOTHING, 2: Against.ONE_OTHER}


def _p_of_metrics(provider: ProviderSummary, least: float) -> dict[str, float]:
    """The one-sided p-values of the family's metrics. An older summary has them two-sided, or corrected only.

    Args:
        least: the smallest p-value of a metric of `FAULTS`.
    """
    out = {}
    for metric in (*FAULTS, *TIMES):
        found = provider.versus_reference.get(metric)
        if found is None or found.value is None:
            continue
        p = found.p_worse
        if p is None:
            two_sided = found.p if found.p is not None else found.p_holm
            worse = found.value < 0 if metric in FAULTS else found.value > 0
            p = 1.0 if two_sided is None else two_sided / 2 if worse else 1 - two_sided / 2
        out[metric] = max(p, least) if metric in FAULTS else p
    right = provider.versus_reference.get(RIGHT)
    if AGREEMENT in out and right is not None and right.value is not None and right.value > 0:
        out[AGREEMENT] = 1.0
    return out


def corrected(raw: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """The p-values of the family, by candidate and test, corrected together."""
    adjusted = weighted_holm(list(raw.values()), [WEIGHTS[metric] for _, metric in raw])
    return dict(zip(raw, adjusted, strict=True))


def slower(
    provider: ProviderSummary, tests: Sequence[MetricTest], self_agreement: Mapping[str, Estimate]
) -> MetricTest | None:
    """The first time that is longer than the reference's: beyond chance, beyond the reference's own spread, and by so
    much that it matters. None if there is none."""
    for test in tests:
        own, found = provider.metrics.get(test.metric), test.found
        if not test.significant or own is None or not own.value or found.low is None:
            continue
        noise = self_agreement.get(test.metric)
        spread = noise.high if noise is not None and noise.high is not None else float("-inf")
        if found.low > max(MATTERS * own.value, spread):
            return test
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
