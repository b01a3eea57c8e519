"""``trueweight report``: write the report of a recorded run."""

from __future__ import annotations

from pathlib import Path

import click

from trueweight.cli._help import examples
from trueweight.cli._options import PATH, NameFrom, json_option, open_option, quiet_option


def _formats() -> tuple[str, ...]:
    from trueweight.report import format_names

    return format_names()


@click.command(
    short_help="Judge a recorded run again and write its report",
    epilog=examples("trueweight report runs/today --open", "trueweight report runs/today --format markdown -o -"),
)
@click.argument("directory", metavar="DIR", type=PATH)
@click.option(
    "--format",
    "form",
    type=NameFrom(_formats),
    metavar="NAME",
    default="html",
    show_default=True,
    help="Format: badge, csv, html, json, junit, markdown, or a format of another installed package.",
)
@click.option(
    "-o",
    "--out",
    "output",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Write to this file; '-' is standard output.  [default: DIR/report.*]",
)
@click.option(
    "--drift",
    "drift_directory",
    metavar="DIR",
    type=PATH,
    help="Include the drift that `trueweight drift --out DIR` measured for the same providers.",
)
@json_option("Print the summary as JSON: --format json -o -.")
@quiet_option("Do not print the path of the report.")
@open_option
def command(
    *,
    directory: Path,
    form: str,
    output: Path | None,
    as_json: bool,
    quiet: bool,
    opened: bool,
    drift_directory: Path | None,
) -> int:
    """Judge a recorded run again and write its report. Uses no network.

    Exit 3: a line of the record is damaged. The report has the others.
    """
    from rich.console import Console

    from trueweight.cli._screen import open_page, print_damage
    from trueweight.report import find_format
    from trueweight.store import RunDir, write_named
    from trueweight.workflow.finish import finish, judge, publish
    from trueweight.workflow.join import join_drift

    if as_json:
        form, output = "json", Path("-")
    with RunDir.open(directory) as run:
        # With another place for the report, the run may be one that can only be read.
        summary = finish(run) if output is None else judge(run)
        code = print_damage(run)
        if drift_directory is not None:
            with RunDir.open(drift_directory) as drift:
                summary = join_drift(summary, run, drift)
        text = publish(run, summary, form)
        if output is None:
            output = run.write_text(f"report{find_format(form).suffix}", text)
        elif str(output) == "-":
            click.echo(text, nl=False)
            return int(code)
        else:
            write_named(output, text)
    if not quiet:
        click.echo(str(output))
    if opened:
        open_page(output, Console(stderr=True, emoji=False))
    return int(code)
