"""``trueweight attest``: what a run found, as a file that can be handed over and verified."""

from __future__ import annotations

from pathlib import Path

import click

from trueweight.cli._help import examples
from trueweight.cli._options import FILE, PATH, quiet_option


@click.command(
    short_help="Write what a run found as a file that others can verify",
    epilog=examples("trueweight attest runs/today --provider our-host -o attestation.json"),
)
@click.argument("directory", metavar="RUN", type=PATH)
@click.option("--provider", "names", multiple=True, metavar="P", help="Attest only P. Repeatable.  [default: all]")
@click.option("-o", "--out", "output", required=True, type=FILE, metavar="FILE", help="Write to this file.")
@quiet_option("Do not print the path of the file.")
def command(*, directory: Path, names: tuple[str, ...], output: Path, quiet: bool) -> None:
    """Write an attestation of RUN: results, and digests of the record, the suites and the tool. Uses no network.

    `trueweight verify FILE RUN` finds every change of record and numbers. The file is not signed: sign it with what
    your customer trusts, for example `ssh-keygen -Y sign`. Exit 3 if the record is damaged.
    """
    from trueweight.store import RunDir, write_named
    from trueweight.workflow.attest import attest, attestation_text

    with RunDir.open(directory) as run:
        text = attestation_text(attest(run, names))
    write_named(output, text)
    if not quiet:
        click.echo(str(output))
