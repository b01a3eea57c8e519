"""``trueweight ping``: probe each provider, and say what is wrong with its setup, and how its model thinks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trueweight.cli._help import examples
from trueweight.cli._options import (
    api_option,
    budget_option,
    dry_run_option,
    json_option,
    profile_option,
    providers_option,
    quiet_option,
    transport_option,
)
from trueweight.cli._providers import chosen_providers, named_providers
from trueweight.core import ExitCode, Profile, Provider

if TYPE_CHECKING:
    from trueweight.assess import Bar
    from trueweight.core.probe import Probe, ProviderProbe


@click.command(
    short_help="Probe each provider: is its setup right, how does it answer?",
    epilog=examples(
        "trueweight ping --providers providers.toml",
        "trueweight ping --providers providers.toml --provider cheap-host --switches",
    ),
)
@providers_option()
@click.option("--provider", "names", multiple=True, metavar="NAME", help="Probe only this provider. Repeatable.")
@api_option
@profile_option
@click.option(
    "--switches",
    is_flag=True,
    help="Also find what switches thinking: one more request for each way that is known, until one works.",
)
@transport_option
@budget_option("Send no request that could exceed this cost.")
@dry_run_option
@json_option()
@quiet_option("Print only providers with a setup fault or without an answer.")
def command(
    *,
    providers_file: Path,
    names: tuple[str, ...],
    apis: tuple[str, ...],
    profile: str,
    switches: bool,
    transport: str,
    budget: float | None,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Send each provider three or four small requests: is its setup right, and how does its model answer?

    It says which parameters are refused, whether log-probabilities are sent, which profile fits, whether the model
    thinks, where and how long. `trueweight run` sends the same before each run, apart from the request for
    log-probabilities. Exit 3: a provider has a setup fault, or does not answer.
    """
    from functools import partial

    from trueweight.cli._forecast import print_ping_forecast
    from trueweight.config import keys_for
    from trueweight.profiles import choose_profile, ways_to_switch
    from trueweight.wire import TransportName, WireSettings, run_loop
    from trueweight.workflow.probe import encode_probe, probe_providers

    chosen = named_providers(chosen_providers(providers_file, apis), names, "--provider")
    profiles = {one.name: choose_profile(profile, [one]).profile for one in chosen}
    wire = WireSettings(budget_usd=budget, transport=TransportName(transport))
    ways = {one.name: ways_to_switch(one, profiles[one.name]) for one in chosen} if switches else {}
    if dry_run:
        print_ping_forecast(chosen, ways, wire, as_json=as_json)
        return int(ExitCode.OK)
    found = run_loop(
        partial(
            probe_providers,
            chosen,
            keys=keys_for(chosen, os.environ),
            settings=wire,
            handle_signals=os.name == "posix",
            switches=ways,
            logprobs=True,
        )
    )
    if as_json:
        click.echo(encode_probe(found.probe, profiles), nl=False)
    else:
        _print(found.probe, chosen, profiles, by_id=profile == "auto", tried=switches, quiet=quiet)
    if found.interrupted:
        return int(ExitCode.INTERRUPTED)
    probed = {(one.provider, one.api) for one in found.probe.providers if one.fault is None and one.answered}
    whole = all((provider.name, api) in probed for provider in chosen for api in provider.api)
    if whole and not as_json and not quiet:
        _print_next(providers_file)
    return int(ExitCode.OK if whole else ExitCode.INFRASTRUCTURE)


def _print_next(providers_file: Path) -> None:
    """The dry run of these providers, with the bar beside their file, if there is one, and the suites that it names."""
    from rich.console import Console

    from trueweight.cli._screen import say_next
    from trueweight.workflow.start import SUITES

    file = providers_file.parent / "bar.toml"
    bar = _readable_bar(file)
    suites = SUITES if bar is None else bar.suites or SUITES
    words = ["trueweight", "run", "--providers", str(providers_file), "--suite", ",".join(suites)]
    words += [] if bar is None else ["--bar", str(file)]
    say_next(Console(stderr=True, emoji=False), (*words, "--out", str(Path("runs", "first")), "--dry-run"))


def _readable_bar(file: Path) -> Bar | None:
    """None for a file that is not there, or is no bar: `run` says what is wrong with it."""
    from trueweight.assess import load_bar
    from trueweight.core import ConfigError

    with suppress(ConfigError):
        return load_bar(file)
    return None


def _print(
    probe: Probe,
    providers: Sequence[Provider],
    profiles: Mapping[str, Profile | None],
    *,
    by_id: bool,
    tried: bool,
    quiet: bool,
) -> None:
    from rich.console import Console

    from trueweight.cli._screen import say
    from trueweight.report.words import allowance_words, probe_lines, profile_words
    from trueweight.workflow.thinking import allowance_for

    screen = Console(emoji=False)
    by_name = {one.name: one for one in providers}
    for one in probe.providers:
        if quiet and one.fault is None and one.answered:
            continue
        mark = "✕" if one.fault is not None else "✓" if one.answered else "?"
        say(screen, f"{mark} {one.provider}, {one.api}: {one.model} at {one.base_url}")
        profile = profiles[one.provider]
        lines = [*probe_lines(one), profile_words(profile, one, by_id=by_id)]
        if not tried:
            lines += _untried(one, by_name[one.provider], profile)
        for line in filter(None, lines):
            say(screen, f"    {line}")
    if quiet:
        return
    main = next((found for one in providers if (found := profiles[one.name]) is not None), None)
    if allowance := allowance_for(providers, main, probe):
        words = allowance_words(allowance)
        say(screen, f"In a run {words[0].lower()}{words[1:]}")


def _untried(one: ProviderProbe, provider: Provider, profile: Profile | None) -> Iterator[str]:
    """How to find what turns a thought off, and how many requests that takes."""
    from trueweight.profiles import ways_to_switch
    from trueweight.report.numbers import counted

    if one.thinking is not None and (ways := ways_to_switch(provider, profile).off):
        requests = counted(len(ways), "request")
        yield f"Switches: not tried. --switches finds one that turns thinking off, in up to {requests}."
