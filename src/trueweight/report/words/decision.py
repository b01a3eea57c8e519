"""The decision about a workload in words: its title, why, what it saves, what is worse, the checklist and the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from trueweight.core.decision import HostDecision, HostReason, Move, MoveReason, WorkloadDecision, Worse, WorseThing
from trueweight.core.estimate import Estimate
from trueweight.core.summary import Summary
from trueweight.core.workload import ProviderWorkload, TaskSummary, WorkloadSummary
from trueweight.report.numbers import counted, dollars, percent, plain, span, whole_percent, write
from trueweight.report.text import visible
from trueweight.report.words.reasons import short_reason
from trueweight.report.words.workload import workload_rule_name

MOVE_MARKS: Final = {Move.MOVE: "✓", Move.MOVE_WITH_FALLBACK: "✓", Move.NOT_ENOUGH: "?", Move.STAY: "✕"}
MOVE_WORDS: Final = {
    Move.MOVE: "move",
    Move.MOVE_WITH_FALLBACK: "move with fallback",
    Move.NOT_ENOUGH: "not enough evidence",
    Move.STAY: "stay",
}
_NOT_KNOWN: Final = "not known"


class DecisionText(NamedTuple):
    """The decision as a manager reads it.

    Attributes:
        lines: label and sentence: why, what it saves, what is worse, how sure.
        hosts: name, mark and word, and reason of every candidate.
    """

    mark: str
    title: str
    move: Move
    lines: tuple[tuple[str, str], ...]
    hosts: tuple[tuple[str, str, str], ...]


class ChecklistItem(NamedTuple):
    """A fact of the move: measured, answered by the team in its file, or open.

    Attributes:
        key: of the answer in the team's file; "" for what is measured.
    """

    question: str
    answer: str
    key: str = ""


QUESTIONS: Final[Mapping[str, str]] = {
    "residency": "Where may these requests be processed, and does the contract with the host say so?",
    "retention": "Does the host keep requests, or train on them, and is that allowed for these data?",
    "version": "Can the version of the model be pinned, and does the host announce a change?",
    "contract": "Which availability and which price does the contract promise, and for how long?",
    "fallback": "Who switches back to the baseline, by which switch, and how fast?",
    "spend": "Which monthly spend is agreed, and what happens above it?",
}
"""What a run cannot measure: key in the team's file → question."""


def decision_text(summary: Summary) -> DecisionText | None:
    """The decision of a summary in words; None if it has none."""
    workload = summary.workload
    if workload is None or workload.decision is None:
        return None
    decision = workload.decision
    return DecisionText(
        MOVE_MARKS[decision.move],
        _title(decision, workload),
        decision.move,
        tuple(_lines(decision, workload, summary)),
        tuple(
            (visible(host.provider, limit=80), f"{MOVE_MARKS[host.move]} {MOVE_WORDS[host.move]}", _why(host, summary))
            for host in decision.hosts
        ),
    )


def _title(decision: WorkloadDecision, workload: WorkloadSummary) -> str:
    host = visible(decision.provider, limit=80)
    baseline = visible(workload.baseline.model, limit=80) or "the baseline"
    match decision.move:
        case Move.MOVE:
            return f"Move to {host}"
        case Move.MOVE_WITH_FALLBACK:
            return f"Move to {host}, with {baseline} as fallback"
        case Move.STAY:
            return f"Stay with {baseline}"
    return f"Not enough evidence to leave {baseline}"


def _lines(decision: WorkloadDecision, workload: WorkloadSummary, summary: Summary) -> Iterator[tuple[str, str]]:
    host = decision.host
    if host is not None:
        yield "why", f"{visible(host.provider, limit=80)}: {_why(host, summary)}."
        yield "saves", _saving(host, decision)
        worse = "; ".join(_worse(one) for one in host.worse)
        yield "worse", f"{worse}." if worse else "Nothing that was measured is worse than at the baseline."
    elif decision.hosts:
        yield (
            "why",
            "; ".join(f"{visible(one.provider, limit=80)}: {_why(one, summary)}" for one in decision.hosts) + ".",
        )
    yield "sure", _sure(workload, summary)


def _why(host: HostDecision, summary: Summary) -> str:
    faults = short_reason(summary.providers[host.provider])
    words = (faults if one.code is MoveReason.FAULTS and faults else _reason(one) for one in host.reasons)
    return "; ".join(dict.fromkeys(words))


