"""The outcome of a bar for a provider: pass, fail or inconclusive. Too few data are inconclusive, not a pass."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from trueweight.core.case import Severity
from trueweight.core.estimate import Estimate


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


class RuleCode(StrEnum):
    """How a rule's outcome came about. Beside each code: the fields that it fills."""

    MEASURED = "measured"
    """The interval decides. ``metric``, ``estimate``, ``bound``."""
    MORE_NEEDED = "more-needed"
    """The interval reaches the bound. ``metric``, ``estimate``, ``bound``, ``decides_at``, ``more_trials``."""
    AT_BOUND = "at-bound"
    """The value is the bound itself: no n decides. ``metric``, ``estimate``, ``bound``."""
    NO_INTERVAL = "no-interval"
    """The estimate has no interval. ``metric``, ``estimate``, ``bound``."""
    NOT_APPLICABLE = "not-applicable"
    """The metric has no value; the note of ``estimate`` says why. ``metric``, ``estimate``."""
    NOT_MEASURED = "not-measured"
    """The run has no such metric. ``metric``."""
    NO_BASELINE = "no-baseline"
    """The rule is about a change, and no baseline was given. ``metric``."""
    CHECKS_FAIL = "checks-fail"
    """More checks fail than the limit allows. ``checks``, ``severity``."""
    CHECKS_WITHIN = "checks-within"
    """Not more checks fail than the limit allows. ``checks``, ``severity``, ``answered`` of ``trials``."""
    CHECKS_UNANSWERED = "checks-unanswered"
    """The same, but ``unanswered`` pairs of case and mode have no reply yet. ``answered`` of ``trials``."""
    CHECKS_SILENT = "checks-silent"
    """No reply arrived that could be checked. ``severity``."""
    CHANGED = "changed"
    """``metrics`` got worse than the baseline beyond chance; none did if it is empty. ``cases``: shared by both."""


class RuleOutcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one rule of the bar decides of a provider.

    Attributes:
        rule: the rule in the notation of a bar, e.g. ``schema_accuracy ≥ 0.98``; empty for the one about a baseline,
            which holds without being in the bar (`RuleCode.CHANGED`).
        code: None only in a summary of format 1, which has ``message`` in its place.
        decides_at: the n that would decide at the observed rate; None if it is decided, or if no n would.
        more_trials: about how many more trials that takes.
        message: the sentence of a summary of format 1.
    """

    rule: str
    outcome: Ruling
    code: RuleCode | None = None
    metric: str = ""
    estimate: Estimate | None = None
    bound: float | None = None
    decides_at: int | None = None
    more_trials: int | None = None
    severity: Severity | None = None
    checks: tuple[str, ...] = ()
    answered: int | None = None
    trials: int | None = None
    unanswered: int | None = None
    metrics: tuple[str, ...] = ()
    cases: int | None = None
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
