"""What a run found of a workload: each provider's answers against the recorded and the right ones. In ``summary.json``.

A recorded answer is not the truth. So there are two numbers: how far a provider agrees with the baseline, and how often
it is right by the golden answers, where a person wrote them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar, Final, NamedTuple

import msgspec

from trueweight.core.bar_outcome import Ruling, WorkloadRule
from trueweight.core.confusion import Confusion, FieldScore
from trueweight.core.decision import WorkloadDecision
from trueweight.core.estimate import Estimate
from trueweight.core.grader import FieldCount
from trueweight.core.preference import LlmJudgeSummary


class Yardstick(StrEnum):
    """What an answer is compared with."""

    BASELINE = "baseline"
    """The recorded answer."""
    GOLDEN = "golden"
    """The right answer, as a person wrote it."""
    LLM_JUDGE = "judge"
    """The recorded answer, by an LLM judge that compares both."""
    MIXED = "golden-or-recorded"
    """The right answer in the cases that have one, the recorded answer in the others."""


class Grade(NamedTuple):
    """One answer against one other. The fields are those of `trueweight.core.grader.Score`."""

    against: Yardstick
    value: float
    readable: bool = True
    read: str = ""
    wanted: str = ""
    reason: str = ""
    fields: tuple[FieldCount, ...] = ()


class Quality(Estimate, frozen=True, omit_defaults=True):
    """An estimate that decides about several candidates.

    Attributes:
        sure_low, sure_high: ends of the interval that holds for all candidates of the run together with 95%.
    """

    sure_low: float | None = None
    sure_high: float | None = None
    _numbers: ClassVar[tuple[str, ...]] = (*Estimate._numbers, "sure_low", "sure_high")

    @property
    def sure(self) -> Estimate:
        """The estimate with the interval that decides."""
        return msgspec.structs.replace(self.plain(), low=self.sure_low, high=self.sure_high)


_NOT_MEASURED: Final = Quality.not_applicable("proportion", "not measured")


class LostLabel(msgspec.Struct, frozen=True):
    """An answer that is given in surely less than half of the cases that expect it; ``right`` is the share.

    Attributes:
        against: golden if golden answers alone show it.
    """

    label: str
    right: Quality
    against: Yardstick = Yardstick.BASELINE


class LostField(msgspec.Struct, frozen=True, omit_defaults=True):
    """A field of JSON or of a call that is surely wrong far more often than at the baseline.

    Attributes:
        right: its mean score over the cases that expect it.
        at_least: what that surely misses: below the baseline's own by `trueweight.workload.lost_fields.FALL`, or half.
        baseline: the baseline's own: by golden answers, or with itself; None where that is not known.
        against: golden if golden answers alone show it.
    """

    path: str
    right: Quality
    at_least: float
    baseline: float | None = None
    against: Yardstick = Yardstick.BASELINE


class CaseScore(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What is on record of one case, so that any of the tasks can be looked at alone. Each is a mean over its trials.

    Attributes:
        weight: requests of the log that it stands for.
        saved: USD that it costs less than the baseline; None if one of the costs is not known.
        agreement, correct, baseline: score against the recorded answer, against a golden one that decides, and that of
            the recorded answer against it; None where there is none.
        judged: by an LLM judge, 0 worse, 1 better.
        readable: share of answers with the expected form.
        lost: share of requests without a reply; None if none was sent.
        ms: times to the whole reply.
    """

    weight: float
    saved: float | None = None
    agreement: float | None = None
    correct: float | None = None
    baseline: float | None = None
    judged: float | None = None
    readable: float | None = None
    lost: float | None = None
    ms: tuple[float, ...] = ()


class TaskResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A provider in one task, or in all of them.

    Attributes:
        task: "" for all tasks together.
        cases: of the task in this run.
        agreement: mean score against the recorded answers, with the case as the unit. Of all tasks together: over
            those whose grader decides.
        correct: mean score against the golden answers.
        baseline_correct: the same of the recorded answers, over the same cases.
        score: mean score against the golden answer of a case if it has one, else against the recorded answer where that
            decides.
        not_worse: one minus the mean loss against the recorded answer: by the golden answer of a case if it has one,
            else whatever differs is a loss. Without golden answers it is `agreement`.
        difference: by golden answers, how much more often it is right than the baseline, paired by case, over the cases
            of `score`. An answer that equals the recorded one is right as often; one that differs and has no golden
            answer counts as a loss at the lower end and as a gain at the upper one. So it does not matter which cases
            have a golden answer.
        readable: the share of answers with the form that the grader reads.
        by_case: each of its cases; left out of all tasks together.
        confusion: None where answers are not in a word.
        against: what confusion, fields, lost labels and lost fields are counted against.
        as_good: share of answers that a trusted LLM judge finds as good as the recorded one, or better; None without.
        preferred: share that it finds better minus share that it finds worse. Where the lower end is below zero, it is
            divided by the lower limit of the LLM judge's kappa, because mistakes of an LLM judge shrink a difference.
    """

    task: str
    cases: int
    agreement: Quality
    correct: Quality
    baseline_correct: Estimate
    difference: Quality
    readable: Quality
    score: Quality = _NOT_MEASURED
    not_worse: Quality = _NOT_MEASURED
    by_case: tuple[CaseScore, ...] = ()
    confusion: Confusion | None = None
    fields: tuple[FieldScore, ...] = ()
    against: Yardstick = Yardstick.BASELINE
    lost_labels: tuple[LostLabel, ...] = ()
    lost_fields: tuple[LostField, ...] = ()
    as_good: Quality | None = None
    preferred: Quality | None = None


class Disagreement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A case that a provider does not answer as it was answered then, or not right.

    Attributes:
        score: against ``against``.
        baseline_right: score of the recorded answer by the golden one; None without a golden answer.
    """

    case: str
    task: str
    trial: str
    score: float
    against: Yardstick
    read: str = ""
    wanted: str = ""
    reason: str = ""
    baseline_right: float | None = None


