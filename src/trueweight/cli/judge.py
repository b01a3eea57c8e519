"""``trueweight judge``: recompute the summary from the record."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from trueweight.report import print_table
from trueweight.store import RunDir, RunFile
from trueweight.workflow.finish import conclude


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--quiet", is_flag=True, help="Print only the path of what was written.")
def command(directory: Path, quiet: bool) -> None:
    """Judge the recorded exchanges of a run again and write DIR/summary.json. Uses no network."""
    with RunDir.open(directory) as run:
        summary = conclude(run)
    if not quiet:
        print_table(summary, Console(emoji=False))
    click.echo(str(RunFile.SUMMARY.of(directory)))
