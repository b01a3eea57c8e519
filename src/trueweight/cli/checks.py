"""``trueweight checks``: every check there is."""

from __future__ import annotations

import click

from trueweight.workflow.explain import check_table, checks_json


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def command(as_json: bool) -> None:
    """List every check: its id, severity, the failure mode it detects, and what it requires.

    `trueweight explain CHECK` says more of one.
    """
    if as_json:
        click.echo(checks_json())
        return
    for line in check_table():
        click.echo(line)
