"""``trueweight run``: send suites to providers, record, judge, report."""

from __future__ import annotations

import os
from pathlib import Path

import click
from rich.console import Console

from trueweight.assess import load_bar
from trueweight.cli._amounts import Amount
from trueweight.cli._flow import run_all, show_forecast
from trueweight.cli._transport import TRANSPORT
from trueweight.config import keys_for, load_providers
from trueweight.core import ConfigError, parse_shard
from trueweight.drift import DriftSettings
from trueweight.report import visible
from trueweight.suites import find_suite
from trueweight.wire import ArrivalKind, TransportName, WireSettings
from trueweight.workflow.drift import prepare_drift
from trueweight.workflow.options import RunOptions
from trueweight.workflow.send import prepare
from trueweight.workflow.shards import divide, say_division

CLOSED, OPEN = 8, 256


@click.command()
@click.option("--providers", "providers_file", required=True, type=click.Path(path_type=Path), help="providers.toml")
@click.option(
    "--suite",
    "suites",
    multiple=True,
    required=True,
    metavar="SUITE",
    help="Shipped suite by name, .yaml, .jsonl or .py file, or a directory of them. Repeatable.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Run directory.")
@click.option("--repeats", default=1, show_default=True, type=click.IntRange(1), help="Times to ask each case.")
@click.option("--examples", type=click.IntRange(1), metavar="N", help="Cases that each property suite yields.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N cases of each suite.")
@click.option(
    "--seed", default=0, show_default=True, type=int, help="Of drawn cases, of the order of trials, of resampling."
)
@click.option(
    "--concurrency",
    type=click.IntRange(1),
    help=f"Requests at once, per provider and ask.  [default: {CLOSED}, with --rate {OPEN}]",
)
@click.option("--rate", type=Amount(), metavar="R", help="Open loop: start R requests/s each.")
@click.option(
    "--arrivals",
    type=click.Choice([kind.value for kind in ArrivalKind]),
    default=ArrivalKind.POISSON.value,
    show_default=True,
    help="How the starts of --rate are spread.",
)
@click.option("--http2", is_flag=True, help="Offer HTTP/2, over httpx's stack; needs trueweight[http2].")
@TRANSPORT
@click.option("--retries", default=3, show_default=True, type=click.IntRange(0), help="After a failure of transport.")
@click.option("--budget", type=Amount(), metavar="USD", help="Stop before it is crossed.")
@click.option("--max-requests", type=click.IntRange(1), metavar="N", help="Stop before it is crossed.")
@click.option(
    "--bar",
    "bar_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="bar.toml: what to demand, written before the run. Exit code 1 if it is missed, 4 if that is open.",
)
@click.option(
    "--shard",
    metavar="K/N",
    help="Send only the K-th of N parts, with an N-th of every limit; `trueweight merge` joins them.",
)
@click.option("--drift", is_flag=True, help="Also measure drift from the reference, as `trueweight drift` does.")
@click.option("--fresh", is_flag=True, help="Throw away the run that is in --out and start over.")
@click.option("--retry-errors", is_flag=True, help="Send again what failed on the way; nothing else.")
@click.option("--dry-run", is_flag=True, help="Print trials, requests and a cost ceiling; send nothing.")
@click.option("--quiet", is_flag=True, help="Print only where the report is.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON instead of a table.")
def command(
    *,
    providers_file: Path,
    suites: tuple[str, ...],
    out: Path,
    repeats: int,
    examples: int | None,
    limit: int | None,
    seed: int,
    concurrency: int | None,
    rate: float | None,
    arrivals: str,
    http2: bool,
    transport: str,
    retries: int,
    budget: float | None,
    max_requests: int | None,
    bar_file: Path | None,
    shard: str | None,
    drift: bool,
    fresh: bool,
    retry_errors: bool,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Ask every provider the same things, record every byte, judge, and write a report.

    The same command on the same directory goes on where it stopped: what is on record is never sent again.
    """
    providers = load_providers(providers_file, environ=os.environ)
    part = None if shard is None else parse_shard(shard)
    options = RunOptions(repeats=repeats, limit=limit, examples=examples, seed=seed, shard=part)
    found = [find_suite(name, examples=examples, seed=seed) for name in suites]
    recording = prepare(providers, found, options, bar=None if bar_file is None else load_bar(bar_file))
    if drift and part is not None:
        hint = "Each answer decides what is asked next: run `trueweight drift --out DIR` by itself."
        raise ConfigError("drift cannot be sharded", code="shard-drift", where="--shard", hint=hint)
    if drift:
        recording = prepare_drift(providers, DriftSettings(seed=seed), beside=recording)
    settings = WireSettings(
        concurrency=concurrency or (OPEN if rate else CLOSED),
        retries=retries,
        budget_usd=budget,
        max_requests=max_requests,
        rate=rate,
        arrivals=ArrivalKind(arrivals),
        seed=seed,
        http2=http2,
        transport=TransportName(transport),
    )
    if part is not None:
        for sentence in () if quiet else say_division(settings, part, providers):
            click.echo(visible(sentence), err=True)
        settings = divide(settings, part)
    if dry_run:
        show_forecast(recording.plan, settings, Console(emoji=False))
        return 0
    return run_all(
        recording,
        out,
        keys=keys_for(providers, os.environ),
        settings=settings,
        fresh=fresh,
        retry_errors=retry_errors,
        quiet=quiet,
        as_json=as_json,
    )
