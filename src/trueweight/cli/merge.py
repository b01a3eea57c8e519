"""``trueweight merge``: shards of a run → the run."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click
from rich.console import Console

from trueweight.assess import exit_code, silent_providers
from trueweight.core import ExitCode
from trueweight.report import print_table
from trueweight.store import RunDir, RunFile
from trueweight.workflow.merge import merge_all
from trueweight.workflow.shards import is_whole


@click.command()
@click.argument("runs", metavar="RUN…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="New run directory.")
@click.option("--quiet", is_flag=True, help="Print only where the report is.")
def command(runs: tuple[Path, ...], out: Path, quiet: bool) -> int:
    """Join shards, or copies, of one run into a new run, judge it and write its report. Uses no network.

    The order of the runs changes nothing. Runs of different plans, seeds, bars or versions are refused, and so are two
    different records of one trial. The exit code is as that of `run`; it is 0 while shards are missing.
    """
    with ExitStack() as stack:
        sources = [stack.enter_context(RunDir.open(path)) for path in runs]
        merged, summary = merge_all(sources, out)
        with merged:
            whole = is_whole(merged.manifest)
    if not quiet:
        trials = summary["run"]["trials"]
        click.echo(f"{len(runs)} runs, {trials['recorded']} of {trials['planned']} planned trials on record.", err=True)
        print_table(summary, Console(emoji=False))
    click.echo(f"report: {RunFile.REPORT.of(out)}")
    return int(exit_code(summary, silent_providers(summary)) if whole else ExitCode.OK)
