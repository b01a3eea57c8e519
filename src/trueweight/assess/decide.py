"""Whether to move the workload, and where to: from the rulings on the workload, the assessments and the costs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

import msgspec

from trueweight.assess.by_task import WHERE, reason_of, staying_tasks, undecided_tasks
from trueweight.assess.recommendation import TRANSPORT
from trueweight.assess.significance import MATTERS
from trueweight.core import Price, Role, Ruling
from trueweight.core.assessment import ReasonCode, Recommendation
from trueweight.core.bar_outcome import WorkloadRule
from trueweight.core.decision import (
    HostDecision,
    HostReason,
    Move,
    MoveReason,
    StayingTask,
    WorkloadDecision,
    Worse,
    WorseThing,
)
from trueweight.core.estimate import Estimate, six_digits
from trueweight.core.note import NoteCode
from trueweight.core.summary import ProviderSummary, Summary
from trueweight.core.workload import ProviderWorkload, Quality, WorkloadSummary
from trueweight.workload.part import saving_of

COVERED: Final = 0.1
"""A fallback covers a host that loses at most this share of the requests; one that loses more is no host."""
_BY_FALLBACK: Final = frozenset({WorkloadRule.FAILURES})
"""Rules that a fallback makes good: the baseline answers what gets no reply."""
_WORKLOAD: Final = frozenset(
    {ReasonCode.BAR, ReasonCode.WORKLOAD_FAILS, ReasonCode.WORKLOAD_MET, ReasonCode.WORKLOAD_OPEN}
)
_BAR_NOTES: Final = frozenset({NoteCode.BAR_ADDED, NoteCode.BAR_CHANGED, NoteCode.BAR_EARLIER})


def decide(summary: Summary, per_month: float | None = None) -> WorkloadDecision | None:
    """The decision; None without a workload.

    Args:
        per_month: requests in a month; None for what ``workload.yaml`` states.
    """
    workload = summary.workload
    if workload is None:
        return None
    volume = per_month if per_month is not None else workload.requests_per_month
    hosts = [
        _host(summary, workload, name, provider, volume)
        for name, provider in summary.providers.items()
        if provider.role is Role.CANDIDATE
    ]
    hosts.sort(key=lambda one: (one.move.rank, *_order(one, summary)))
    best = hosts[0] if hosts else None
    return WorkloadDecision(
        move=Move.NOT_ENOUGH if best is None else best.move,
        provider="" if best is None or best.move is Move.STAY else best.provider,
        hosts=tuple(hosts),
        requests_per_month=volume,
    )


def _order(host: HostDecision, summary: Summary) -> tuple[float, float, float, str]:
    """Of hosts with the same decision, the one with fewest faults, then the one that saves most, then the one with the
    best answers."""
    found = summary.providers[host.provider].workload
    saving = found.saving.value if found is not None and found.saving.value is not None else 0.0
    quality = found.quality.value if found is not None and found.quality.value is not None else 0.0
    reasons = summary.providers[host.provider].assessment.reasons
    faults = sum(reason.blame is not None for reason in reasons if reason.code not in _WORKLOAD)
    return faults, -saving, -quality, host.provider


def _host(
    summary: Summary, workload: WorkloadSummary, name: str, provider: ProviderSummary, volume: float | None
) -> HostDecision:
    found = provider.workload
    if found is None or found.quality.value is None:
        answered = found is not None and found.overall.readable.value is not None
        code = MoveReason.NOTHING_DECIDES if answered else MoveReason.NOT_ANSWERED
        return HostDecision(provider=name, move=Move.NOT_ENOUGH, reasons=(HostReason(code=code),))
    decided = _of_tasks(summary, provider, found, tuple(undecided_tasks(workload, found)))
    if found.part is not None and not decided.move.moves:
        staying = tuple(staying_tasks(workload, found))
        names = {one.task for one in staying}
        part = msgspec.structs.replace(found.part, tasks=tuple(one for one in found.tasks if one.task not in names))
        alone = _of_tasks(summary, provider, part, staying, alone=True)
        decided = alone if alone.move.rank < decided.move.rank else decided
    move, reasons = decided.move, decided.reasons
    if move.moves and not decided.tasks:
        move, reasons = Move.NOT_ENOUGH, (HostReason(code=MoveReason.NO_TASK),)
    cautions = tuple(_cautions(summary, workload)) if move.moves else ()
    if move is Move.MOVE and cautions:
        move = Move.MOVE_WITH_FALLBACK
    return HostDecision(
        provider=name,
        move=move,
        reasons=(*reasons, *cautions),
        per_month=_per_month(decided.saving, decided.found, move, volume),
        worse=tuple(_worse(workload, decided.found, None if provider.declared is None else provider.declared.price)),
        tasks=decided.tasks,
        staying=decided.staying,
        alone=decided.alone,
    )


class _Decision(NamedTuple):
    """What is decided of a provider, from what was ``found`` over all tasks, or over ``tasks`` alone.

    Attributes:
        tasks: those that do not stay.
        saving: USD per 1,000 requests of the log if only they move.
    """

    move: Move
    reasons: tuple[HostReason, ...]
    found: ProviderWorkload
    tasks: tuple[str, ...]
    staying: tuple[StayingTask, ...]
    saving: Quality
    alone: bool


def _of_tasks(
    summary: Summary,
    provider: ProviderSummary,
    found: ProviderWorkload,
    staying: tuple[StayingTask, ...],
    *,
    alone: bool = False,
) -> _Decision:
    """The decision about the tasks that do not stay.

    Args:
        alone: ``found`` is over these tasks alone.
    """
    workload = summary.workload
    assert workload is not None
    stays = {one.task for one in staying}
    tasks = tuple(task.name for task in workload.tasks if task.name not in stays)
    saving = found.saving
    if stays and tasks and not alone:
        saving = saving_of(found, tasks, workload, summary.run.seed)
    move, reasons = _decided(_of_moving(found, stays), provider, saving, alone=alone)
    return _Decision(move, reasons, found, tasks, staying, saving, alone)


def _of_moving(found: ProviderWorkload, stays: Collection[str]) -> ProviderWorkload:
    """Without an open rule that is only about texts which do not move: an LLM judge's."""
    texts = {one.task for one in found.tasks if one.not_worse.value is None}
    rulings = tuple(
        one
        for one in found.rulings
        if one.rule is not WorkloadRule.PREFERRED
        or one.outcome is not Ruling.INCONCLUSIVE
        or not ({one.task} if one.task else texts) <= set(stays)
    )
    return msgspec.structs.replace(found, rulings=rulings)


