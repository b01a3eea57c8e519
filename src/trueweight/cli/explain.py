"""``trueweight explain``: a check, a metric, a grader or a word of the report, in words."""

from __future__ import annotations

import click

from trueweight.cli._help import examples
from trueweight.cli._options import json_option


@click.command(
    short_help="Explain a check, a metric, a grader or a word of the report",
    epilog=examples(
        "trueweight explain tool-index-present",
        "trueweight explain schema_accuracy",
        'trueweight explain "self-agreement"',
    ),
)
@click.argument("name")
@json_option()
def command(name: str, *, as_json: bool) -> None:
    """Explain NAME: a check, a metric, a grader, or a word of the report.

    Of a check: its requirement, why it matters, a reply that breaks it, and how to fix the server. Of a metric: its
    definition, unit, method and source. Of a grader: its score. A metric is found by its id and by its
    title, a word as the report writes it ("n/a", MUST, self-agreement). `trueweight checks` lists the other names.
    """
    from trueweight.report import visible
    from trueweight.workflow.explain import explain, explain_json

    if as_json:
        click.echo(explain_json(name))
        return
    for line in explain(name).splitlines():
        click.echo(visible(line))
