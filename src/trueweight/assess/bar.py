"""A bar: the thresholds that a user wrote before the run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from trueweight.core import Role, Severity, digest
from trueweight.core.bar_outcome import Side


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


@dataclass(frozen=True, slots=True)
class Limit:
    """Most failing checks of a severity that a provider may have.

    One failure of a check that no model can break counts. A check that a model can break counts if it fails more often
    than the reference's (without a reference, than the other candidates'), beyond chance; else it leaves the limit
    open.

    Attributes:
        beyond_reference: a check that fails no more often than the reference's does not leave the limit open.
    """

    severity: Severity
    at_most: int
    beyond_reference: bool = False


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
