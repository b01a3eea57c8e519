"""``trueweight bar``: propose a bar before a run."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from trueweight.cli._help import examples
from trueweight.cli._options import FILE, FOLDER, quiet_option
from trueweight.core import ConfigError, Estimate, ExitCode


@click.group(
    short_help="Write the thresholds that a provider has to meet",
    epilog=examples("trueweight bar init tickets -o bar.toml"),
)
def command() -> None:
    """Write a bar: the thresholds that a provider has to meet, set before there are results."""


@command.command(
    "init",
    short_help="Propose a bar for a workload from what was recorded",
    epilog=examples("trueweight bar init tickets --candidates 5 -o bar.toml"),
)
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
@click.option(
    "--asked",
    "asked",
    type=FOLDER,
    metavar="RUN",
    help='Take the baseline\'s noise from a run that asked it again: its entry has role = "reference".',
)
@quiet_option("Print only the bar, or its path.")
def init(*, folder: Path, path: Path | None, candidates: int, margin: float, asked: Path | None, quiet: bool) -> int:
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
    found = propose_bar(
        {case.key: case for case in suite.cases}, facts, candidates, margin=margin, asked_again=_asked_again(asked)
    )
    if path is None:
        click.echo(found.text, nl=False)
    else:
        write_new(path, found.text)
        click.echo(str(path))
    code = int(ExitCode.OK if found.enough else ExitCode.INCONCLUSIVE)
    if quiet:
        return code
    for line in need_lines(found.needs):
        click.echo(line, err=True)
    for note in found.notes:
        click.echo(note, err=True)
    if facts.unconfirmed:
        names = ", ".join(facts.unconfirmed)
        again = f"trueweight workload confirm {shlex.quote(str(folder))}"
        click.echo(f"not confirmed: the graders of {names}; without it these tasks do not move: {again}", err=True)
    if path is not None:
        too_few = "" if found.enough else "draw more cases (`workload from --cases`) or ask less of the hosts; else "
        run = shlex.join(["--suite", str(folder), "--bar", str(path)])
        click.echo(f"next: {too_few}trueweight run --providers providers.toml {run} --out run", err=True)
    return code


def _asked_again(directory: Path | None) -> Estimate | None:
    """How often the reference of a run agrees with what was recorded; None without a run.

    Raises:
        ConfigError: ``bar-asked`` if the run's reference has no answer to a workload.
    """
    if directory is None:
        return None
    from trueweight.store import RunDir
    from trueweight.workflow.finish import judge

    with RunDir.open(directory) as run:
        summary = judge(run)
    found = None if summary.reference is None else summary.reference.workload
    if found is None or found.overall.agreement.value is None:
        hint = 'The entry of the baseline in providers.toml has role = "reference".'
        raise ConfigError("no reference answered a workload there", code="bar-asked", where=str(directory), hint=hint)
    return found.overall.agreement
