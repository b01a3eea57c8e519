"""A bar: the thresholds that a user wrote before the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from trueweight.core import Estimate, Role, Ruling, Severity, digest
from trueweight.core.bar_outcome import AGREEMENT, JUDGE_MARGIN, MARGIN, Side


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

    def is_about(self, provider: str, role: Role) -> bool:
        """Whether it applies to the provider of this name and role."""
        return (not self.providers or provider in self.providers) and self.role in (None, role)


def ruling_of(rule: Rule, found: Estimate, value: float) -> Ruling:
    """What an estimate with a value decides of a rule on it."""
    near, far = (found.low, found.high) if rule.at_least is not None else (found.high, found.low)

    def meets(number: float) -> bool:
        return number >= rule.bound if rule.at_least is not None else number <= rule.bound

    if rule.side is Side.VALUE:
        return Ruling.PASS if meets(value) else Ruling.FAIL
    if rule.side is Side.FAR:
        # An open far end has nothing beyond the value itself: all, or none, were seen.
        return Ruling.PASS if meets(value if far is None else far) else Ruling.FAIL
    if near is not None and meets(near):
        return Ruling.PASS
    if far is not None and not meets(far):
        return Ruling.FAIL
    return Ruling.INCONCLUSIVE


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
class TaskBar:
    """Thresholds on the answers of a workload, or of one of its tasks.

    Attributes:
        quality_margin: by golden answers, how much less often than the baseline a provider may be right.
        agreement_at_least: the least agreement with the recorded answers; it decides where golden answers do not.
        judge_margin: by how large a share of the cases a trusted LLM judge may prefer the recorded answers.
    """

    quality_margin: float | None = None
    agreement_at_least: float | None = None
    judge_margin: float | None = None


@dataclass(frozen=True, slots=True)
class WorkloadBar:
    """Thresholds on a workload; None sets none.

    Attributes:
        answers: on all tasks together; ``tasks``: on each of some.
        readable_at_least: the least share of answers with the form that the grader reads.
        p95_ms_at_most: of the time to the whole reply.
        failures_at_most: of the share of requests without a reply.
        cost_per_1000_at_most: USD.
    """

    answers: TaskBar = TaskBar()
    tasks: Mapping[str, TaskBar] = field(default_factory=dict)
    readable_at_least: float | None = None
    p95_ms_at_most: float | None = None
    failures_at_most: float | None = None
    cost_per_1000_at_most: float | None = None


DEFAULT_WORKLOAD_BAR: Final = WorkloadBar(
    TaskBar(quality_margin=MARGIN, agreement_at_least=AGREEMENT, judge_margin=JUDGE_MARGIN), readable_at_least=0.9
)
"""What holds where a bar says nothing about the workload. Its rule about form counts only where it is surely missed."""


def _without_new(fields: list[tuple[str, object]]) -> dict[str, object]:
    """The fields, without one that the first bars did not have if it sets nothing: their digests stay."""
    return {name: value for name, value in fields if name != "judge_margin" or value is not None}


@dataclass(frozen=True, slots=True)
class Bar:
    """All thresholds of a file.

    Attributes:
        text: the file itself, kept beside a run so that it can be judged again.
        suites: the suites whose cases can decide its rules, where the file names them. They are no threshold.
    """

    rules: tuple[Rule, ...] = ()
    limits: tuple[Limit, ...] = ()
    text: str = field(default="", compare=False)
    workload: WorkloadBar | None = None
    suites: tuple[str, ...] = field(default=(), compare=False)

    def digest(self) -> str:
        """Digest of what the thresholds are, whatever their order, comments or spelling in the file."""
        rules = sorted((asdict(rule) | {"providers": sorted(rule.providers)} for rule in self.rules), key=digest)
        limits = sorted((asdict(limit) for limit in self.limits), key=digest)
        own = {} if self.workload is None else {"workload": asdict(self.workload, dict_factory=_without_new)}
        return digest({"rules": rules, "limits": limits, **own})