class WorkloadRuling(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one rule decides of a provider.

    Attributes:
        task: "" for all tasks together.
        label: of `WorkloadRule.LABEL`, the expected answer; of `WorkloadRule.FIELD`, the path.
        baseline: of `WorkloadRule.FIELD`, what the baseline itself reaches; None where that is not known.
        at_least, at_most: the bound; for `WorkloadRule.QUALITY` and `PREFERRED` the difference that is still tolerated,
            below zero.
        estimate: None where nothing was measured.
        more_cases: about how many more cases would decide at the observed rate; None if it is decided or none would.
    """

    rule: WorkloadRule
    outcome: Ruling
    task: str = ""
    at_least: float | None = None
    at_most: float | None = None
    estimate: Quality | None = None
    more_cases: int | None = None
    label: str = ""
    baseline: float | None = None

    @property
    def bound(self) -> float | None:
        """The bound, whichever way it points."""
        return self.at_least if self.at_least is not None else self.at_most


class ProviderWorkload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A provider and the workload.

    Attributes:
        overall: all tasks together; tasks: each, by name.
        p50_ms, p95_ms: time to the whole reply.
        failures: share of trials without a reply.
        cost: USD per 1,000 requests, in the mix of the log.
        saving: USD per 1,000 requests, baseline minus this, paired by case.
        output_tokens, input_tokens: mean per request, as they are billed.
        rulings: by the bar, or by the default bar.
        ruling: of all of them.
        part: the same of the tasks that can be decided, where a rule is not met by all tasks together and some of them
            stay; its ``tasks`` are left out. None where there is no such part.
    """

    overall: TaskResult
    tasks: tuple[TaskResult, ...]
    p50_ms: Quality
    p95_ms: Quality
    failures: Quality
    cost: Quality
    saving: Quality
    output_tokens: Estimate
    input_tokens: Estimate = _NOT_MEASURED
    disagreements: tuple[Disagreement, ...] = ()
    rulings: tuple[WorkloadRuling, ...] = ()
    ruling: Ruling = Ruling.INCONCLUSIVE
    part: ProviderWorkload | None = None

    @property
    def quality(self) -> Quality:
        """The number that leads, which is the one that the first ruling on all answers is about."""
        overall = self.overall
        about = {
            WorkloadRule.QUALITY: overall.score,
            WorkloadRule.AGREEMENT: overall.not_worse,
            WorkloadRule.PREFERRED: overall.as_good,
        }
        on_all = (one.rule for one in self.rulings if not one.task and one.estimate is not None)
        leads = next(map(about.get, on_all), None)
        found = (leads, overall.not_worse, overall.as_good, overall.agreement)
        return next((one for one in found if one is not None and one.value is not None), overall.not_worse)


class TaskSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A task of the workload, whatever the provider.

    Attributes:
        decides: whether agreement with a recorded answer is a measure of quality; not for prose.
        recorded, golden: cases with such an answer that the grader can read.
        golden_decides: those of ``golden`` that show if another answer is right: of texts, those with facts.
        self_agreement: of further answers of the baseline to the same request with the first one: its own noise.
        share: of the requests of the log.
        texts: paths of long texts that are not compared, because two good ones differ.
    """

    name: str
    grader: str
    decides: bool
    cases: int
    recorded: int
    golden: int
    self_agreement: Estimate
    share: float
    golden_decides: int = 0
    texts: tuple[str, ...] = ()


class Baseline(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What answered then.

    Attributes:
        correct: mean score of its answers by the golden ones.
        cost: USD per 1,000 requests, in the mix of the log.
    """

    model: str
    correct: Estimate
    self_agreement: Estimate
    p50_ms: Estimate
    p95_ms: Estimate
    cost: Estimate
    output_tokens: Estimate
    input_tokens: Estimate = _NOT_MEASURED


class WorkloadSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The workload of a run.

    Attributes:
        candidates: that the corrected intervals hold for together.
        requests_per_month: as ``workload.yaml`` states it; None if it does not.
        unconfirmed: tasks whose grader no person has confirmed.
        default_bar: the rulings are by the default bar, because the run's bar has no rule about the workload.
        decision: whether to move it, and where to; None in a summary that is not assessed.
        llm_judge: the LLM judge that compared answers; None if none was asked.
    """

    name: str
    cases: int
    candidates: int
    tasks: tuple[TaskSummary, ...]
    baseline: Baseline
    requests_per_month: float | None = None
    unconfirmed: tuple[str, ...] = ()
    default_bar: bool = True
    decision: WorkloadDecision | None = None
    llm_judge: LlmJudgeSummary | None = msgspec.field(default=None, name="judge")


MANIFEST_OPTION: Final = "workload"
"""Where a manifest keeps what ``workload.yaml`` says beside the graders."""


class WorkloadFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What ``workload.yaml`` said when the run was made, beside the graders, which are in the cases."""

    name: str = ""
    requests_per_month: float | None = None
    model: str = ""
    unconfirmed: tuple[str, ...] = ()
    shares: Mapping[str, float] = msgspec.field(default_factory=dict)
