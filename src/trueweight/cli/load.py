"""``trueweight load``: one suite at rising load, and where each provider saturates."""

from __future__ import annotations

import os
from pathlib import Path

import click

from trueweight.cli._amounts import Amount
from trueweight.cli._load import levels_of, run_load
from trueweight.cli._transport import TRANSPORT
from trueweight.config import keys_for, load_providers
from trueweight.core import Mode
from trueweight.suites import find_suite
from trueweight.wire import ArrivalKind, TransportName, WireSettings
from trueweight.workflow.load import parse_slo


@click.command()
@click.option("--providers", "providers_file", required=True, type=click.Path(path_type=Path), help="providers.toml")
@click.option("--suite", required=True, metavar="SUITE", help="Shipped suite by name, or a file. Its cases take turns.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Directory of the sweep.")
@click.option("--concurrency", metavar="N,N,…", help="Levels of a closed loop.  [default: 1,2,4,8,16,32]")
@click.option("--rate", metavar="R,R,…", help="Levels of an open loop instead: requests started per second.")
@click.option(
    "--arrivals",
    type=click.Choice([kind.value for kind in ArrivalKind]),
    default=ArrivalKind.POISSON.value,
    show_default=True,
    help="How the starts of --rate are spread.",
)
@click.option("--requests", default=64, show_default=True, type=click.IntRange(1), help="At each level, per provider.")
@click.option("--slo", default="", metavar="LIMITS", help="What makes a request good, e.g. ttft=500ms,tpot=50ms.")
@click.option("--plain", is_flag=True, help="Plain replies instead of streams.")
@click.option("--retries", default=0, show_default=True, type=click.IntRange(0), help="After a failure of transport.")
@click.option("--budget", type=Amount(), metavar="USD", help="Of each level and provider.")
@TRANSPORT
@click.option("--seed", default=0, show_default=True, type=int, help="Of arrivals, order and resampling.")
@click.option("--quiet", is_flag=True, help="Print only where the page is.")
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
    plain: bool,
    retries: int,
    budget: float | None,
    transport: str,
    seed: int,
    quiet: bool,
) -> int:
    """Send one suite at rising load, and show throughput, goodput and times at each level.

    The same command on the same directory goes on where it stopped.
    """
    providers = load_providers(providers_file, environ=os.environ)
    return run_load(
        out,
        levels_of(concurrency, rate),
        find_suite(suite),
        providers,
        slo=parse_slo(slo),
        requests=requests,
        mode=Mode.PLAIN if plain else Mode.STREAM,
        seed=seed,
        keys=keys_for(providers, os.environ),
        settings=WireSettings(
            concurrency=256,
            retries=retries,
            budget_usd=budget,
            arrivals=ArrivalKind(arrivals),
            transport=TransportName(transport),
        ),
        quiet=quiet,
    )
