"""``trueweight explain``: one check, in words and by its example."""

from __future__ import annotations

import click

from trueweight.report import visible
from trueweight.workflow.explain import explain


@click.command()
@click.argument("check")
def command(check: str) -> None:
    """Print what CHECK requires, why, a reply that breaks it, and how to fix the server."""
    for line in explain(check).splitlines():
        click.echo(visible(line))