def _reason(one: HostReason) -> str:  # noqa: PLR0911 - one clause for each code
    match one.code:
        case MoveReason.ALL_MET:
            return "every rule about the workload is met"
        case MoveReason.RULE_MISSED:
            return f"missed: {workload_rule_name(one.rule, one.bound, one.task, one.label)}{_measured(one.estimate)}"
        case MoveReason.RULE_OPEN:
            more = f"; about {one.more_cases:,} more cases would decide" if one.more_cases else ""
            rule = workload_rule_name(one.rule, one.bound, one.task, one.label)
            return f"not decided: {rule}{_measured(one.estimate)}{more}"
        case MoveReason.NO_BAR:
            return "no bar was set before the run, so the default one holds"
        case MoveReason.BAR_CHANGED:
            return "the bar was set or changed after the run had begun"
        case MoveReason.SAVES_NOTHING:
            return f"it saves nothing{_measured(one.estimate)}"
        case MoveReason.SAVING_OPEN:
            return f"whether it saves anything is not decided{_measured(one.estimate)}"
        case MoveReason.SAVING_UNKNOWN:
            return "the saving is not known: the price of the host or the cost of the baseline is missing"
        case MoveReason.FAULTS:
            return "the run has other reasons against it, which the page lists"
        case MoveReason.NOTHING_DECIDES:
            return "no answer can be compared: the tasks need golden answers, or facts for prose"
        case MoveReason.NOT_ANSWERED:
            return "it gave no answer that could be graded"


def _measured(found: Estimate | None) -> str:
    """``: 86.7% (80.6–91.4)``, behind what was measured."""
    return f": {_number(found)}"


def _number(found: Estimate | None) -> str:
    if found is None or found.value is None:
        return "not measured"
    unit = {"proportion": "", "difference": " points"}.get(found.unit, f" {found.unit}")
    interval = "" if found.low == found.high else span(found)
    return f"{write(found.value, found.unit)}{unit}{f' ({interval})' if interval else ''}"


def _saving(host: HostDecision, decision: WorkloadDecision) -> str:
    volume = decision.requests_per_month
    found = host.per_month
    if volume is None:
        return "Not stated: set requests_per_month in workload.yaml, or give --per-month."
    if found is None or found.value is None:
        return f"{_NOT_KNOWN.capitalize()}: the price of the host or the cost of the baseline is missing."
    sure = found.low is None or found.high is None or found.low == found.high
    interval = "" if sure else f" ({_money(found.low or 0.0)} to {_money(found.high or 0.0)})"
    verb = "saves" if found.value >= 0 else "costs more by"
    return f"It {verb} {_money(abs(found.value))} a month{interval} at {volume:,.0f} requests."


def _money(value: float) -> str:
    return f"−{dollars(-value)}" if value < 0 else dollars(value)


def _worse(one: WorseThing) -> str:
    value = one.estimate.value or 0.0
    match one.code:
        case Worse.TASK:
            how = "right less often" if one.estimate.unit == "difference" else "agrees with the recorded answers"
            return f"task {visible(one.task, limit=60)}: {how}{_measured(one.estimate)}"
        case Worse.SLOWER:
            return f"p95 of the whole reply {plain(value, 0)} ms instead of {plain(one.baseline or 0.0, 0)} ms"
        case Worse.LONGER:
            return f"{plain(value, 0)} output tokens per request instead of {plain(one.baseline or 0.0, 0)}"
        case Worse.LOST:
            return f"{percent(value)} of the requests had no reply"


def _sure(workload: WorkloadSummary, summary: Summary) -> str:
    golden = sum(task.golden for task in workload.tasks)
    recorded = "recorded answers" + ("" if golden else " alone") + ", which are not the truth"
    by = [counted(golden, "golden answer")] if golden else []
    by += [recorded] if any(task.decides and task.golden < task.recorded for task in workload.tasks) else []
    without = [
        f"task {visible(task.name, limit=60)} ({task.cases - task.golden} of them)" for task in _undecided(workload)
    ]
    missing = f" Nothing decides about {' and '.join(without)}: golden answers with facts, or a judge, would."
    texts = missing if without else ""
    open_tasks = len(workload.unconfirmed)
    graders = f" The graders of {counted(open_tasks, 'task')} are not confirmed." if open_tasks else ""
    return (
        f"{counted(workload.cases, 'case')}, judged by {' and by '.join(by) or 'no answer'}.{texts} All that is said "
        f"of {counted(workload.candidates, 'candidate')} is right with a probability of at least 95%.{graders}"
        + (f" Seed {summary.run.seed}." if summary.run.seed else "")
    )


