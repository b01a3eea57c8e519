"""``trueweight compare``: what changed between two runs."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from trueweight.core import ExitCode
from trueweight.report import comparison_json, comparison_markdown, print_comparison
from trueweight.store import RunDir
from trueweight.workflow.compare import compare
from trueweight.workflow.judge import judge_run

FORMATS = ("text", "markdown", "json")


@click.command()
@click.argument("before", metavar="RUN_A", type=click.Path(path_type=Path))
@click.argument("after", metavar="RUN_B", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this file.")
@click.option("--fail-if-worse", is_flag=True, help="Exit 1 if a metric got worse beyond chance.")
def command(*, before: Path, after: Path, form: str, as_json: bool, output: Path | None, fail_if_worse: bool) -> int:
    """Compare two recorded runs, RUN_A before and RUN_B after, provider by provider and case by case.

    Cases pair if both runs sent the same request. Both records are judged again with this version; no network is used.
    """
    with RunDir.open(before) as first, RunDir.open(after) as second:
        found = compare(judge_run(first), judge_run(second))
    form = "json" if as_json else form
    if form == "text" and output is None:
        print_comparison(found, Console(emoji=False))
    else:
        text = comparison_json(found) if form == "json" else comparison_markdown(found)
        if output is None:
            click.echo(text, nl=False)
        else:
            output.write_text(text, encoding="utf-8", errors="backslashreplace")
            click.echo(str(output))
    worse = any(one["change"] == "worse" for one in found["significant"])
    return int(ExitCode.FINDINGS if fail_if_worse and worse else ExitCode.OK)
