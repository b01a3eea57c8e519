"""``trueweight checks``: list every check, metric, grader, report format and API that is installed."""

from __future__ import annotations

import click

from trueweight.cli._help import examples
from trueweight.cli._options import json_option


@click.command(
    short_help="List every check, metric, grader, report format and API",
    epilog=examples("trueweight checks", "trueweight checks --json"),
)
@json_option()
def command(as_json: bool) -> None:
    """List every check, metric, grader, report format and API.

    A check's line has its id, its severity, the number of its failure mode in `trueweight fleet matrix`, and its
    requirement. The name of another package that adds an item is at the end of the line. `trueweight explain NAME`
    explains a check, a metric or a grader.
    """
    from trueweight.workflow.explain import check_table, checks_json

    if as_json:
        click.echo(checks_json())
        return
    for line in check_table():
        click.echo(line)
