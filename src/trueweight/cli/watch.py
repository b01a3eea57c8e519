"""``trueweight watch``: which host fell below the bar, over all runs of a workload."""

from __future__ import annotations

import json
from pathlib import Path

import click

from trueweight.cli._help import examples
from trueweight.cli._options import FOLDER, json_option
from trueweight.core import ExitCode


@click.command(
    short_help="Say which host fell below the bar, over all runs of a workload",
    epilog=examples("trueweight watch history", "trueweight watch history --json"),
)
@click.argument("history", metavar="HISTORY", type=FOLDER)
@json_option
def command(history: Path, as_json: bool) -> int:
    """Look over the runs of a workload in the folder HISTORY and say which host changed, and when.

    Put each nightly run into another folder in HISTORY. A host changes once: when its agreement with the recorded
    answers, or its share of replies, falls below the bar beyond chance, and when it is back. The probability that any
    healthy host is ever said to have fallen is at most 5%, over all hosts and all looks.

    Exit code 0; 1 if a host fell in the newest run; 3 if no run measured anything.
    """
    from trueweight.report.numbers import counted, percent
    from trueweight.report.text import visible
    from trueweight.workflow.watch import watch

    found = watch(history)
    for path, why in found.skipped:
        click.echo(f"left out: {path.name}: {why}", err=True)
    if as_json:
        rows = [
            {
                "host": one.host,
                "metric": one.metric,
                "change": "fell" if one.change.fell else "back",
                "run": one.look.path.name,
                "started_at": one.look.started_at,
                "mean": round(one.mean, 6),
                "bound": one.bound,
                "evidence": float(f"{one.change.evidence:.6g}"),
                "new": one in found.new,
            }
            for one in found.events
        ]
        click.echo(json.dumps({"looks": len(found.looks), "alpha": found.alpha, "events": rows}, indent=2))
    else:
        click.echo(f"{counted(len(found.looks), 'run')} of {history.name}")
        for one in found.events:
            word = "fell below" if one.change.fell else "is back above"
            mark = " NEW" if one in found.new else ""
            click.echo(
                f"{visible(one.host, limit=80)}: {one.metric} {word} {percent(one.bound)} in {one.look.path.name} "
                f"({percent(one.mean)} there){mark}"
            )
        if not found.events:
            click.echo("no host changed")
    if not found.looks:
        return int(ExitCode.INFRASTRUCTURE)
    return int(ExitCode.FINDINGS if any(one.change.fell for one in found.new) else ExitCode.OK)
