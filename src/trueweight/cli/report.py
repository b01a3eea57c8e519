"""``trueweight report``: make the report from the record."""

from __future__ import annotations

from pathlib import Path

import click

from trueweight.report import find_format, format_names
from trueweight.store import RunDir
from trueweight.workflow.finish import conclude, publish
from trueweight.workflow.join import join_drift


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(format_names()), default="html", show_default=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Where to write it; '-' is standard output. By default in DIR.",
)
@click.option(
    "--drift",
    "drift_directory",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Show the drift that `trueweight drift --out DIR` measured of the same providers.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON: --format json -o -.")
@click.option("--quiet", is_flag=True, help="Do not print where it was written.")
def command(
    *, directory: Path, form: str, output: Path | None, as_json: bool, quiet: bool, drift_directory: Path | None
) -> None:
    """Judge a recorded run again and write its report. Uses no network."""
    if as_json:
        form, output = "json", Path("-")
    with RunDir.open(directory) as run:
        summary = conclude(run)
        if drift_directory is not None:
            with RunDir.open(drift_directory) as drift:
                summary = join_drift(summary, run, drift)
        text = publish(run, summary, form)
        if output is None:
            output = run.write_text(f"report{find_format(form).suffix}", text)
        elif str(output) == "-":
            click.echo(text, nl=False)
            return
        else:
            output.write_text(text, encoding="utf-8", errors="backslashreplace")
    if not quiet:
        click.echo(str(output))
