"""A verdict: pass, fail or inconclusive of a provider against a bar, and never a silent pass for lack of data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trueweight.core.bar_outcome import Ruling


@dataclass(frozen=True, slots=True)
class Reason:
    """What one rule of the bar says of a provider.

    Attributes:
        rule: the rule, as its author would read it.
        message: what was measured, in one sentence.
        metric: the metric it is about; empty for a rule on findings.
        decides_at: the n that would decide at the observed rate; None if it is decided, or if no n would.
        more_trials: about how many more trials that takes.
    """

    rule: str
    outcome: Ruling
    message: str
    metric: str = ""
    decides_at: int | None = None
    more_trials: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The form that ``summary.json`` holds."""
        out: dict[str, Any] = {"rule": self.rule, "outcome": self.outcome.value, "message": self.message}
        if self.metric:
            out["metric"] = self.metric
        if self.decides_at is not None:
            out["decides_at"] = self.decides_at
        if self.more_trials is not None:
            out["more_trials"] = self.more_trials
        return out


@dataclass(frozen=True, slots=True)
class Verdict:
    """A provider against a bar; ``bar`` is the bar's digest, ``reasons`` has one entry per rule that applies."""

    bar: str
    reasons: tuple[Reason, ...]

    @property
    def outcome(self) -> Ruling:
        """Of all rules together."""
        return Ruling.of_all([reason.outcome for reason in self.reasons])

    def as_json(self) -> dict[str, Any]:
        """The form that ``summary.json`` holds."""
        reasons = [reason.as_json() for reason in self.reasons]
        return {"outcome": self.outcome.value, "bar": self.bar, "reasons": reasons}