def _decided(  # noqa: PLR0911 - one way out for each decision
    found: ProviderWorkload, provider: ProviderSummary, saving: Quality, *, alone: bool
) -> tuple[Move, tuple[HostReason, ...]]:
    """The decision from the rulings, the costs and what else speaks against the provider.

    Args:
        alone: ``found`` is about some of the tasks, so what the assessment has against the others does not count.
    """
    missed = [reason_of(MoveReason.RULE_MISSED, one) for one in found.rulings if one.outcome is Ruling.FAIL]
    still = [reason_of(MoveReason.RULE_OPEN, one) for one in found.rulings if one.outcome is Ruling.INCONCLUSIVE]
    lost = found.failures.value or 0.0
    hard = [one for one in missed if one.rule not in _BY_FALLBACK or lost > COVERED]
    if hard:
        where = [one for one in still if one.rule in WHERE]
        return Move.STAY, (*hard, *(one for one in missed if one not in hard), *where)
    others = {reason.code for reason in provider.assessment.reasons} - _WORKLOAD
    avoided = provider.assessment.recommendation is Recommendation.AVOID and not missed
    avoided = avoided and (not alone or _is_faulty_elsewhere(provider))
    if avoided and not (others and others <= TRANSPORT and lost <= COVERED):
        return Move.STAY, (HostReason(code=MoveReason.FAULTS),)
    open_answers = [one for one in still if one.rule is not None and one.rule.of_answers]
    if open_answers or not found.rulings:
        return Move.NOT_ENOUGH, (*open_answers, *(one for one in still if one not in open_answers))
    cost = _of_cost(saving)
    if cost is not None and cost.code is MoveReason.SAVES_NOTHING:
        return Move.STAY, (cost,)
    if missed or still or avoided or _is_open_elsewhere(provider, alone=alone):
        reasons = (*missed, *still) or (HostReason(code=MoveReason.FAULTS),)
        return Move.MOVE_WITH_FALLBACK, (*reasons, *((cost,) if cost else ()))
    if cost is not None:
        return Move.MOVE_WITH_FALLBACK, (cost,)
    return Move.MOVE, (HostReason(code=MoveReason.ALL_MET),)


def _is_faulty_elsewhere(provider: ProviderSummary) -> bool:
    """Whether something beside the rules about the workload speaks against the provider."""
    return _other_rule_is(Ruling.FAIL, provider) or any(
        one.blame is not None and one.code not in _WORKLOAD for one in provider.assessment.reasons
    )


