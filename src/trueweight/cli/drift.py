"""``trueweight drift``: compare output distributions with the reference, prompt by prompt, until it is decided."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trueweight.cli._help import examples
from trueweight.cli._options import (
    FOLDER,
    PATH,
    api_option,
    budget_option,
    dry_run_option,
    fresh_option,
    json_option,
    no_probe_option,
    out_option,
    profile_option,
    providers_option,
    quiet_option,
    seed_option,
    transport_option,
)
from trueweight.cli._providers import chosen_providers
from trueweight.core import DriftMode, ExitCode, ThinkingMode
from trueweight.core.estimate import ALPHA

if TYPE_CHECKING:
    from trueweight.core.probe import Probe
    from trueweight.workflow.send import PreparedRun

MAX_REQUESTS = 240
"""``drift.DEFAULT_REQUESTS``; a test holds that they are the same. Importing it would slow every ``--help``."""

_PROVIDERS = providers_option(required=False)
_OUT = out_option("Run directory. Run the same command again to resume.", required=False)
_MODE = click.option(
    "--mode",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", *(mode.value for mode in DriftMode)]),
    help="Output to compare; auto: log-probabilities if both sides return them, else greedy texts.",
)
_SEED = seed_option("the prompts and their order")
_QUIET = quiet_option("Print only the path of the result.")


@click.group(
    invoke_without_command=True,
    short_help="Compare each provider's output distribution with the reference",
    epilog=examples(
        "trueweight drift --providers providers.toml --out runs/drift --dry-run",
        "trueweight drift --providers providers.toml --out runs/drift",
    ),
)
@_PROVIDERS
@_OUT
@_MODE
@click.option(
    "--alpha",
    default=ALPHA,
    show_default=True,
    type=float,
    help="False discovery rate: of the candidates found to drift, the expected share that do not.",
)
@click.option(
    "--max-requests",
    default=MAX_REQUESTS,
    show_default=True,
    type=click.IntRange(1),
    metavar="N",
    help="Stop after N requests to a candidate.",
)
@click.option(
    "--ladder", "ladder_file", type=PATH, metavar="FILE", help="Ladder of precisions that `drift calibrate` wrote."
)
@click.option(
    "--tolerances",
    "tolerances_file",
    type=PATH,
    metavar="FILE",
    help="Tolerances of honest hosts that `drift calibrate` wrote.  [default: of the lab's engines]",
)
@api_option
@profile_option
@_SEED
@budget_option("Send no request that could exceed this cost.")
@transport_option
@no_probe_option
@fresh_option
@dry_run_option
@json_option()
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
    tolerances_file: Path | None,
    apis: tuple[str, ...],
    profile: str,
    seed: int,
    budget: float | None,
    transport: str,
    no_probe: bool,
    fresh: bool,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> int | None:
    """Send the same questions to the reference and to every candidate, until each verdict is known.

    Verdicts: drift (more than honest engines differ), equivalent (less), inconclusive, misconfigured. The difference is
    given in nats, with what the noise hides. The test is sequential: the false discovery rate is at most --alpha
    whenever it stops.

    \b
    Exit codes:
      0  every candidate is equivalent
      1  a candidate drifts or is misconfigured
      3  a provider never answered
      4  a candidate is inconclusive
    """
    if context.invoked_subcommand is not None:
        return None
    if providers_file is None or (out is None and not dry_run):
        raise click.UsageError("Missing option '--providers' or '--out'.", context)

    from trueweight.cli._forecast import print_drift_forecast
    from trueweight.cli._measure_drift import measure_drift
    from trueweight.cli._probing import known_probe
    from trueweight.config import keys_for
    from trueweight.drift import DriftSettings, load_ladder, load_tolerances, shipped_thresholds
    from trueweight.profiles import request_rules
    from trueweight.wire import TransportName, WireSettings
    from trueweight.workflow.drift import prepare_drift, settings_for
    from trueweight.workflow.probe import is_known
    from trueweight.workflow.thinking import ways_to_try, with_profile

    providers = chosen_providers(providers_file, apis)
    shipped = shipped_thresholds()
    settings = DriftSettings(
        mode=None if mode == "auto" else DriftMode(mode),
        alpha=alpha,
        max_requests=max_requests,
        seed=seed,
        thresholds=load_tolerances(tolerances_file).applied(shipped) if tolerances_file else shipped,
    )
    rules = request_rules(providers, profile=profile)
    ladder = load_ladder(ladder_file) if ladder_file else None

    def build(probe: Probe | None) -> PreparedRun:
        known = with_profile(providers, rules.profile, probe)
        return prepare_drift(known, settings_for(settings, rules, known, probe), ladder)

    wire = WireSettings(transport=TransportName(transport), budget_usd=budget)
    ways = ways_to_try(providers, rules.profile, [ThinkingMode.OFF])
    if dry_run or out is None:
        known = None if out is None else known_probe(out, providers, None, ways, fresh=fresh)
        probed = () if no_probe else [one for one in providers if not is_known(one, known, ways)]
        print_drift_forecast(build(known), wire, as_json=as_json, probed=probed, probe=known)
        return 0
    return measure_drift(
        build(None),
        out,
        keys=keys_for(providers, os.environ),
        settings=wire,
        fresh=fresh,
        quiet=quiet,
        probing=not no_probe,
        switches=ways,
        as_json=as_json,
        build=build,
    )


@command.command(
    "replay",
    short_help="Recompute drift from the recorded exchanges",
    epilog=examples("trueweight drift replay runs/drift"),
)
@click.argument("directory", metavar="DIR", type=FOLDER)
@json_option()
def replay_command(directory: Path, *, as_json: bool) -> int:
    """Recompute drift from the recorded exchanges and compare with DIR/drift.json. Uses no network."""
    from rich.console import Console

    from trueweight.cli._measure_drift import replay

    return replay(directory, Console(emoji=False), as_json=as_json)


@command.command(
    short_help="Record a ladder of precisions, or tolerances of honest hosts",
    epilog=examples("trueweight drift calibrate --providers lab.toml --out runs/lab --ladder lab.json"),
)
@_PROVIDERS
@_OUT
@_MODE
@click.option("--prompts", default=60, show_default=True, type=click.IntRange(8), metavar="N", help="Send N prompts.")
@click.option("--ladder", "ladder_file", type=PATH, metavar="FILE", help="Write a ladder of precisions.")
@click.option(
    "--tolerances", "tolerances_file", type=PATH, metavar="FILE", help="Write tolerances: all providers are honest."
)
@_SEED
@budget_option("Send no request that could exceed this cost.")
@transport_option
@no_probe_option
@fresh_option
@dry_run_option
@json_option()
@_QUIET
@click.pass_context
def calibrate(
    context: click.Context,
    *,
    providers_file: Path | None,
    out: Path | None,
    mode: str,
    prompts: int,
    ladder_file: Path | None,
    tolerances_file: Path | None,
    seed: int,
    budget: float | None,
    transport: str,
    no_probe: bool,
    fresh: bool,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Record a ladder of precisions, or the tolerances of honest hosts. Every prompt is sent to all providers.

    With --ladder: your unquantised model is the reference, quantised ones are candidates. With --tolerances: all are
    honest hosts of the same model; `drift` then reports what differs by more than they do among each other.
    """
    if providers_file is None or out is None:
        raise click.UsageError("Missing option '--providers' or '--out'.", context)
    if (ladder_file is None) == (tolerances_file is None):
        raise click.UsageError("Give one of '--ladder' and '--tolerances'.", context)

    from trueweight.cli._forecast import print_drift_forecast
    from trueweight.cli._measure_drift import measure_drift, write_ladder, write_tolerances
    from trueweight.cli._probing import known_probe
    from trueweight.config import keys_for, load_providers
    from trueweight.drift import DriftSettings
    from trueweight.wire import TransportName, WireSettings
    from trueweight.workflow.drift import prepare_drift
    from trueweight.workflow.probe import is_known

    providers = load_providers(providers_file, environ=os.environ)
    settings = DriftSettings(
        mode=None if mode == "auto" else DriftMode(mode), max_requests=2 * prompts, seed=seed, screen=0, stop=False
    )
    prepared = prepare_drift(providers, settings)
    wire = WireSettings(transport=TransportName(transport), budget_usd=budget)
    if dry_run:
        known = known_probe(out, providers, None, {}, fresh=fresh)
        probed = () if no_probe else [one for one in providers if not is_known(one, known)]
        print_drift_forecast(prepared, wire, as_json=as_json, probed=probed, probe=known)
        return int(ExitCode.OK)
    code = measure_drift(
        prepared,
        out,
        keys=keys_for(providers, os.environ),
        settings=wire,
        fresh=fresh,
        quiet=quiet,
        as_json=as_json,
        probing=not no_probe,
    )
    if tolerances_file is not None and code is not ExitCode.INTERRUPTED:
        return write_tolerances(out, tolerances_file, err=as_json)
    return code if ladder_file is None else write_ladder(out, ladder_file, code, err=as_json)
