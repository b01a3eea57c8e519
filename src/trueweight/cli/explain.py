"""``trueweight explain``: one check, in words and by its example."""

from __future__ import annotations

import click


@click.command()
@click.argument("check")
def command(check: str) -> None:
    """Explain CHECK: its requirement, why it matters, a reply that breaks it, and how to fix the server."""
    from trueweight.report import visible
    from trueweight.workflow.explain import explain

    for line in explain(check).splitlines():
        click.echo(visible(line))
