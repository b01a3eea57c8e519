"""``trueweight bar``: propose a bar before a run."""

from __future__ import annotations

from pathlib import Path

import click

from trueweight.cli._options import FILE, FOLDER
from trueweight.core import ConfigError, ExitCode


@click.group()
def command() -> None:
    """Write a bar: the thresholds that a provider has to meet, set before there are results."""


@command.command("init")
@click.argument("folder", metavar="WORKLOAD", type=FOLDER)
@click.option("-o", "--out", "path", metavar="FILE", type=FILE, help="The new bar.  [default: print it]")
@click.option(
    "--candidates", default=3, show_default=True, type=click.IntRange(1, 100), metavar="N", help="Hosts to compare."
)
@click.option(
    "--margin",
    default=0.05,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    help="How much less often than the baseline an answer may be right.",
)
def init(folder: Path, path: Path | None, candidates: int, margin: float) -> int:
    """Propose a bar for WORKLOAD from what was recorded: quality, form, time, failures and cost.

    It says how many cases each rule takes, and whether the workload has them. Exit code 0, or 4 if it has too few.
    """
    from trueweight.suites import find_suite
    from trueweight.suites.importers.write import write_new
    from trueweight.suites.workload_folder import workload_facts
    from trueweight.workload.propose_bar import need_lines, propose_bar

    suite = find_suite(str(folder))
    facts = workload_facts(suite)
    if facts is None:
        hint = "`trueweight workload from LOG -o DIR` makes one."
        raise ConfigError("not a workload", code="workload-missing", where=str(folder), hint=hint)
    found = propose_bar({case.key: case for case in suite.cases}, facts, candidates, margin)
    if path is None:
        click.echo(found.text, nl=False)
    else:
        write_new(path, found.text)
        click.echo(str(path))
    for line in need_lines(found.needs):
        click.echo(line, err=True)
    if facts.unconfirmed:
        click.echo(f"not confirmed in workload.yaml: the graders of {', '.join(facts.unconfirmed)}", err=True)
    return int(ExitCode.OK if found.enough else ExitCode.INCONCLUSIVE)
