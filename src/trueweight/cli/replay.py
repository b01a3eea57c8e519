"""``trueweight replay``: send one recorded exchange again."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trueweight.cli._help import examples
from trueweight.cli._options import (
    FOLDER,
    PATH,
    budget_option,
    dry_run_option,
    json_option,
    providers_option,
    quiet_option,
)
from trueweight.core import ExitCode

if TYPE_CHECKING:
    from trueweight.report import Evidence


@click.command(
    short_help="Send a recorded exchange again and show what is different now",
    epilog=examples("trueweight replay runs/today 3f9c21aa --providers providers.toml --times 5"),
)
@click.argument("directory", metavar="DIR", type=PATH)
@click.argument("trial", metavar="EXCHANGE")
@click.option("--against", metavar="PROVIDER", help="Send it to this provider.  [default: the same provider]")
@providers_option("Addresses and keys (providers.toml). Required for a provider with a key.", required=False)
@click.option("--times", default=1, show_default=True, type=click.IntRange(1), metavar="N", help="Send it N times.")
@click.option("-o", "--out", type=FOLDER, metavar="DIR", help="New run directory.  [default: DIR-replay-EXCHANGE]")
@budget_option("Send no request that could exceed this cost.")
@dry_run_option
@quiet_option("Print only the path of the new run.")
@json_option()
def command(
    *,
    directory: Path,
    trial: str,
    against: str | None,
    providers_file: Path | None,
    times: int,
    out: Path | None,
    budget: float | None,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Send a recorded EXCHANGE again and show what is different now.

    EXCHANGE is the id of a trial, or its beginning, as the report and `trueweight show` print it. The new exchange is
    recorded in a new run directory; DIR is not changed. Keys come from the environment and are sent only to addresses
    in --providers, because the addresses in a run directory are not trusted.
    """
    import anyio

    from trueweight.cli._forecast import print_stages
    from trueweight.config import load_providers
    from trueweight.plan import Stage, measured_paces
    from trueweight.store import RunDir, RunFile
    from trueweight.wire import WireSettings
    from trueweight.workflow.finish import evidence, finish, publish
    from trueweight.workflow.lookup import find_trial
    from trueweight.workflow.probe import read_probe
    from trueweight.workflow.replay import free_directory, prepare_again, same_request
    from trueweight.workflow.send import open_to_send, send_pending

    with RunDir.open(directory) as run:
        exchange = run.read(find_trial(run, trial))
        known = load_providers(providers_file, environ=os.environ) if providers_file else None
        again = prepare_again(
            run, exchange, against=against, known=known, environ=None if dry_run else os.environ, times=times
        )
        before = next(evidence(run, [exchange.trial]))
        paces = measured_paces(read_probe(directory))
    settings = WireSettings(concurrency=1, budget_usd=budget)
    if dry_run:
        print_stages([Stage(again.prepared.plan.trials, 1)], settings, as_json=as_json, paces=paces)
        return int(ExitCode.OK)
    target = out or free_directory(directory, exchange.trial)
    new, _ = open_to_send(again.prepared, target, fresh=False)
    with new:
        trials = again.prepared.plan.trials
        anyio.run(partial(send_pending, new, trials, keys=dict(again.keys), settings=settings))
        after = list(evidence(new, [trial.id for trial in trials]))
        new.write_text(RunFile.REPORT, publish(new, finish(new)))
    same = same_request(again, exchange)
    if as_json:
        click.echo(_as_json(before, after, target, same=same))
    elif not quiet:
        _print(before, after, same=same)
    click.echo(f"run: {target}", err=as_json)
    return int(ExitCode.OK if any(item.reply for item in after) else ExitCode.INFRASTRUCTURE)


def _print(before: Evidence, after: Sequence[Evidence], *, same: bool) -> None:
    from rich.console import Console

    from trueweight.checks import all_checks
    from trueweight.report import divergence
    from trueweight.report.terminal import print_changed, print_divergence, print_exchange
    from trueweight.workflow.replay import changed_checks

    console = Console(emoji=False)
    requirements = {info.id: info.requirement for info in all_checks()}
    if not same:
        console.print("The request is not the recorded one: this provider's entry adds or names something else.")
    for item in after:
        print_exchange(item, requirements, console, whole=False)
        print_changed(changed_checks(before.findings, item.findings), console)
        if before.reply and item.reply:
            names = (f"{before.provider} then", f"{item.provider} now")
            print_divergence(divergence(before.reply, item.reply), names, console)
        console.print()


def _as_json(before: Evidence, after: Sequence[Evidence], target: Path, *, same: bool) -> str:
    """The new replies as `show --json` has them, with the checks that fail still, only now, and only then."""
    from trueweight.report import evidence_json
    from trueweight.workflow.replay import changed_checks

    made = {
        "run": str(target),
        "same_request": same,
        "checks": [changed_checks(before.findings, one.findings)._asdict() for one in after],
        "replies": json.loads(evidence_json(after)),
    }
    return json.dumps(made, indent=2)
