"""``trueweight run``: send suites to providers, record, judge, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trueweight.cli._engine import LOCAL, chosen_sender, engine_option, keys_here, needs_keys, shards_option
from trueweight.cli._help import examples
from trueweight.cli._options import (
    MB,
    PATH,
    Amount,
    allowance_option,
    api_option,
    arrivals_option,
    asked_by_option,
    bar_option,
    budget_option,
    dry_run_option,
    fresh_option,
    json_option,
    max_response_option,
    no_probe_option,
    open_option,
    out_option,
    profile_option,
    providers_option,
    quiet_option,
    repeating_command,
    sampling_option,
    seed_option,
    suite_option,
    thinking_option,
    transport_option,
)
from trueweight.cli._providers import chosen_providers
from trueweight.core import ConfigError, Provider, Shard, ThinkingMode, parse_shard

if TYPE_CHECKING:
    from trueweight.wire import WireSettings

CLOSED, OPEN = 8, 256
"""Concurrent requests per provider in a closed loop, and most of them in an open loop."""


@click.command(
    short_help="Send suites to every provider, record, judge and report",
    epilog=examples(
        "trueweight run --providers providers.toml --suite tool-calls,structured-output -o runs/today --dry-run",
        "trueweight run --providers providers.toml --suite tool-calls --bar bar.toml -o runs/today",
    ),
)
@providers_option()
@suite_option(
    "Suites: shipped names, .yaml, .jsonl or .py files, or folders of them, separated by commas. Repeatable.",
    required=True,
)
@out_option("Run directory. Run the same command again to resume.")
@click.option(
    "--repeats",
    default="1",
    show_default=True,
    metavar="N|auto",
    help="Send each case N times; auto: by how often the reference's first two passes differ, up to 10.",
)
@api_option
@profile_option
@sampling_option
@click.option(
    "--examples",
    type=click.IntRange(1),
    metavar="N",
    help="Draw N cases from each property suite.  [default: as the suite says]",
)
@click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="Send only the first N cases of each suite.  [default: all]"
)
@seed_option("drawn cases, trial order and resampling")
@click.option(
    "--concurrency",
    type=click.IntRange(1),
    metavar="N",
    help="Concurrent requests per provider (the reference, sent twice, gets twice as many).  "
    f"[default: {CLOSED}; with --rate {OPEN}]",
)
@click.option(
    "--rate",
    type=Amount(),
    metavar="R",
    help="Open loop: start R requests per second per provider, whether or not earlier ones have ended.",
)
@arrivals_option()
@max_response_option
@thinking_option
@allowance_option
@click.option("--http2", is_flag=True, help="Offer HTTP/2, by httpx's stack. Requires trueweight[http2].")
@transport_option
@click.option(
    "--retries",
    default=3,
    show_default=True,
    type=click.IntRange(0),
    metavar="N",
    help="Retry a request N times after a failure of transport.",
)
@budget_option("Send no request that could exceed this cost.")
@click.option(
    "--max-requests",
    type=click.IntRange(1),
    metavar="N",
    help="Send at most N requests, retries included.  [default: no limit]",
)
@bar_option("Thresholds file (bar.toml). Exit 1: a threshold is missed; 4: not enough data to tell.")
@click.option(
    "--shard",
    metavar="K/N",
    help="Send only part K of N, within an N-th of every limit. `trueweight merge` joins the parts. Of models that "
    "think, give all parts one --probe-from or --thinking-allowance.",
)
@engine_option
@shards_option
@click.option("--drift", is_flag=True, help="Also measure drift from the reference, as `trueweight drift` does.")
@asked_by_option
@no_probe_option
@click.option(
    "--probe-from",
    type=PATH,
    metavar="RUN|FILE",
    help="Take the probe of another run, or of `ping --json`, so that all shards send the same: a provider that it has "
    "ready is not probed again.",
)
@fresh_option
@click.option("--retry-errors", is_flag=True, help="Also send again the trials whose transport failed.")
@dry_run_option
@open_option
@quiet_option()
@json_option("Print the summary as JSON instead of a table.")
def command(
    *,
    providers_file: Path,
    suites: tuple[str, ...],
    out: Path,
    repeats: str,
    apis: tuple[str, ...],
    profile: str,
    sampling: str,
    examples: int | None,
    limit: int | None,
    seed: int,
    concurrency: int | None,
    rate: float | None,
    arrivals: str,
    max_response_mb: float,
    thinking: tuple[str, ...],
    thinking_allowance: int | None,
    http2: bool,
    transport: str,
    retries: int,
    budget: float | None,
    max_requests: int | None,
    bar_file: Path | None,
    shard: str | None,
    engine: str,
    shards: str | None,
    drift: bool,
    asked_by: str,
    no_probe: bool,
    probe_from: Path | None,
    fresh: bool,
    retry_errors: bool,
    dry_run: bool,
    opened: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Send the same requests to every provider, record every byte, judge, and write a report.

    Run the same command again to resume: no recorded trial is sent again, but for those of damaged lines. Exit 3, where
    it would be 0, while a damaged line is left: `--fresh` starts over.
    """
    from rich.console import Console

    from trueweight.assess import load_bar
    from trueweight.cli._forecast import print_forecast
    from trueweight.cli._probing import known_probe
    from trueweight.cli._screen import say_next
    from trueweight.cli._send_and_report import send_and_report
    from trueweight.drift import DriftSettings
    from trueweight.profiles import SamplingMode, choose_profile
    from trueweight.suites import find_suite
    from trueweight.wire import ArrivalKind, TransportName, WireSettings
    from trueweight.workflow.probe import is_known, take_probe
    from trueweight.workflow.repeats import AUTO, chosen_repeats
    from trueweight.workflow.run_builder import RunBuilder
    from trueweight.workflow.send import RunOptions
    from trueweight.workflow.thinking import MOST_PROBED, recorded_allowance, ways_to_try

    _refuse_exclusive(probe_from, no_probe=no_probe, drift=drift, shard=shard, engine=engine)
    given = None if probe_from is None else take_probe(probe_from)
    providers = chosen_providers(providers_file, apis, with_keys=needs_keys(engine, probing=not no_probe))
    part = None if shard is None else parse_shard(shard)
    chosen = choose_profile(profile, providers)
    stated = recorded_allowance(out, fresh=fresh) if thinking_allowance is None else thinking_allowance
    number, choice = chosen_repeats(repeats, providers, out, shard=part, fresh=fresh)
    modes = tuple(map(ThinkingMode, dict.fromkeys(thinking))) or (ThinkingMode.AS_SERVED,)
    growing = repeats == AUTO and choice is None
    options = RunOptions(
        repeats=number,
        limit=limit,
        examples=examples,
        seed=seed,
        shard=part,
        choice=choice,
        repeats_may_grow=growing,
        asked_by=asked_by,
    )
    builder = RunBuilder(
        providers,
        [find_suite(name, examples=examples, seed=seed) for name in suites],
        replace(options, thinking=modes),
        bar=None if bar_file is None else load_bar(bar_file),
        profile=chosen,
        sampling=SamplingMode(sampling),
        allowance=stated,
        drift=DriftSettings(seed=seed) if drift else None,
    )
    settings = WireSettings(
        concurrency=concurrency or (OPEN if rate else CLOSED),
        retries=retries,
        budget_usd=budget,
        max_requests=max_requests,
        rate=rate,
        arrivals=ArrivalKind(arrivals),
        seed=seed,
        max_response_bytes=round(max_response_mb * MB),
        http2=http2,
        transport=TransportName(transport),
    )
    if part is not None:
        settings = _divided(settings, part, providers, quiet=quiet)
    # Drift is measured with thinking off where it can be.
    ways = ways_to_try(providers, chosen.profile, {*modes, ThinkingMode.OFF} if drift else modes)
    if dry_run:
        known = known_probe(out, providers, given, ways, fresh=fresh)
        probed = () if no_probe else [one for one in providers if not is_known(one, known, ways)]
        roomiest = None if stated is not None else replace(builder, allowance=MOST_PROBED).run(known)
        print_forecast(builder.run(known), settings, as_json=as_json, probed=probed, probe=known, roomiest=roomiest)
        if not quiet and not as_json:
            say_next(Console(stderr=True, emoji=False), (*repeating_command(), "--out", str(out)))
        return 0
    keys = keys_here(engine, providers, probing=not no_probe)
    with chosen_sender(engine, shards, fresh=fresh) as sender:
        return send_and_report(
            builder.run(),
            out,
            keys=keys,
            settings=settings,
            fresh=fresh,
            retry_errors=retry_errors,
            quiet=quiet,
            as_json=as_json,
            build=builder.run,
            choosing_repeats=growing,
            probing=not no_probe,
            switches=ways,
            given=given,
            opened=opened,
            sender=sender,
        )