def _is_open_elsewhere(provider: ProviderSummary, *, alone: bool) -> bool:
    """Whether something beside the rules about the workload leaves the recommendation undecided."""
    assessment = provider.assessment
    others = _other_rule_is(Ruling.INCONCLUSIVE, provider)
    of_workload = {reason.code for reason in assessment.reasons} <= _WORKLOAD
    return (alone or assessment.recommendation is Recommendation.UNDECIDED) and (others or not of_workload)


def _other_rule_is(outcome: Ruling, provider: ProviderSummary) -> bool:
    """Whether a rule of the bar that is not about the workload has this outcome."""
    bar = provider.assessment.bar
    return bar is not None and any(rule.outcome is outcome and rule.workload is None for rule in bar.rules)


def _of_cost(saving: Quality) -> HostReason | None:
    """What the costs say against a move; None if it surely saves."""
    if saving.value is None:
        return HostReason(code=MoveReason.SAVING_UNKNOWN)
    high = saving.value if saving.high is None else saving.high
    if high <= 0:
        return HostReason(code=MoveReason.SAVES_NOTHING, estimate=saving)
    if saving.low is None or saving.low <= 0:
        return HostReason(code=MoveReason.SAVING_OPEN, estimate=saving)
    return None


def _cautions(summary: Summary, workload: WorkloadSummary) -> Iterator[HostReason]:
    """What makes any decision to move a careful one: no bar, or one that was not set before."""
    if workload.default_bar:
        yield HostReason(code=MoveReason.NO_BAR)
    if any(note.code in _BAR_NOTES for note in summary.run.notes):
        yield HostReason(code=MoveReason.BAR_CHANGED)


def _per_month(saving: Quality, found: ProviderWorkload, move: Move, volume: float | None) -> Estimate | None:
    """USD per month. With a fallback, the requests that the host loses cost as before."""
    if volume is None or saving.value is None:
        return None
    lost = (found.failures.value or 0.0) if move is Move.MOVE_WITH_FALLBACK else 0.0
    scale = volume * (1 - lost) / 1000
    low, value, high = (None if end is None else end * scale for end in (saving.low, saving.value, saving.high))
    return Estimate(value, low, high, saving.n, "USD", saving.method).rounded()


def _worse(workload: WorkloadSummary, found: ProviderWorkload, price: Price | None) -> Iterator[WorseThing]:
    task = _worst_task(workload, found)
    if task is not None:
        yield task
    base = workload.baseline
    if found.p95_ms.value and base.p95_ms.value and found.p95_ms.value > (1 + MATTERS) * base.p95_ms.value:
        yield WorseThing(code=Worse.SLOWER, estimate=found.p95_ms, baseline=base.p95_ms.value)
    yield from _tokens(Worse.LONGER, found.output_tokens, base.output_tokens, None if price is None else price.output)
    yield from _tokens(
        Worse.PROMPT_LONGER, found.input_tokens, base.input_tokens, None if price is None else price.input
    )
    if found.failures.value:
        yield WorseThing(code=Worse.LOST, estimate=found.failures)


def _tokens(code: Worse, ours: Estimate, theirs: Estimate, price: float | None) -> Iterator[WorseThing]:
    """Clearly more tokens than the baseline's, and what they cost at a price in USD per million."""
    if ours.value and theirs.value and ours.value > (1 + MATTERS) * theirs.value:
        cost = None if price is None else six_digits((ours.value - theirs.value) * price / 1000)
        yield WorseThing(code=code, estimate=ours, baseline=theirs.value, cost=cost)


def _worst_task(workload: WorkloadSummary, found: ProviderWorkload) -> WorseThing | None:
    """The task that differs most from the baseline: by golden answers where there are any."""
    deciding = {task.name for task in workload.tasks if task.decides}
    rows: list[tuple[float, str, Estimate]] = []
    for one in found.tasks:
        if one.difference.value is not None:
            rows.append((one.difference.value, one.task, one.difference))
        elif one.agreement.value is not None and one.task in deciding:
            rows.append((one.agreement.value - 1, one.task, one.agreement))
    worst = min(rows, key=lambda row: row[:2], default=None)
    return None if worst is None or worst[0] >= 0 else WorseThing(code=Worse.TASK, task=worst[1], estimate=worst[2])


def with_decision(summary: Summary, per_month: float | None = None) -> Summary:
    """The summary with the decision about its workload; as it was without one."""
    if summary.workload is None:
        return summary
    made = msgspec.structs.replace(summary.workload, decision=decide(summary, per_month))
    return msgspec.structs.replace(summary, workload=made)
