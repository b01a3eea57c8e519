"""``trueweight workload confirm``: look at the grader of each task, and confirm it in ``workload.yaml``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from trueweight.cli._help import examples
from trueweight.cli._options import FOLDER
from trueweight.core import ConfigError, ExitCode, near_miss

_SHOWN = 3
"""Recorded answers of a task that are shown."""


@click.command(
    "confirm",
    short_help="Look at the grader of each task, and confirm it",
    epilog=examples("trueweight workload confirm tickets", "trueweight workload confirm tickets --task triage --yes"),
)
@click.argument("folder", metavar="WORKLOAD", type=FOLDER)
@click.option("--task", "names", multiple=True, metavar="NAME", help="Only this task. Repeatable.  [default: all]")
@click.option("--yes", is_flag=True, help="Confirm without asking.")
def confirm(folder: Path, names: tuple[str, ...], *, yes: bool) -> int:
    """Show the grader of each task and how it reads recorded answers, and confirm it in workload.yaml.

    A task whose grader no person confirmed is not part of a decision to move. Change a wrong grader in the file.

    Exit code 0 if all shown tasks are confirmed, else 4.
    """
    from trueweight.report.text import visible
    from trueweight.suites import find_suite
    from trueweight.suites.workload_folder import confirm_task, read_workload_file
    from trueweight.workload.grading import expected_answer

    tasks = read_workload_file(folder).tasks
    for name in names:
        if name not in tasks:
            hint = near_miss(name, tasks)
            raise ConfigError(f"no task {name!r}", code="workload-task", where="--task", hint=hint)
    cases = find_suite(str(folder)).cases
    left = 0
    for name in names or tasks:
        plan = tasks[name]
        if plan.confirmed:
            click.echo(visible(f"{name}: {plan.grader}, confirmed"))
            continue
        options = json.dumps(dict(plan.options), ensure_ascii=False)
        click.echo(visible(f"{name}: grader {plan.grader}, options {options}", limit=2000))
        own = [case.task for case in cases if case.task is not None and case.task.name == name]
        for task in [one for one in own if one.recorded is not None][:_SHOWN]:
            answer = None if task.recorded is None else task.recorded.answer
            read = json.dumps(expected_answer(task, answer), ensure_ascii=False)
            click.echo(visible(f"  recorded: {json.dumps(answer, ensure_ascii=False)}", limit=400))
            click.echo(visible(f"  read as:  {read if read != 'null' else '(the grader cannot read it)'}", limit=400))
        if yes or click.confirm("Is this the right grader?", default=False):
            confirm_task(folder, name)
        else:
            left += 1
    click.echo(f"{left} of {len(names or tasks)} tasks are not confirmed", err=True)
    return int(ExitCode.INCONCLUSIVE if left else ExitCode.OK)
