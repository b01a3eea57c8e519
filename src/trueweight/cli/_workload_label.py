"""``trueweight workload label``: golden answers by hand, in the terminal or in the editor of the person."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from trueweight.cli._help import examples
from trueweight.cli._options import FOLDER, seed_option
from trueweight.core import ConfigError, ExitCode

if TYPE_CHECKING:
    from trueweight.core.task import Answer, CaseTask

_SHOWN = 4000
"""Characters of a request or an answer that are shown."""


@click.command(
    "label",
    short_help="Write golden answers by hand, one case at a time",
    epilog=examples("trueweight workload label tickets --run runs/tickets --number 20"),
)
@click.argument("folder", metavar="WORKLOAD", type=FOLDER)
@click.option("--run", "run_dir", type=FOLDER, metavar="RUN", help="Ask first where the hosts of RUN differ most.")
@click.option("--number", type=click.IntRange(1), metavar="N", help="Ask about at most N cases.  [default: all]")
@click.option("--show-recorded", is_flag=True, help="Show the recorded answer of short answers too.")
@seed_option("the order")
def label(folder: Path, run_dir: Path | None, number: int | None, show_recorded: bool, seed: int) -> int:
    """Write golden answers by hand: one case at a time, into golden.yaml.

    Type the right answer, or e to write it in your editor ($EDITOR), which begins with the recorded answer where that
    is shown. An empty line takes the recorded answer where it is shown; s skips, q ends. Of a text you are asked for
    the facts that any right text mentions: without them a golden text decides nothing.
    """
    import msgspec

    from trueweight.report.text import visible
    from trueweight.suites import find_suite
    from trueweight.suites.workload_folder import read_golden
    from trueweight.workload.grading import grade_recorded
    from trueweight.workload.labelling import (
        account,
        append_golden,
        choices_of,
        editor_text,
        in_order,
        question_of,
        shows_recorded,
    )

    suite = find_suite(str(folder))
    order = in_order(suite.cases, read_golden(folder), seed, {} if run_dir is None else _differing(run_dir))
    asked = order[:number]
    given = agreeing = 0
    for at, case in enumerate(asked, start=1):
        task = case.task
        assert task is not None
        head = f"\n--- {at} of {len(asked)}: {case.id}, task {task.name}\n"
        click.echo(visible(f"{head}{question_of(case)}\n", limit=_SHOWN, lines=True))
        for place, name in enumerate(choices_of(task), start=1):
            click.echo(visible(f"  {place}  {name}", limit=_SHOWN))
        recorded = None if task.recorded is None else task.recorded.answer
        shown = recorded is not None and (show_recorded or shows_recorded(task))
        if shown:
            click.echo(visible(f"recorded: {editor_text(task, recorded)}", limit=_SHOWN, lines=True))
        answer = _ask(task, recorded if shown else None)
        if answer is None:
            continue
        if isinstance(answer, str):
            break
        append_golden(folder, case.id, answer)
        given += 1
        grade = grade_recorded(replace(case, task=msgspec.structs.replace(task, golden=answer)))
        agreeing += grade is not None and grade.value == 1
    for sentence in account(order, given, agreeing):
        click.echo(sentence, err=True)
    if given:
        again = "the command of the run again, which sends nothing"
        step = f"trueweight bar init {folder}" if run_dir is None else again
        click.echo(f"next: {step}", err=True)
    return int(ExitCode.OK)


def _ask(task: CaseTask, recorded: Answer | None) -> Answer | Literal["q"] | None:
    """The golden answer; None to skip the case, ``q`` to end.

    Args:
        recorded: the recorded answer if it is shown, so that it can be taken as it is.
    """
    from trueweight.workload.grading import expected_answer
    from trueweight.workload.labelling import choices_of, editor_text, read_facts, read_typed, takes_facts

    while True:
        typed = click.prompt("right answer", default="", show_default=False, prompt_suffix="> ")
        command = typed if typed in ("e", "q", "s") and typed not in choices_of(task) else ""
        if command == "q":
            return "q"
        if command == "s":
            return None
        if command == "e":
            typed = click.edit(editor_text(task, recorded)) or ""
            if not typed.strip():
                click.echo("nothing was written in the editor", err=True)
                continue
        elif not typed.strip() and recorded is None:
            continue
        try:
            answer = read_typed(task, typed) if typed.strip() else recorded
        except ConfigError as problem:
            click.echo(f"{problem.message}. {problem.hint}", err=True)
            continue
        if answer is None or expected_answer(task, answer) is None:
            click.echo("the grader cannot read the recorded answer: type the right one", err=True)
            continue
        if not takes_facts(task):
            return answer
        asked = "facts it must mention (; between facts, | between spellings)"
        facts = read_facts(click.prompt(asked, default="", show_default=False, prompt_suffix="> "))
        return {**answer, "facts": facts} if facts else answer


def _differing(run_dir: Path) -> dict[str, int]:
    """Case → hosts of a run whose answer differs from the recorded one, in tasks where that means anything."""
    from trueweight.store import RunDir
    from trueweight.workflow.finish import judge

    found: Counter[str] = Counter()
    with RunDir.open(run_dir) as run:
        summary = judge(run)
    deciding = {task.name for task in (summary.workload.tasks if summary.workload else ()) if task.decides}
    for provider in summary.providers.values():
        differ = provider.workload.disagreements if provider.workload else ()
        found.update(one.case for one in differ if one.task in deciding)
    return found
