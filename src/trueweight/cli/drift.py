"""``trueweight drift``: is it the same model? Ask, look after every prompt, stop as soon as it is decided."""

from __future__ import annotations

import os
from pathlib import Path

import click
from rich.console import Console

from trueweight.cli._drift import measure_drift, replay, write_ladder
from trueweight.cli._transport import TRANSPORT
from trueweight.config import keys_for, load_providers
from trueweight.core import DriftMode
from trueweight.drift import DEFAULT_REQUESTS, DriftSettings, load_ladder
from trueweight.wire import TransportName, WireSettings
from trueweight.workflow.drift import prepare_drift

_PROVIDERS = click.option("--providers", "providers_file", type=click.Path(path_type=Path), help="providers.toml")
_OUT = click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Run directory.")
_MODE = click.option(
    "--mode",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", *(mode.value for mode in DriftMode)]),
    help="What to compare; auto takes logprobs where both sides show them, else greedy texts.",
)
_SEED = click.option("--seed", default=0, show_default=True, type=int, help="Of the prompts' leads and the order.")
_FRESH = click.option("--fresh", is_flag=True, help="Throw away the run that is in --out and start over.")
_QUIET = click.option("--quiet", is_flag=True, help="Print only where the result is.")


@click.group(invoke_without_command=True, short_help="Is it the same model? Compare each provider with the reference.")
@_PROVIDERS
@_OUT
@_MODE
@click.option("--alpha", default=0.05, show_default=True, type=float, help="False-alarm rate, over all candidates.")
@click.option(
    "--max-requests",
    default=DEFAULT_REQUESTS,
    show_default=True,
    type=click.IntRange(1),
    metavar="N",
    help="Most requests to each candidate.",
)
@click.option("--ladder", "ladder_file", type=click.Path(path_type=Path), help="What `drift calibrate` wrote.")
@_SEED
@TRANSPORT
@_FRESH
@_QUIET
@click.pass_context
def command(
    context: click.Context,
    *,
    providers_file: Path | None,
    out: Path | None,
    mode: str,
    alpha: float,
    max_requests: int,
    ladder_file: Path | None,
    seed: int,
    transport: str,
    fresh: bool,
    quiet: bool,
) -> int | None:
    """Ask the reference twice or more and every candidate once, prompt after prompt, until each verdict is known.

    Verdicts: drift, equivalent (within what honest stacks differ by), inconclusive, misconfigured. False alarms stay
    below --alpha however often one looks. Exit code 1 if anyone drifts or is misconfigured, 4 if anyone is open.
    """
    if context.invoked_subcommand is not None:
        return None
    if providers_file is None or out is None:
        raise click.UsageError("Missing option '--providers' or '--out'.", context)
    providers = load_providers(providers_file, environ=os.environ)
    settings = DriftSettings(
        mode=None if mode == "auto" else DriftMode(mode), alpha=alpha, max_requests=max_requests, seed=seed
    )
    recording = prepare_drift(providers, settings, load_ladder(ladder_file) if ladder_file else None)
    return measure_drift(
        recording,
        out,
        keys=keys_for(providers, os.environ),
        settings=WireSettings(transport=TransportName(transport)),
        fresh=fresh,
        quiet=quiet,
    )


@command.command("replay")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
def replay_command(directory: Path) -> int:
    """Recompute everything from the record, offline, and say whether it is what stands there."""
    return replay(directory, Console(emoji=False))


@command.command()
@_PROVIDERS
@_OUT
@_MODE
@click.option("--prompts", default=60, show_default=True, type=click.IntRange(8), help="Prompts to ask.")
@click.option("--ladder", "ladder_file", required=True, type=click.Path(path_type=Path), help="File to write.")
@_SEED
@TRANSPORT
@_FRESH
@_QUIET
@click.pass_context
def calibrate(
    context: click.Context,
    *,
    providers_file: Path | None,
    out: Path | None,
    mode: str,
    prompts: int,
    ladder_file: Path,
    seed: int,
    transport: str,
    fresh: bool,
    quiet: bool,
) -> int:
    """Record a ladder: your own unquantised file as the reference, your quantised ones as candidates.

    Every prompt is asked of all of them. Give the file that it writes to `drift --ladder`.
    """
    if providers_file is None or out is None:
        raise click.UsageError("Missing option '--providers' or '--out'.", context)
    providers = load_providers(providers_file, environ=os.environ)
    settings = DriftSettings(
        mode=None if mode == "auto" else DriftMode(mode), max_requests=prompts, seed=seed, screen=0, stop=False
    )
    code = measure_drift(
        prepare_drift(providers, settings),
        out,
        keys=keys_for(providers, os.environ),
        settings=WireSettings(transport=TransportName(transport)),
        fresh=fresh,
        quiet=quiet,
    )
    return write_ladder(out, ladder_file, code)
