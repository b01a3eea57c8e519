"""``trueweight gate``: hold a recorded run to a bar."""

from __future__ import annotations

import json
from pathlib import Path

import click

from trueweight.assess import load_bar
from trueweight.report import for_log
from trueweight.workflow.gate import Gate, gate

MARKS = {"pass": "✓", "fail": "✕", "inconclusive": "?"}


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--bar",
    "bar_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="bar.toml. [the bar that the run was made against]",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="OLD_RUN",
    help='An earlier run. Rules with versus = "baseline" hold the change since; without any, nothing may be worse.',
)
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON (schemas/gate.schema.json).")
def command(directory: Path, bar_file: Path | None, baseline: Path | None, as_json: bool) -> int:
    """Hold a recorded run to a bar: each provider passes, fails, or is inconclusive. Uses no network.

    A rule holds for the near end of the 95% interval unless the bar says otherwise: pass if all of the interval meets
    the threshold, fail if none of it does, else inconclusive, with how many more trials would decide.

    \b
    Exit codes:
      0  all pass
      1  one fails
      3  one never answered
      4  one is inconclusive, or nobody was judged
    """
    found = gate(directory, None if bar_file is None else load_bar(bar_file), baseline)
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2, sort_keys=True))
    else:
        _show(found)
    return int(found.exit_code)


def _show(found: Gate) -> None:
    for name, verdict in found.verdicts.items():
        silent = ", never answered" if name in found.silent else ""
        click.echo(f"{MARKS[verdict.outcome]} {for_log(name, limit=80)}: {verdict.outcome.value}{silent}")
        for reason in verdict.reasons:
            click.echo(for_log(f"    {MARKS[reason.outcome]} {reason.rule}: {reason.message}", limit=500))
    for note in found.notes:
        click.echo(for_log(f"note: {note}"))
    counts = found.as_json()["counts"]
    total = ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "nobody was judged"
    click.echo(f"{total}; bar {found.bar[:12]}" if found.bar else total)
