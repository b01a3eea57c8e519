"""``trueweight merge``: join the shards of a run."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from trueweight.cli._engine import chosen_pool, engine_option
from trueweight.cli._help import examples
from trueweight.cli._options import json_option, out_option, quiet_option
from trueweight.core import ExitCode


@click.command(
    short_help="Join shards, or copies, of one run into a new run",
    epilog=examples(
        "trueweight merge runs/part-1 runs/part-2 -o runs/whole",
        "trueweight merge s3://bucket/runs/today -o runs/today",
    ),
)
@click.argument("runs", metavar="RUN…", nargs=-1, required=True)
@out_option("New run directory.")
@engine_option
@quiet_option()
@json_option()
def command(runs: tuple[str, ...], out: Path, engine: str, quiet: bool, as_json: bool) -> int:
    """Join shards, or copies, of one run into a new run, judge it and write its report. A RUN is a directory, or
    the URL of `run --shards URL`. Sends no request to a provider.

    The order of the runs has no effect. Runs with different plans, seeds, bars or versions are refused, and so are two
    different records of one trial. The exit code is that of `run`; it is 0 while shards are missing.
    """
    from rich.console import Console

    from trueweight.assess import exit_code, silent_providers
    from trueweight.cluster import sources
    from trueweight.report.terminal import print_table
    from trueweight.store import RunFile
    from trueweight.workflow.finish import merge_all, publish
    from trueweight.workflow.shards import covers_plan

    with ExitStack() as stack:
        found = [run for place in runs for run in stack.enter_context(sources(place, out))]
        merged, summary = merge_all(found, out, stack.enter_context(chosen_pool(engine)))
        with merged:
            whole = covers_plan(merged.manifest)
            text = publish(merged, summary, "json") if as_json else ""
    code = int(exit_code(summary, silent_providers(summary)) if whole else ExitCode.OK)
    if as_json:
        click.echo(text, nl=False)
        return code
    if not quiet:
        trials = summary.run.trials
        click.echo(f"Joined {len(runs)} runs: {trials.recorded:,} of {trials.planned:,} trials.", err=True)
        print_table(summary, Console(emoji=False))
    click.echo(f"report: {RunFile.REPORT.of(out)}")
    return code
