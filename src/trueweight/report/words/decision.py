"""The decision about a workload in words: its title, why, what it saves, what is worse, the checklist and the plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from trueweight.core.bar_outcome import WorkloadRule
from trueweight.core.decision import (
    HostDecision,
    HostReason,
    Move,
    MoveReason,
    StayingTask,
    Stays,
    WorkloadDecision,
    Worse,
    WorseThing,
)
from trueweight.core.estimate import Estimate
from trueweight.core.summary import Summary
from trueweight.core.workload import WorkloadSummary, Yardstick
from trueweight.report.numbers import counted, dollars, percent, plain, span, whole_percent, write
from trueweight.report.text import listed, visible
from trueweight.report.words.bar import bar_on_record
from trueweight.report.words.reasons import short_reason
from trueweight.report.words.workload import field_clause, workload_rule_name

MOVE_MARKS: Final = {Move.MOVE: "✓", Move.MOVE_WITH_FALLBACK: "✓", Move.NOT_ENOUGH: "?", Move.STAY: "✕"}
MOVE_WORDS: Final = {
    Move.MOVE: "move",
    Move.MOVE_WITH_FALLBACK: "move with fallback",
    Move.NOT_ENOUGH: "not enough evidence",
    Move.STAY: "stay",
}
_NAMED: Final = 3
"""Tasks that a title names; of more it gives the number."""
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
            (
                visible(host.provider, limit=80),
                f"{MOVE_MARKS[host.move]} {MOVE_WORDS[host.move]}",
                _why_of_host(host, summary),
            )
            for host in decision.hosts
        ),
    )


def _title(decision: WorkloadDecision, workload: WorkloadSummary) -> str:
    host = visible(decision.provider, limit=80)
    baseline = visible(workload.baseline.model, limit=80) or "the baseline"
    what = _moved(decision.host, workload)
    match decision.move:
        case Move.MOVE:
            return f"Move {what}to {host}{_kept(decision.host, baseline)}"
        case Move.MOVE_WITH_FALLBACK:
            return f"Move {what}to {host}, with {baseline} as fallback{_kept(decision.host, baseline)}"
        case Move.STAY:
            return f"Stay with {baseline}"
    return f"Not enough evidence to leave {baseline}"


def _moved(host: HostDecision | None, workload: WorkloadSummary) -> str:
    """The tasks that move, with a space behind; "" if all of them do."""
    if host is None or not host.staying:
        return ""
    names = [visible(name, limit=60) for name in host.tasks]
    return f"{listed(names)} " if len(names) <= _NAMED else f"{len(names)} of {len(workload.tasks)} tasks "


def _kept(host: HostDecision | None, baseline: str) -> str:
    """The tasks that surely miss the bar, for a title; "" if none does."""
    names = [] if host is None else [visible(one.task, limit=60) for one in host.missed]
    what = listed(names) if len(names) <= _NAMED else counted(len(names), "task")
    return f"; keep {what} with {baseline}" if names else ""


def _lines(decision: WorkloadDecision, workload: WorkloadSummary, summary: Summary) -> Iterator[tuple[str, str]]:
    host = decision.host
    if host is not None:
        yield "why", f"{visible(host.provider, limit=80)}: {_why(host, summary)}."
        if host.staying:
            yield "stays" if host.alone else "open", _staying(host, decision)
        yield "saves", _saving(host, decision)
        worse = "; ".join(_worse(one) for one in host.worse)
        yield "worse", f"{worse}." if worse else "Nothing that was measured is worse than at the baseline."
    elif decision.hosts:
        yield (
            "why",
            "; ".join(f"{visible(one.provider, limit=80)}: {_why(one, summary)}" for one in decision.hosts) + ".",
        )
    yield "sure", _sure(workload, summary)
    bar = bar_on_record(summary)
    if bar:
        yield "bar", bar
    yield from _next(decision, workload, summary)


def _next(decision: WorkloadDecision, workload: WorkloadSummary, summary: Summary) -> Iterator[tuple[str, str]]:
    """Where golden answers would decide: answers of the best host that differ from the recorded ones alone."""
    if not decision.hosts or decision.move.moves:
        return
    best = decision.hosts[0]
    found = summary.providers[best.provider].workload
    deciding = {task.name for task in workload.tasks if task.decides}
    differ = [one for one in found.disagreements if one.against is Yardstick.BASELINE] if found is not None else []
    number = sum(one.task in deciding for one in differ)
    if number and any(one.rule is WorkloadRule.AGREEMENT for one in best.reasons):
        yield (
            "next",
            f"The recorded answer may be the wrong one: {counted(number, 'answer')} of "
            f"{visible(best.provider, limit=80)} {'differs' if number == 1 else 'differ'} from it and "
            f"{'has' if number == 1 else 'have'} no golden answer. `trueweight workload label WORKLOAD --run RUN` asks "
            "about them first.",
        )


def _why_of_host(host: HostDecision, summary: Summary) -> str:
    """The reasons of a host, with the tasks that surely miss a rule."""
    missed = map(_why_it_stays, host.missed)
    return "; ".join([*missed, f"the other tasks: {_why(host, summary)}"]) if host.missed else _why(host, summary)


def _why(host: HostDecision, summary: Summary) -> str:
    faults = short_reason(summary.providers[host.provider])
    if host.alone and host.reasons[0].code is MoveReason.ALL_MET:
        rest = [_reason(one) for one in host.reasons[1:]]
        return "; ".join(["every rule about the workload is met by the tasks that move", *rest])
    words = (faults if one.code is MoveReason.FAULTS and faults else _reason(one) for one in host.reasons)
    return "; ".join(dict.fromkeys(words))


def _reason(one: HostReason) -> str:  # noqa: PLR0911, PLR0912 - one clause for each code
    match one.code:
        case MoveReason.ALL_MET:
            return "every rule about the workload is met"
        case MoveReason.RULE_MISSED | MoveReason.RULE_OPEN if one.rule is WorkloadRule.FIELD and one.estimate:
            return _of_field(one, one.estimate)
        case MoveReason.RULE_MISSED:
            return f"missed: {workload_rule_name(one.rule, one.bound, one.task, one.label)}{measured(one.estimate)}"
        case MoveReason.RULE_OPEN:
            more = f"; about {one.more_cases:,} more cases would decide" if one.more_cases else ""
            rule = workload_rule_name(one.rule, one.bound, one.task, one.label)
            return f"not decided: {rule}{measured(one.estimate)}{more}"
        case MoveReason.NO_BAR:
            return "no bar was set before the run, so the default one holds"
        case MoveReason.BAR_CHANGED:
            return "the bar was set or changed after the run had begun"
        case MoveReason.SAVES_NOTHING:
            return f"it saves nothing{measured(one.estimate)}"
        case MoveReason.SAVING_OPEN:
            return f"whether it saves anything is not decided{measured(one.estimate)}"
        case MoveReason.SAVING_UNKNOWN:
            return "the saving is not known: the price of the host or the cost of the baseline is missing"
        case MoveReason.FAULTS:
            return "the run has other reasons against it, which the page lists"
        case MoveReason.NOTHING_DECIDES:
            return "no answer can be compared: the tasks need golden answers, or facts for prose"
        case MoveReason.NOT_ANSWERED:
            return "it gave no answer that could be graded"
        case MoveReason.NO_TASK:
            return "no task is decided"


def _of_field(one: HostReason, found: Estimate) -> str:
    """A field that is surely lost, and what would decide where only recorded answers show it."""
    field = f"{field_clause(one.label, found, one.baseline)}, in task {visible(one.task, limit=60)}"
    if one.code is MoveReason.RULE_MISSED:
        return f"missed: {field}"
    return f"not decided: {field}; golden answers, or `ignore` in workload.yaml if it does not matter, would decide"


def _why_it_stays(one: StayingTask) -> str:
    """A task that stays: the rule that it misses, or what would decide about it."""
    task = f"task {visible(one.task, limit=60)} ({counted(one.cases, 'case')}, {whole_percent(one.share)} of the log)"
    match one.code:
        case Stays.MISSED | Stays.RULE_OPEN:
            return f"{task}: {'; '.join(_reason(why) for why in (one.reason, one.where) if why is not None)}"
        case Stays.NOTHING_COMPARES:
            return f"{task}: no answer can be compared: write golden answers, with facts for texts, or ask an LLM judge"
        case Stays.TOO_FEW:
            return f"{task}: too few cases to decide; answers no worse than the recorded ones{measured(one.estimate)}"
        case Stays.UNCONFIRMED:
            return f"{task}: its grader is not confirmed in workload.yaml"


def _staying(host: HostDecision, decision: WorkloadDecision) -> str:
    """The tasks that stay, why, and what follows for them."""
    lines = [f"{_why_it_stays(one)}." for one in host.missed]
    if host.undecided:
        lines.append(f"{'; '.join(map(_why_it_stays, host.undecided))}.")
        lines.append(f"Nothing is decided about them{', so they stay' if decision.move.moves else ''}.")
    if any(one.code is Stays.UNCONFIRMED for one in host.undecided):
        lines.append(
            "Confirm each grader (`trueweight workload confirm`), and run the same command again: it sends nothing."
        )
    return " ".join(lines)


def measured(found: Estimate | None) -> str:
    """``: 86.7% (80.6–91.4)``, behind what was measured."""
    return f": {estimate_text(found)}"


def estimate_text(found: Estimate | None) -> str:
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
            return f"task {visible(one.task, limit=60)}: {how}{measured(one.estimate)}"
        case Worse.SLOWER:
            return f"p95 of the whole reply {plain(value, 0)} ms instead of {plain(one.baseline or 0.0, 0)} ms"
        case Worse.LONGER:
            return _tokens("output", one)
        case Worse.PROMPT_LONGER:
            return _tokens("input", one)
        case Worse.LOST:
            return f"{percent(value)} of the requests had no reply"


def _tokens(kind: str, one: WorseThing) -> str:
    """More tokens than the baseline's, with what they cost; the saving has that in it."""
    tokens = (
        f"{plain(one.estimate.value or 0.0, 0)} {kind} tokens per request instead of {plain(one.baseline or 0.0, 0)}"
    )
    return tokens if one.cost is None else f"{tokens}, {dollars(one.cost)} of its cost per 1,000"


def _sure(workload: WorkloadSummary, summary: Summary) -> str:
    golden = sum(task.golden for task in workload.tasks)
    recorded = "recorded answers" + ("" if golden else " alone") + ", which are not the truth"
    by = [counted(golden, "golden answer")] if golden else []
    by += [recorded] if any(task.decides and task.golden < task.recorded for task in workload.tasks) else []
    by += ["an LLM judge"] if workload.llm_judge is not None and workload.llm_judge.trusted else []
    return (
        f"{counted(workload.cases, 'case')}, judged by {' and by '.join(by) or 'no answer'}. The probability that a "
        "rule of one kind is wrongly said to be met, or missed, by any of "
        f"{counted(workload.candidates, 'candidate')} is at most 5%."
        + (f" Seed {summary.run.seed}." if summary.run.seed else "")
    )
