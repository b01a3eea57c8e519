"""``trueweight gate``: compare a recorded run with a bar."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trueweight.cli._options import FILE, FOLDER, PATH

if TYPE_CHECKING:
    from trueweight.workflow.gate import Gate

MARKS = {"pass": "✓", "fail": "✕", "inconclusive": "?"}


@click.command()
@click.argument("directory", metavar="DIR", type=PATH)
@click.option(
    "--bar",
    "bar_file",
    type=FILE,
    metavar="FILE",
    help="Thresholds file (bar.toml).  [default: the bar that the run was made with]",
)
@click.option(
    "--baseline",
    type=FOLDER,
    metavar="OLD_RUN",
    help='Earlier run. Rules with versus = "baseline" limit the change since then; without such a rule, no metric '
    "may be worse.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON (schemas/gate.schema.json).")
def command(directory: Path, bar_file: Path | None, baseline: Path | None, as_json: bool) -> int:
    """Compare a recorded run with a bar: each provider passes, fails, or is inconclusive. Uses no network.

    Unless the bar says otherwise, a rule passes if the whole 95% interval meets the threshold, fails if none of it
    does, and is inconclusive otherwise; then the output says how many more trials would decide.

    \b
    Exit codes:
      0  every provider passes
      1  a provider fails
      3  a provider never answered
      4  a provider is inconclusive, or no provider was judged
    """
    from trueweight.assess import load_bar
    from trueweight.workflow.gate import gate

    found = gate(directory, None if bar_file is None else load_bar(bar_file), baseline)
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2, sort_keys=True))
    else:
        _show(found)
    return int(found.exit_code)


def _show(found: Gate) -> None:
    from trueweight.report import for_log

    for name, verdict in found.verdicts.items():
        silent = ", never answered" if name in found.silent else ""
        click.echo(f"{MARKS[verdict.outcome]} {for_log(name, limit=80)}: {verdict.outcome.value}{silent}")
        for reason in verdict.reasons:
            click.echo(for_log(f"    {MARKS[reason.outcome]} {reason.rule}: {reason.message}", limit=500))
    for note in found.notes:
        click.echo(for_log(f"note: {note}"))
    counts = found.as_json()["counts"]
    total = ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "no provider was judged"
    click.echo(f"{total}; bar {found.bar[:12]}" if found.bar else total)
