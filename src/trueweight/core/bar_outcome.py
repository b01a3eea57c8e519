"""The outcome of a bar for a provider: pass, fail or inconclusive. Too few data are inconclusive, not a pass."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from trueweight.core.case import Severity
from trueweight.core.estimate import Estimate

MARGIN: Final = 0.05
"""How much less often than the baseline a provider may be right, where no bar says it."""
AGREEMENT: Final = 0.9
"""The least agreement with the recorded answers, where no bar says it."""

JUDGE_MARGIN: Final = 0.1
"""By how large a share of the cases an LLM judge may prefer the recorded answers, where no bar says it."""


class Ruling(StrEnum):
    """What is decided, of one rule or of a whole bar."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"

    @classmethod
    def of_all(cls, rulings: list[Ruling]) -> Ruling:
        """Fail if one fails; else inconclusive if one is, or if there is none; else pass."""
        if cls.FAIL in rulings:
            return cls.FAIL
        return cls.PASS if rulings and cls.INCONCLUSIVE not in rulings else cls.INCONCLUSIVE


class Side(StrEnum):
    """Which end of an interval a threshold is held to."""

    NEAR = "near"
    """The end towards the threshold: pass needs it to meet the threshold, fail needs the far end to miss it."""
    FAR = "far"
    """The benefit of the doubt: pass if the far end meets the threshold, else fail."""
    VALUE = "value"
    """The point estimate, whatever its interval."""


class Versus(StrEnum):
    """With what a provider's paired difference is held to a threshold."""

    REFERENCE = "reference"
    BASELINE = "baseline"
    """An earlier run."""


class RuleCode(StrEnum):
    """How a rule's outcome came about. Beside each code: the fields that it fills."""

    MEASURED = "measured"
    """The interval decides. ``metric``, ``estimate``."""
    MORE_NEEDED = "more-needed"
    """The interval reaches the bound. ``metric``, ``estimate``, ``decides_at``, ``more_cases``, ``more_trials``."""
    AT_BOUND = "at-bound"
    """The value is the bound itself: no n decides. ``metric``, ``estimate``."""
    NO_INTERVAL = "no-interval"
    """The estimate has no interval. ``metric``, ``estimate``."""
    NOT_APPLICABLE = "not-applicable"
    """The metric has no value; the note of ``estimate`` says why. ``metric``, ``estimate``."""
    NOT_MEASURED = "not-measured"
    """The run has no such metric. ``metric``."""
    NO_BASELINE = "no-baseline"
    """The rule is about a change, and no baseline was given. ``metric``."""
    CHECKS_FAIL = "checks-fail"
    """More checks fail than the limit allows. ``checks``, ``severity``."""
    CHECKS_UNCERTAIN = "checks-uncertain"
    """More checks fail than the limit allows, but a model can break them, and they fail no more often than the
    reference's, or the other candidates', beyond chance; or there is nothing to compare with. ``checks``,
    ``severity``, ``answered`` of ``trials``."""
    CHECKS_WITHIN = "checks-within"
    """Not more checks fail than the limit allows. ``checks``, ``severity``, ``answered`` of ``trials``."""
    CHECKS_UNANSWERED = "checks-unanswered"
    """The same, but ``unanswered`` pairs of case and mode have no reply yet. ``answered`` of ``trials``."""
    CHECKS_SILENT = "checks-silent"
    """No reply arrived that could be checked. ``severity``."""
    CHANGED = "changed"
    """``metrics`` got worse than the baseline beyond chance; none did if it is empty. ``cases``: shared by both."""


class WorkloadRule(StrEnum):
    """A rule of the bar about a workload."""

    QUALITY = "quality"
    """By golden answers, right no less often than the baseline, up to the margin."""
    AGREEMENT = "agreement"
    """Agrees with the recorded answers at least so often."""
    PREFERRED = "preferred"
    """A trusted LLM judge prefers the recorded answers by the margin at most."""
    LABEL = "label"
    """No label is surely answered as expected in less than half of its cases, whatever the bar says."""
    FIELD = "field"
    """No field of JSON or of a call is surely wrong far more often than at the baseline, whatever the bar says."""
    READABLE = "readable"
    """Answers have the form that the grader reads at least so often."""
    LATENCY = "p95-ms"
    """The 95th percentile of the time to the whole reply, milliseconds."""
    FAILURES = "failures"
    """The share of requests without a reply after all retries."""
    COST = "cost-per-1000"
    """USD for each 1,000 requests."""

    @property
    def of_answers(self) -> bool:
        """Whether it is about the answers, not about time, failures or cost."""
        return self not in (WorkloadRule.LATENCY, WorkloadRule.FAILURES, WorkloadRule.COST)


class RuleOutcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one rule of the bar decides of a provider.

    Attributes:
        rule: the rule in words; only in a summary of format 1, which has no threshold.
        code: None only in a summary of format 1, which has ``message`` in its place. The one about a baseline
            (`RuleCode.CHANGED`) holds without being in the bar, and has no threshold.
        at_least, at_most: the threshold of the bar: one of them for ``metric``, in its unit; ``at_most`` failing checks
            of ``severity``.
        versus: the threshold holds for the paired difference from it, not for the metric; None for the metric.
        beyond_reference: a check that the reference fails in every one of the same cases does not count.
        decides_at: the n that would decide at the observed rate; None if it is decided, or if no n would.
        more_cases: about how many more cases that takes, of the same kinds as those of the run; repeats of the same
            cases do not replace them.
        more_trials: how many trials these cases are, at as many repeats.
        workload: the rule about the workload; None for all others.
        task, label: of a rule about the workload; "" for all tasks, or labels, together. A field's path is a label.
        message: the sentence of a summary of format 1.
    """

    outcome: Ruling
    code: RuleCode | None = None
    rule: str = ""
    metric: str = ""
    at_least: float | None = None
    at_most: float | None = None
    side: Side = Side.NEAR
    versus: Versus | None = None
    beyond_reference: bool = False
    estimate: Estimate | None = None
    decides_at: int | None = None
    more_cases: int | None = None
    more_trials: int | None = None
    severity: Severity | None = None
    checks: tuple[str, ...] = ()
    answered: int | None = None
    trials: int | None = None
    unanswered: int | None = None
    metrics: tuple[str, ...] = ()
    cases: int | None = None
    workload: WorkloadRule | None = None
    task: str = ""
    label: str = ""
    message: str = ""


class BarOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """A provider against a bar; ``bar`` is the bar's digest, ``rules`` has one entry per rule that applies."""

    bar: str
    outcome: Ruling
    rules: tuple[RuleOutcome, ...]

    @classmethod
    def of(cls, bar: str, rules: tuple[RuleOutcome, ...]) -> BarOutcome:
        """The outcome of all rules together."""
        return cls(bar=bar, outcome=Ruling.of_all([rule.outcome for rule in rules]), rules=rules)
