"""``trueweight workload reask``: the closed API answers the workload again, as the new baseline."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from trueweight.cli._help import examples
from trueweight.cli._options import (
    FOLDER,
    budget_option,
    dry_run_option,
    json_option,
    no_probe_option,
    providers_option,
    quiet_option,
)
from trueweight.cli._providers import named_provider
from trueweight.core import ExitCode


@click.command(
    "reask",
    short_help="Ask the closed API again, twice, as the new baseline",
    epilog=examples("trueweight workload reask tickets --providers closed.toml -o tickets-now"),
)
@click.argument("folder", metavar="WORKLOAD", type=FOLDER)
@providers_option()
@click.option("--provider", "name", metavar="NAME", help="The closed API.  [default: the only provider of the file]")
@click.option("-o", "--out", required=True, metavar="DIR", type=FOLDER, help="Folder of the new workload.")
@click.option("--run", "run_dir", type=FOLDER, metavar="RUN", help="Run directory.  [default: DIR-run]")
@click.option(
    "--concurrency", default=8, show_default=True, type=click.IntRange(1), metavar="N", help="Concurrent requests."
)
@budget_option("Send no request that could exceed this cost.")
@no_probe_option
@dry_run_option
@quiet_option("Print only the paths of the files.")
@json_option()
def reask(
    *,
    folder: Path,
    providers_file: Path,
    name: str | None,
    out: Path,
    run_dir: Path | None,
    concurrency: int,
    budget: float | None,
    no_probe: bool,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Ask the closed API every request of WORKLOAD again, twice, and write a workload with its answers of today.

    The first answer is the new recorded one, with its time, tokens and cost; the second one shows the baseline's own
    noise, which `bar init` uses. Graders and golden answers are kept. An entry of providers.toml may drop, rename or
    set fields of the body. Run the command again to resume.

    Exit code 3 if no request was answered.
    """
    from trueweight.cli._forecast import print_forecast
    from trueweight.cli._send_built import send_built
    from trueweight.config import load_providers
    from trueweight.store import RunDir
    from trueweight.wire import WireSettings
    from trueweight.workflow.probe import read_probe
    from trueweight.workflow.reask import plan_reask, write_reasked

    provider = named_provider(load_providers(providers_file, environ=os.environ), name, "--provider")
    built = plan_reask(folder, provider)
    settings = WireSettings(concurrency=concurrency, budget_usd=budget)
    directory = run_dir or out.with_name(f"{out.name}-run")
    if dry_run:
        probed, probe = () if no_probe else [provider], read_probe(directory)
        print_forecast(built, settings, as_json=as_json, probed=probed, probe=probe)
        return int(ExitCode.OK)
    result = send_built(built, directory, settings=settings, probing=not no_probe)
    if result.unsent:
        click.echo(f"{len(result.unsent)} requests were not sent: run the command again to resume", err=True)
        return int(ExitCode.INTERRUPTED if result.interrupted else ExitCode.INFRASTRUCTURE)
    with RunDir.open(directory) as run:
        found = write_reasked(folder, run, out) if run.recorded() - run.failed() else None
    if found is None:
        click.echo("no request was answered", err=True)
        return int(ExitCode.INFRASTRUCTURE)
    if as_json:
        made = {"files": [*map(str, found.paths)], "cases": found.cases, "answered": found.answered}
        click.echo(json.dumps(made | {"answered_twice": found.twice}, indent=2))
        return int(ExitCode.OK)
    for path in found.paths:
        click.echo(str(path))
    if quiet:
        return int(ExitCode.OK)
    click.echo(f"{found.answered} of {found.cases} cases are answered, {found.twice} of them twice", err=True)
    click.echo(f"next: trueweight bar init {out}", err=True)
    return int(ExitCode.OK)
