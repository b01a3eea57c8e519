"""A bar: the thresholds that a user wrote before the run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum

from trueweight.core import Role, Severity, digest


class Side(StrEnum):
    """Which end of an interval a threshold is held to."""

    NEAR = "near"
    """The end towards the threshold: pass needs it to meet the threshold, fail needs the far end to miss it."""
    FAR = "far"
    """The benefit of the doubt: pass if the far end meets the threshold, else fail."""
    VALUE = "value"
    """The point estimate, whatever its interval."""


_SIDES = {Side.NEAR: "", Side.FAR: " (interval's far end)", Side.VALUE: " (whatever the interval)"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One threshold on a metric; exactly one of ``at_least`` and ``at_most`` is set.

    Attributes:
        versus_reference: hold the paired difference from the reference to it, not the metric itself.
        versus_baseline: hold the paired difference from an earlier run to it, not the metric itself.
        providers: names that it applies to; empty is all of the role.
        role: None is both roles.
    """

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    side: Side = Side.NEAR
    versus_reference: bool = False
    providers: tuple[str, ...] = ()
    role: Role | None = Role.CANDIDATE
    versus_baseline: bool = False

    @property
    def bound(self) -> float:
        """The threshold, whichever way it points."""
        return float(self.at_least if self.at_least is not None else self.at_most or 0.0)

    def __str__(self) -> str:
        against = " - reference" if self.versus_reference else " - baseline" if self.versus_baseline else ""
        sign = "≥" if self.at_least is not None else "≤"
        return f"{self.metric}{against} {sign} {self.bound:g}{_SIDES[self.side]}"


@dataclass(frozen=True, slots=True)
class Limit:
    """Most failing checks of a severity that a provider may have.

    Attributes:
        beyond_reference: do not count a check that the reference fails in every one of the same cases.
    """

    severity: Severity
    at_most: int
    beyond_reference: bool = False

    def __str__(self) -> str:
        more = " beyond the reference's" if self.beyond_reference else ""
        return f"at most {self.at_most} failing {self.severity.value} checks{more}"


@dataclass(frozen=True, slots=True)
class Bar:
    """All thresholds of a file; ``text`` is the file itself, kept beside a run so that it can be judged again."""

    rules: tuple[Rule, ...] = ()
    limits: tuple[Limit, ...] = ()
    text: str = field(default="", compare=False)

    def digest(self) -> str:
        """Digest of what the thresholds are, whatever their order, comments or spelling in the file."""
        rules = sorted((asdict(rule) | {"providers": sorted(rule.providers)} for rule in self.rules), key=digest)
        limits = sorted((asdict(limit) for limit in self.limits), key=digest)
        return digest({"rules": rules, "limits": limits})
