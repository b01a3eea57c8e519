"""The move of a workload in words: the checklist, with the questions that only the team can answer, and the plan."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Final, NamedTuple

from trueweight.core.decision import Move
from trueweight.core.summary import Summary
from trueweight.core.workload import ProviderWorkload, WorkloadSummary
from trueweight.report.numbers import whole_percent
from trueweight.report.text import listed, visible
from trueweight.report.words.decision import estimate_text, measured
from trueweight.report.words.workload import workload_rule_name


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


def checklist(summary: Summary, answers: Mapping[str, str]) -> tuple[ChecklistItem, ...]:
    """The facts of the move: what is measured, then what only the team can answer.

    Args:
        answers: key of `QUESTIONS` → the team's answer.
    """
    workload = summary.workload
    found = measured_of(summary)
    facts = () if workload is None or found is None else tuple(_facts(workload, found))
    asked = (ChecklistItem(text, visible(answers.get(key, ""), limit=400), key) for key, text in QUESTIONS.items())
    return (*facts, *asked)


def _facts(workload: WorkloadSummary, found: ProviderWorkload) -> Iterator[ChecklistItem]:
    overall = found.overall
    right = f"; right by golden answers{measured(overall.correct)}" if overall.correct.value is not None else ""
    agrees = f"agrees with the recorded answers{measured(overall.agreement)}{right}"
    yield ChecklistItem("Does the work get done by an open model?", agrees)
    yield ChecklistItem("Do the answers have the form that your code reads?", estimate_text(found.overall.readable))
    cost, base = found.cost, workload.baseline.cost
    paid = f"; the baseline: {estimate_text(base)}" if base.value is not None else ""
    yield ChecklistItem("What do 1,000 requests cost, and how predictable is it?", f"{estimate_text(cost)}{paid}")
    yield ChecklistItem("Is it fast enough?", f"p95 of the whole reply {estimate_text(found.p95_ms)}")
    yield ChecklistItem("Does it answer every request?", f"no reply to {estimate_text(found.failures)}")


def measured_of(summary: Summary) -> ProviderWorkload | None:
    """What was measured of the decision's host: of the tasks that move, where others stay because of their answers."""
    workload = summary.workload
    host = None if workload is None or workload.decision is None else workload.decision.host
    found = None if host is None else summary.providers[host.provider].workload
    return found if host is None or found is None or not host.alone else found.part


class PlanStep(NamedTuple):
    """A step of the plan; ``command`` is a line for a POSIX shell, to be copied, or ""."""

    title: str
    sentences: tuple[str, ...]
    command: str = ""


def plan_lines(summary: Summary) -> Iterator[PlanStep]:
    """The plan of the move. Nothing where nothing is to be moved."""
    workload = summary.workload
    decision = None if workload is None else workload.decision
    if workload is None or decision is None or not decision.move.moves:
        return
    host = visible(decision.provider, limit=80)
    found = measured_of(summary)
    if found is None:
        return
    own = decision.host
    moved = [task for task in workload.tasks if own is not None and task.name in own.tasks]
    if not moved or own is None:
        return
    moved.sort(key=lambda task: (-task.share, task.name))
    first, rest = moved[0], [visible(task.name, limit=60) for task in moved[1:]]
    left = [visible(one.task, limit=60) for one in own.undecided]
    bad = [visible(one.task, limit=60) for one in own.missed]
    baseline = visible(workload.baseline.model, limit=80) or "the baseline"
    yield PlanStep(
        "Week 1: one task, a small share",
        (
            f"Begin with {visible(first.name, limit=60)}, {whole_percent(first.share)} of the requests. Send a tenth "
            f"of it to {host}, and let {baseline} answer whatever fails or comes late.",
            "Keep the log, so that the next workload can be drawn from it.",
        ),
    )
    order = ", one after another" if len(rest) > 1 else ""
    second = f"Then add {', '.join(rest)}{order}." if rest else "Then raise the share step by step."
    if left:
        second += (
            f" Leave {listed(left)} with {baseline} until a run decides about {'it' if len(left) == 1 else 'them'}."
        )
    if bad:
        second += (
            f" Keep {listed(bad)} with {baseline}, because {'it misses' if len(bad) == 1 else 'they miss'} the bar."
        )
    until = 2 if decision.move is Move.MOVE else 4
    title = "Week 2" if until == 2 else f"Weeks 2 to {until}"
    yield PlanStep(f"{title}: all of it, with the fallback", (second, f"Keep the fallback for {until} weeks."))
    yield PlanStep("What to watch", tuple(_watched(found)), watch_command(summary, decision.provider))
    yield PlanStep(
        "When to stop",
        (
            f"Go back to {baseline} when a rule above is surely missed in a run of the same workload with the same bar "
            "(exit code 1), when the watch says that the host fell, or when the fallback answers twice as many.",
            "A run that could not decide (exit code 4) is no reason: add cases.",
        ),
    )


def watch_command(summary: Summary, host: str) -> str:
    """The command that watches a host, with the files of the command that made the run; "" if no command made it."""
    words = summary.run.command
    given = {words[at]: words[at + 1] for at in range(len(words) - 1) if words[at].startswith("--")}
    name = "" if summary.workload is None else summary.workload.name
    suites = given.get("--suite", "").split(",")
    folder = next((one for one in suites if PurePath(one).name == name), suites[0])
    if not folder or "--providers" not in given:
        return ""
    bar = ["--bar", given["--bar"]] if "--bar" in given else []
    files = ["trueweight", "watch", folder, "--providers", given["--providers"], *bar]
    decision = None if summary.workload is None else summary.workload.decision
    own = None if decision is None else decision.host
    tasks = [word for name in own.tasks for word in ("--task", name)] if own is not None and own.staying else []
    return visible(shlex.join([*files, "--only", host, *tasks, "--every", "6h"]), limit=2000)


def _watched(found: ProviderWorkload) -> Iterator[str]:
    yield "Send a small sample of the workload every 6 hours, and report when a rule is no longer met:"
    for one in found.rulings:
        bound = one.at_most if one.at_least is None else one.at_least
        yield f"{workload_rule_name(one.rule, bound, one.task, one.label)}; today{measured(one.estimate)}."
