"""``trueweight demo``: a whole run on the simulated fleet."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trueweight.cli._help import examples
from trueweight.cli._options import FOLDER, dry_run_option, json_option, open_option, quiet_option, seed_option
from trueweight.core import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from trueweight.core.summary import Summary

THOUGHT = 512
"""Tokens for the thoughts of the provider that thinks; the fleet is known, so no probe measures them."""
OWN_HOSTS = (
    "trueweight init",
    "trueweight ping --providers providers.toml",
    "trueweight run --providers providers.toml --bar bar.toml --suite tool-calls,structured-output --out runs/first",
)
SUITES = ("tool-calls", "structured-output")


@click.command(short_help="Find the faulty ones of nine simulated providers", epilog=examples("trueweight demo --open"))
@click.option("-o", "--out", type=FOLDER, metavar="DIR", help="Run directory.  [default: trueweight-demo]")
@click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="Send only the first N cases of each suite.  [default: all]"
)
@seed_option("trial order and resampling")
@click.option("--drift/--no-drift", default=True, show_default=True, help="Also measure drift from the reference.")
@dry_run_option
@open_option
@quiet_option()
@json_option("Print the summary as JSON instead of a table.")
def command(
    *,
    out: Path | None,
    limit: int | None,
    seed: int,
    drift: bool,
    dry_run: bool,
    opened: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Start nine simulated providers on this machine, some of them faulty, and find the faulty ones.

    They are real HTTP servers with a small language model each. Nothing leaves this machine. No key is needed.
    """
    from trueweight.cli._forecast import print_forecast
    from trueweight.cli._send_and_report import send_and_report
    from trueweight.config import load_providers
    from trueweight.drift import DriftSettings
    from trueweight.fleet.child import running_fleet
    from trueweight.suites import find_suite
    from trueweight.wire import WireSettings
    from trueweight.workflow.drift import prepare_drift
    from trueweight.workflow.send import RunOptions, prepare

    with running_fleet() as providers_file:
        providers = load_providers(providers_file, environ=os.environ)
        suites = [find_suite(name) for name in SUITES]
        prepared = prepare(providers, suites, RunOptions(limit=limit, seed=seed, thinking_allowance=THOUGHT))
        if drift:
            off = {one.name: one.thinking.off for one in providers if one.thinking.off is not None}
            prepared = prepare_drift(providers, DriftSettings(seed=seed, thinking_off=off), beside=prepared)
        # Low concurrency: clients and servers share this machine's cores, and a queue would look like latency.
        settings = WireSettings(concurrency=2, backoff_base=0.05)
        if dry_run:
            print_forecast(prepared, settings, as_json=as_json, probed=())
            return int(ExitCode.OK)
        directory = out or _free_directory()
        return send_and_report(
            prepared,
            directory,
            keys={},
            settings=settings,
            quiet=quiet,
            as_json=as_json,
            probing=False,
            opened=opened,
            ending=_end,
        )


def _end(summary: Summary, screen: Console) -> None:
    """What was found, and the commands that do the same with the user's own hosts."""
    from trueweight.cli._screen import say
    from trueweight.core.assessment import Recommendation
    from trueweight.report.words import ranked

    found: dict[str, list[str]] = {}
    for one in ranked(summary):
        if one.recommendation is not Recommendation.REFERENCE:
            found.setdefault(one.word, []).append(one.name)
    say(screen, "Found: " + "; ".join(f"{word}: {', '.join(names)}" for word, names in found.items()) + ".")
    say(screen, "The same with your own hosts, whose keys stay in environment variables:")
    for command in OWN_HOSTS:
        say(screen, f"  {command}")


def _free_directory() -> Path:
    names = itertools.chain(["trueweight-demo"], (f"trueweight-demo-{number}" for number in itertools.count(2)))
    return next(path for path in map(Path, names) if not path.exists())
