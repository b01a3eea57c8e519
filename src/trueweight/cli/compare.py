"""``trueweight compare``: what changed between two runs."""

from __future__ import annotations

from pathlib import Path

import click

from trueweight.cli._help import examples
from trueweight.cli._options import FILE, PATH, json_option
from trueweight.core import ExitCode

FORMATS = ("text", "markdown", "html", "json")


@click.command(
    short_help="Compare two recorded runs by provider and by case",
    epilog=examples(
        "trueweight compare runs/monday runs/today",
        "trueweight compare runs/before runs/after --format html -o changes.html",
    ),
)
@click.argument("before", metavar="RUN_A", type=PATH)
@click.argument("after", metavar="RUN_B", type=PATH)
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="Format of the output."
)
@json_option("Print JSON instead of text: --format json.")
@click.option(
    "-o", "--out", "output", metavar="FILE", type=FILE, help="Write to this file.  [default: standard output]"
)
@click.option("--fail-if-worse", is_flag=True, help="Exit 1 if a metric is significantly worse.")
def command(*, before: Path, after: Path, form: str, as_json: bool, output: Path | None, fail_if_worse: bool) -> int:
    """Compare two recorded runs, RUN_A before and RUN_B after, by provider and by case.

    Cases pair if both runs sent the same request. Both runs are judged by this version. No network is used.
    """
    from rich.console import Console

    from trueweight.report import comparison_json, comparison_markdown
    from trueweight.report.page.comparison import comparison_page
    from trueweight.report.terminal import print_comparison
    from trueweight.store import RunDir, write_named
    from trueweight.workflow.finish import compare_recorded

    with RunDir.open(before) as first, RunDir.open(after) as second:
        found = compare_recorded(first, second)
    form = "json" if as_json else form
    if form == "text" and output is None:
        print_comparison(found, Console(emoji=False))
    else:
        text = {"json": comparison_json, "html": comparison_page}.get(form, comparison_markdown)(found)
        if output is None:
            click.echo(text, nl=False)
        else:
            write_named(output, text)
            click.echo(str(output))
    return int(ExitCode.FINDINGS if fail_if_worse and found.worse() else ExitCode.OK)
