"""``trueweight import-run``: make a run from replies that another verifier recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trueweight.cli._help import examples
from trueweight.cli._options import PATH, NameFrom, json_option, out_option, quiet_option
from trueweight.core import ExitCode

if TYPE_CHECKING:
    from trueweight.workflow.import_run import ImportedRun


def _formats() -> tuple[str, ...]:
    from trueweight.workflow.import_run import FORMATS

    return tuple(FORMATS)


@click.command(
    short_help="Make a run from the results of another verifier",
    epilog=examples("trueweight import-run k2vv vendor.jsonl other.jsonl --reference vendor --out runs/k2vv"),
)
@click.argument("form", metavar="FORMAT", type=NameFrom(_formats))
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=PATH)
@out_option("New run directory.")
@click.option("--reference", metavar="NAME", help="File of the reference, by its name without .jsonl.")
@click.option("--suite", metavar="NAME", help="Name of the suite of the requests.  [default: FORMAT]")
@quiet_option("Print only the path of the report, and the lines that could not be read.")
@json_option("Print the summary as JSON instead of text.")
def command(
    *,
    form: str,
    files: tuple[Path, ...],
    out: Path,
    reference: str | None,
    suite: str | None,
    quiet: bool,
    as_json: bool,
) -> int:
    """Make a run from recorded replies: results.jsonl of K2 Vendor Verifier (FORMAT k2vv) or of MiniMax Provider
    Verifier (minimax), one FILE per provider. Files that differ by a folder loop_NN only are its repeats.

    Exit code 0, or 2 if a line could not be read: such lines are listed by number, the others are imported.
    """
    from trueweight.report import visible
    from trueweight.store import RunDir, RunFile
    from trueweight.workflow.finish import finish, publish
    from trueweight.workflow.import_run import import_run

    imported = import_run(form, files, out, reference=reference, suite=suite)
    with RunDir.open(out) as run:
        summary = finish(run)
        run.write_text(RunFile.REPORT, publish(run, summary))
        text = publish(run, summary, "json") if as_json else ""
    for line in imported.malformed:
        click.echo(visible(f"{line.path}:{line.line}: {line.reason}"), err=True)
    code = int(ExitCode.USAGE if imported.malformed else ExitCode.OK)
    if as_json:
        click.echo(text, nl=False)
        return code
    if not quiet:
        _print_account(imported)
    click.echo(f"report: {RunFile.REPORT.of(out)}")
    return code


def _print_account(imported: ImportedRun) -> None:
    """What became of the lines of each file."""
    from trueweight.report import visible

    for file in imported.files:
        counted = f"{file.replies} replies, {file.replaced} replaced by a later line, {len(file.malformed)} malformed"
        varying = f"; in some lines only: {', '.join(file.varying)}" if file.varying else ""
        click.echo(visible(f"{file.path}: {file.lines} lines: {counted}{varying}"))
    lost = f"; {len(imported.malformed)} lines not imported" if imported.malformed else ""
    click.echo(f"{imported.exchanges} replies of {', '.join(imported.providers)}{lost}")
