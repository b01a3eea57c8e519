"""``trueweight load``: one suite at increasing load."""

from __future__ import annotations

from pathlib import Path

import click

from trueweight.cli._engine import chosen_sender, engine_option, keys_here, needs_keys, shards_option
from trueweight.cli._help import examples
from trueweight.cli._options import (
    MB,
    allowance_option,
    api_option,
    arrivals_option,
    budget_option,
    dry_run_option,
    json_option,
    max_response_option,
    no_probe_option,
    out_option,
    profile_option,
    providers_option,
    quiet_option,
    sampling_option,
    seed_option,
    transport_option,
)
from trueweight.cli._providers import chosen_providers
from trueweight.core import Mode


@click.command(
    short_help="Send one suite at increasing load: throughput and times",
    epilog=examples(
        "trueweight load --providers providers.toml --suite tool-calls --out runs/load",
        "trueweight load --providers providers.toml --suite text --out runs/load --rate 1,2,4 --slo ttft=500ms",
        "trueweight load --providers providers.toml --suite text --out runs/load --rate 500 --engine ray",
    ),
)
@providers_option()
@click.option(
    "--suite",
    required=True,
    metavar="SUITE",
    envvar="TRUEWEIGHT_SUITE",
    help="Suite, one alone: a shipped name, or a file. Its cases are sent in turn.",
)
@out_option("Directory of the sweep. Run the same command again to resume.")
@click.option(
    "--concurrency", metavar="N,N,…", help="Closed loop: concurrent requests at each level.  [default: 1,2,4,8,16,32]"
)
@click.option("--rate", metavar="R,R,…", help="Open loop: requests started per second at each level.")
@arrivals_option()
@click.option(
    "--requests",
    default=64,
    show_default=True,
    type=click.IntRange(1),
    metavar="N",
    help="Send N requests per provider at each level.",
)
@click.option(
    "--slo",
    default="",
    metavar="LIMITS",
    help="Count a request as good within these limits, e.g. ttft=500ms,tpot=50ms.  [default: no limits]",
)
@api_option
@profile_option
@sampling_option
@click.option("--plain", is_flag=True, help="Request plain replies instead of streams.")
@click.option(
    "--retries",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    metavar="N",
    help="Retry a request N times after a failure of transport.",
)
@budget_option("Cost limit of each level and provider.")
@max_response_option
@allowance_option
@transport_option
@engine_option
@shards_option
@seed_option("arrivals, order and resampling")
@no_probe_option
@dry_run_option
@json_option()
@quiet_option("Print only the path of the page.")
def command(
    *,
    providers_file: Path,
    suite: str,
    out: Path,
    concurrency: str | None,
    rate: str | None,
    arrivals: str,
    requests: int,
    slo: str,
    apis: tuple[str, ...],
    profile: str,
    sampling: str,
    plain: bool,
    retries: int,
    budget: float | None,
    max_response_mb: float,
    thinking_allowance: int | None,
    transport: str,
    engine: str,
    shards: str | None,
    seed: int,
    quiet: bool,
    no_probe: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Send one suite at increasing load, and show throughput, goodput and times at each level.

    Run the same command again to resume.
    """
    from trueweight.cli._forecast import print_load_forecast
    from trueweight.cli._run_sweep import run_sweep
    from trueweight.profiles import SamplingMode, choose_profile
    from trueweight.suites import find_suite
    from trueweight.wire import ArrivalKind, TransportName, WireSettings
    from trueweight.workflow.load import parse_levels, parse_slo
    from trueweight.workflow.run_builder import written_for

    providers = chosen_providers(providers_file, apis, with_keys=needs_keys(engine, probing=not no_probe))
    levels, chosen = parse_levels(concurrency, rate), choose_profile(profile, providers)
    mode = Mode.PLAIN if plain else Mode.STREAM
    settings = WireSettings(
        concurrency=256,
        retries=retries,
        budget_usd=budget,
        max_response_bytes=round(max_response_mb * MB),
        arrivals=ArrivalKind(arrivals),
        transport=TransportName(transport),
    )
    if dry_run:
        written = written_for(providers, find_suite(suite), chosen, SamplingMode(sampling), None, thinking_allowance)
        probed = () if no_probe else providers
        print_load_forecast(written, levels, requests, mode, settings=settings, as_json=as_json, probed=probed)
        return 0
    keys = keys_here(engine, providers, probing=not no_probe)
    with chosen_sender(engine, shards, together=True) as sender:
        return run_sweep(
            out,
            levels,
            find_suite(suite),
            providers,
            chosen=chosen,
            sampling=SamplingMode(sampling),
            slo=parse_slo(slo),
            requests=requests,
            mode=mode,
            seed=seed,
            keys=keys,
            settings=settings,
            thinking_allowance=thinking_allowance,
            quiet=quiet,
            as_json=as_json,
            probing=not no_probe,
            sender=sender,
        )
