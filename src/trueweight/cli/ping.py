"""``trueweight ping``: probe each provider, and say what is wrong with its setup."""

from __future__ import annotations

import os
from pathlib import Path

import click

from trueweight.cli._options import (
    api_option,
    budget_option,
    chosen_providers,
    json_option,
    providers_option,
    transport_option,
)
from trueweight.core import ExitCode


@click.command()
@providers_option()
@click.option("--provider", "names", multiple=True, metavar="NAME", help="Probe only this provider. Repeatable.")
@api_option
@transport_option
@budget_option("Send no request that could exceed this cost.")
@json_option
def command(
    *,
    providers_file: Path,
    names: tuple[str, ...],
    apis: tuple[str, ...],
    transport: str,
    budget: float | None,
    as_json: bool,
) -> int:
    """Send each provider two or three small requests: is its setup right, and how does its model answer?

    `trueweight run` does the same before each run. Exit 3: a provider has a setup fault, or does not answer.
    """
    from functools import partial

    from rich.console import Console

    from trueweight.cli._screen import say
    from trueweight.config import keys_for
    from trueweight.core import ConfigError, near_miss
    from trueweight.profiles import fitting
    from trueweight.report.words import probe_lines
    from trueweight.wire import TransportName, WireSettings, run_loop
    from trueweight.workflow.probe import encode_probe, probe_providers

    providers = chosen_providers(providers_file, apis)
    known = [provider.name for provider in providers]
    for name in names:
        if name not in known:
            raise ConfigError(
                f"no provider {name!r}", code="unknown-provider", where="--provider", hint=near_miss(name, known)
            )
    chosen = [provider for provider in providers if not names or provider.name in names]
    settings = WireSettings(budget_usd=budget, transport=TransportName(transport))
    keys = keys_for(chosen, os.environ)
    handle = os.name == "posix"
    found = run_loop(partial(probe_providers, chosen, keys=keys, settings=settings, handle_signals=handle))
    if as_json:
        click.echo(encode_probe(found.probe), nl=False)
    else:
        screen = Console(emoji=False)
        for one in found.probe.providers:
            mark = "✕" if one.fault is not None else "✓" if one.answered else "?"
            say(screen, f"{mark} {one.provider}, {one.api}: {one.model} at {one.base_url}")
            for line in filter(None, probe_lines(one)):
                say(screen, f"    {line}")
            if (profile := fitting(one.model)) is not None:
                say(screen, f"    Profile: {profile.label} fits the model id.")
    if found.interrupted:
        return int(ExitCode.INTERRUPTED)
    probed = {(one.provider, one.api) for one in found.probe.providers if one.fault is None and one.answered}
    whole = all((provider.name, api) in probed for provider in chosen for api in provider.api)
    return int(ExitCode.OK if whole else ExitCode.INFRASTRUCTURE)