def _undecided(workload: WorkloadSummary) -> list[TaskSummary]:
    """The tasks of texts that no trusted judge compares, and of which fewer than half have a golden answer."""
    trusted = workload.judge is not None and workload.judge.trusted
    return [] if trusted else [task for task in workload.tasks if not task.decides and 2 * task.golden < task.cases]


def checklist(summary: Summary, answers: Mapping[str, str]) -> tuple[ChecklistItem, ...]:
    """The facts of the move: what is measured, then what only the team can answer.

    Args:
        answers: key of `QUESTIONS` → the team's answer.
    """
    workload = summary.workload
    host = None if workload is None or workload.decision is None else workload.decision.host
    found = None if host is None else summary.providers[host.provider].workload
    measured = () if workload is None or found is None else tuple(_facts(workload, found))
    asked = (ChecklistItem(text, visible(answers.get(key, ""), limit=400), key) for key, text in QUESTIONS.items())
    return (*measured, *asked)


def _facts(workload: WorkloadSummary, found: ProviderWorkload) -> Iterator[ChecklistItem]:
    overall = found.overall
    right = f"; right by golden answers{_measured(overall.correct)}" if overall.correct.value is not None else ""
    agrees = f"agrees with the recorded answers{_measured(overall.agreement)}{right}"
    yield ChecklistItem("Does the work get done by an open model?", agrees)
    yield ChecklistItem("Do the answers have the form that your code reads?", _number(found.overall.readable))
    cost, base = found.cost, workload.baseline.cost
    paid = f"; the baseline: {_number(base)}" if base.value is not None else ""
    yield ChecklistItem("What do 1,000 requests cost, and how predictable is it?", f"{_number(cost)}{paid}")
    yield ChecklistItem("Is it fast enough?", f"p95 of the whole reply {_number(found.p95_ms)}")
    yield ChecklistItem("Does it answer every request?", f"no reply to {_number(found.failures)}")


def plan_lines(summary: Summary) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The plan of the move: title of a step and its sentences. Nothing where nothing is to be moved."""
    workload = summary.workload
    decision = None if workload is None else workload.decision
    if workload is None or decision is None or decision.move not in (Move.MOVE, Move.MOVE_WITH_FALLBACK):
        return
    host = visible(decision.provider, limit=80)
    found = summary.providers[decision.provider].workload
    if found is None:
        return
    first = max(workload.tasks, key=lambda task: (task.decides, task.share))
    unknown = _undecided(workload)
    rest, left = (
        [visible(task.name, limit=60) for task in workload.tasks if task is not first and (task in unknown) is without]
        for without in (False, True)
    )
    baseline = visible(workload.baseline.model, limit=80) or "the baseline"
    yield (
        "Week 1: one task, a small share",
        (
            f"Begin with {visible(first.name, limit=60)}, {whole_percent(first.share)} of the requests. Send a tenth "
            f"of it to {host}, and let {baseline} answer whatever fails or comes late.",
            "Keep the log, so that the next workload can be drawn from it.",
        ),
    )
    second = f"Then add {', '.join(rest)}, one after another." if rest else "Then raise the share step by step."
    if left:
        second += f" Leave {', '.join(left)} with {baseline} until golden answers, or a judge, decide about the texts."
    until = 2 if decision.move is Move.MOVE else 4
    title = "Week 2" if until == 2 else f"Weeks 2 to {until}"
    yield f"{title}: all of it, with the fallback", (second, f"Keep the fallback for {until} weeks.")
    yield "What to watch", tuple(_watched(found, decision))
    yield (
        "When to stop",
        (
            f"Go back to {baseline} when a rule above is surely missed in a run of the same workload with the same bar "
            "(exit code 1), when the watch says that the host fell, or when the fallback answers twice as many.",
            "A run that could not decide (exit code 4) is no reason: add cases.",
        ),
    )


def _watched(found: ProviderWorkload, decision: WorkloadDecision) -> Iterator[str]:
    host = visible(decision.provider, limit=80)
    yield f"Every 6 hours, {host}: trueweight watch WORKLOAD --providers hosts.toml --bar bar.toml --every 6h."
    for one in found.rulings:
        bound = one.at_most if one.at_least is None else one.at_least
        yield f"{workload_rule_name(one.rule, bound, one.task, one.label)}; today{_measured(one.estimate)}."
