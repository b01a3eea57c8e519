"""``trueweight replay``: send one recorded exchange again."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import anyio
import click
from rich.console import Console

from trueweight.checks import all_checks
from trueweight.config import load_providers
from trueweight.core import ExitCode
from trueweight.report import divergence, print_changed, print_divergence, print_exchange
from trueweight.store import RunDir, RunFile
from trueweight.wire import WireSettings
from trueweight.workflow.finish import conclude, evidence, publish
from trueweight.workflow.lookup import find_trial
from trueweight.workflow.replay import changed_checks, free_directory, prepare_again, same_request
from trueweight.workflow.send import open_for_recording, send_pending


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("trial", metavar="EXCHANGE")
@click.option("--against", metavar="PROVIDER", help="Ask this provider instead of the one that was asked.")
@click.option(
    "--providers",
    "providers_file",
    type=click.Path(path_type=Path),
    help="Your providers.toml: where to send it, with which key. Needed for providers with a key.",
)
@click.option("--times", default=1, show_default=True, type=click.IntRange(1), help="Times to ask.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Run directory. [DIR-replay-EXCHANGE]")
@click.option("--quiet", is_flag=True, help="Print only where the new run is.")
def command(
    *,
    directory: Path,
    trial: str,
    against: str | None,
    providers_file: Path | None,
    times: int,
    out: Path | None,
    quiet: bool,
) -> int:
    """Send a recorded EXCHANGE again and say what is different now.

    EXCHANGE is the id of a trial, or its beginning, as the report and `trueweight show` print it. What happens is
    recorded in a run directory of its own; DIR stays as it is. Keys come from the environment, and are sent only to
    addresses in --providers: the addresses in a run directory may be anyone's.
    """
    console = Console(quiet=quiet, emoji=False)
    with RunDir.open(directory) as run:
        exchange = run.read(find_trial(run, trial))
        known = load_providers(providers_file, environ=os.environ) if providers_file else None
        again = prepare_again(run, exchange, against=against, known=known, environ=os.environ, times=times)
        before = next(evidence(run, [exchange.trial]))
    target = out or free_directory(directory, exchange.trial)
    new, _ = open_for_recording(again.recording, target, fresh=False)
    with new:
        settings = WireSettings(concurrency=1)
        trials = again.recording.plan.trials
        anyio.run(partial(send_pending, new, trials, keys=dict(again.keys), settings=settings))
        after = list(evidence(new, [trial.id for trial in trials]))
        new.write_text(RunFile.REPORT, publish(new, conclude(new)))
    requirements = {info.id: info.requirement for info in all_checks()}
    if not same_request(again, exchange):
        console.print("The request is not the recorded one: this provider's entry adds or names something else.")
    for item in after:
        print_exchange(item, requirements, console, whole=False)
        print_changed(changed_checks(before.findings, item.findings), console)
        if before.reply and item.reply:
            names = (f"{before.provider} then", f"{item.provider} now")
            print_divergence(divergence(before.reply, item.reply), names, console)
        console.print()
    click.echo(f"run: {target}")
    return int(ExitCode.OK if any(item.reply for item in after) else ExitCode.INFRASTRUCTURE)
