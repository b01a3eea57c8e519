"""``trueweight decide``: whether to move a workload, where to, and how."""

from __future__ import annotations

import json
from pathlib import Path

import click
import msgspec

from trueweight.cli._help import examples
from trueweight.cli._options import FILE, FOLDER, json_option, quiet_option
from trueweight.core import ConfigError, ExitCode
from trueweight.core.decision import Move


@click.command(
    short_help="Decide whether a workload should move to one of its hosts",
    epilog=examples("trueweight decide runs/tickets --per-month 2000000 -o decision.html"),
)
@click.argument("directory", metavar="RUN", type=FOLDER)
@click.option(
    "--per-month",
    type=click.FloatRange(0, 10**12, min_open=True),
    metavar="N",
    help="Requests in a month.  [default: as workload.yaml says]",
)
@click.option(
    "--answers",
    "answers_file",
    type=FILE,
    metavar="FILE",
    help="The team's answers to what cannot be measured (YAML). A new file gets the questions.",
)
@click.option(
    "-o", "--out", "output", type=FILE, metavar="FILE", help="Also write the decision, checklist and plan as HTML."
)
@json_option()
@quiet_option("Print nothing: the exit code is the decision.")
def command(
    *,
    directory: Path,
    per_month: float | None,
    answers_file: Path | None,
    output: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Decide whether the workload of RUN should move to one of its hosts.

    Exit code 0: move, or move with a fallback; 1: stay; 4: not enough evidence.
    """
    from trueweight.assess.decide import with_decision
    from trueweight.report.page.decision import decision_page
    from trueweight.report.text import visible
    from trueweight.report.words.decision import decision_text
    from trueweight.report.words.move_plan import checklist, plan_lines
    from trueweight.store import RunDir, write_named
    from trueweight.workflow.decision_answers import read_answers
    from trueweight.workflow.finish import judge

    answers = {} if answers_file is None else read_answers(answers_file)
    with RunDir.open(directory) as run:
        summary = with_decision(judge(run), per_month)
    text = decision_text(summary)
    if text is None:
        hint = "Its suite has to be a folder that `trueweight workload from` wrote."
        raise ConfigError("the run has no workload", code="decide-workload", where=str(directory), hint=hint)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(summary.workload and summary.workload.decision), indent=2))
    if as_json or quiet:
        if output is not None:
            write_named(output, decision_page(summary, answers))
        return _code(text.move)
    click.echo(f"{text.mark} {text.title}")
    for label, sentence in text.lines:
        click.echo(f"  {label:<6} {visible(sentence)}")
    click.echo("")
    for name, word, why in text.hosts:
        click.echo(f"{name}: {word}: {visible(why)}")
    click.echo("\nChecklist")
    for item in checklist(summary, answers):
        click.echo(f"  {item.question}\n    {item.answer or f'? open ({item.key})'}")
    for step in plan_lines(summary):
        click.echo(f"\n{step.title}")
        for at, sentence in enumerate(step.sentences):
            click.echo(f"  {visible(sentence)}")
            if at == 0 and step.command:
                click.echo(f"    {step.command}")
    if output is not None:
        write_named(output, decision_page(summary, answers))
        click.echo(f"\n{output}", err=True)
    return _code(text.move)


def _code(move: Move) -> int:
    """The exit code of a decision."""
    codes = {Move.STAY: ExitCode.FINDINGS, Move.NOT_ENOUGH: ExitCode.INCONCLUSIVE}
    return int(codes.get(move, ExitCode.OK))
