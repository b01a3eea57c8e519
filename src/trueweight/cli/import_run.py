"""``trueweight import-run``: replies that another verifier recorded, judged like our own."""

from __future__ import annotations

from pathlib import Path

import click

from trueweight.core import ExitCode
from trueweight.report import visible
from trueweight.store import RunDir, RunFile
from trueweight.workflow.finish import conclude, publish
from trueweight.workflow.import_run import FORMATS, import_run


@click.command()
@click.argument("form", metavar="FORMAT", type=click.Choice(FORMATS))
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Run directory to make.")
@click.option("--reference", metavar="NAME", help="The file (by its name without .jsonl) that is the reference.")
@click.option("--suite", default="k2vv", show_default=True, help="Name of the suite its requests are of.")
def command(form: str, files: tuple[Path, ...], out: Path, reference: str | None, suite: str) -> int:
    """Make a run of recorded replies: results.jsonl of the K2 Vendor Verifier, one FILE a provider.

    Exit code 0, or 2 if a line could not be read: those are listed with their numbers, the others are imported.
    """
    imported = import_run(form, files, out, reference=reference, suite=suite)
    with RunDir.open(out) as run:
        summary = conclude(run)
        run.write_text(RunFile.REPORT, publish(run, summary))
    for line in imported.malformed:
        click.echo(visible(f"{line.path}:{line.line}: {line.reason}"), err=True)
    lost = f"; {len(imported.malformed)} lines not imported" if imported.malformed else ""
    click.echo(f"{imported.exchanges} replies of {', '.join(imported.providers)}{lost}")
    click.echo(f"report: {RunFile.REPORT.of(out)}")
    return int(ExitCode.USAGE if imported.malformed else ExitCode.OK)