def _refuse_exclusive(probe_from: Path | None, *, no_probe: bool, drift: bool, shard: str | None, engine: str) -> None:
    """Refuse options that exclude each other.

    Raises:
        ConfigError: ``two-probes``, ``shard-drift``, ``engine-drift``, ``engine-shard``.
    """
    if engine != LOCAL and drift:
        hint = "Each reply decides the next request. Run `trueweight drift --out DIR` separately, on one machine."
        raise ConfigError("drift cannot be measured on a cluster", code="engine-drift", where="--engine", hint=hint)
    if engine != LOCAL and shard is not None:
        hint = "Valid: one of the two. A cluster cuts the plan itself."
        raise ConfigError(
            "--engine ray and --shard exclude each other", code="engine-shard", where="--shard", hint=hint
        )
    if no_probe and probe_from is not None:
        message = "--no-probe and --probe-from exclude each other"
        raise ConfigError(message, code="two-probes", where="--probe-from", hint="Valid: one of the two.")
    if drift and shard is not None:
        hint = "Each reply decides the next request. Run `trueweight drift --out DIR` separately."
        raise ConfigError("drift cannot be sharded", code="shard-drift", where="--shard", hint=hint)


def _divided(settings: WireSettings, part: Shard, providers: Sequence[Provider], *, quiet: bool) -> WireSettings:
    """This part's share of the limits, which it prints."""
    from trueweight.report import visible
    from trueweight.report.words.shards import division_words
    from trueweight.workflow.shards import divide

    share = divide(settings, part)
    for sentence in () if quiet else division_words(settings, share, part, providers):
        click.echo(visible(sentence), err=True)
    return share
