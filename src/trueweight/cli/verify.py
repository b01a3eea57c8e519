"""``trueweight verify``: whether an attestation holds."""

from __future__ import annotations

import json
from pathlib import Path

import click

from trueweight.cli._help import examples
from trueweight.cli._options import FILE, PATH, json_option, quiet_option
from trueweight.core import ExitCode

_SHOWN = 100
"""Differences that are printed."""


@click.command(
    short_help="Verify an attestation, with the run that it is about",
    epilog=examples("trueweight verify attestation.json runs/today"),
)
@click.argument("file", metavar="FILE", type=FILE)
@click.argument("directory", metavar="[RUN]", type=PATH, required=False)
@json_option()
@quiet_option("Print nothing: the exit code is the result.")
def command(*, file: Path, directory: Path | None, as_json: bool, quiet: bool) -> int:
    """Verify that RUN is the run of FILE, unchanged, and that its record gives the attested numbers. Uses no network.

    \b
    Exit codes:
      0  everything is as attested
      1  the attestation, the record or a number was changed
      4  a number differs, and the attestation is of another version of trueweight
    """
    from trueweight.report.text import for_log
    from trueweight.store import RunDir
    from trueweight.workflow.attest import PROVES, read_attestation, verify

    found = read_attestation(file)
    if directory is None:
        wrong = verify(found, None)
    else:
        with RunDir.open(directory) as run:
            wrong = verify(found, run)
    code = ExitCode.OK if not wrong else ExitCode.FINDINGS
    code = ExitCode.INCONCLUSIVE if wrong and all(one.by_version for one in wrong) else code
    if as_json:
        rows = [{"difference": for_log(one.text), "by_version": one.by_version} for one in wrong]
        click.echo(
            json.dumps({"holds": not wrong, "record_read": directory is not None, "differences": rows}, indent=2)
        )
    if as_json or quiet:
        return int(code)
    for one in wrong[:_SHOWN]:
        click.echo(for_log(one.text))
    if len(wrong) > _SHOWN:
        click.echo(f"… and {len(wrong) - _SHOWN:,} more differences")
    if not wrong:
        held = "the file is as it was written" if directory is None else "record and numbers are as attested"
        click.echo(f"Verified: {held}.")
        click.echo("Without RUN the record is not verified." if directory is None else PROVES[1])
    return int(code)
