"""``trueweight judge``: recompute the summary from the recorded exchanges."""

from __future__ import annotations

from pathlib import Path

import click

from trueweight.cli._engine import chosen_pool, engine_option
from trueweight.cli._help import examples
from trueweight.cli._options import PATH, json_option, quiet_option


@click.command(short_help="Judge the recorded exchanges of a run again", epilog=examples("trueweight judge runs/today"))
@click.argument("directory", metavar="DIR", type=PATH)
@engine_option
@quiet_option("Print only the path of the summary.")
@json_option()
def command(directory: Path, engine: str, quiet: bool, as_json: bool) -> int:
    """Judge the recorded exchanges of a run again and write DIR/summary.json. Uses no network.

    Exit 3: a line of the record is damaged. The others are judged.
    """
    from rich.console import Console

    from trueweight.cli._screen import print_damage
    from trueweight.report.terminal import print_table
    from trueweight.store import RunDir, RunFile
    from trueweight.workflow.finish import finish, publish

    with chosen_pool(engine) as pool, RunDir.open(directory) as run:
        summary = finish(run, pool)
        code = print_damage(run)
        if as_json:
            click.echo(publish(run, summary, "json"), nl=False)
            return int(code)
    if not quiet:
        print_table(summary, Console(emoji=False))
    click.echo(str(RunFile.SUMMARY.of(directory)))
    return int(code)
