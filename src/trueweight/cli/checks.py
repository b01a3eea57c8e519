"""``trueweight checks``: list every check and grader that is installed."""

from __future__ import annotations

import click

from trueweight.cli._options import json_option


@click.command()
@json_option
def command(as_json: bool) -> None:
    """List every check (id, severity, number of the failure mode, requirement) and every grader.

    A check or grader of another installed package has the package's name at its end. `trueweight explain CHECK`
    explains one check.
    """
    from trueweight.workflow.explain import check_table, checks_json

    if as_json:
        click.echo(checks_json())
        return
    for line in check_table():
        click.echo(line)
