"""Send a run that a command builds itself, and say on stderr what could not be sent."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from trueweight.cli._probing import print_stopped
from trueweight.cli._screen import stopped_api_lines
from trueweight.config import keys_for
from trueweight.report.text import visible
from trueweight.wire import SendResult, WireSettings, run_loop
from trueweight.workflow.probe import read_probe
from trueweight.workflow.send_whole import BuiltRun, send_whole


def send_built(
    built: BuiltRun,
    directory: Path,
    *,
    settings: WireSettings,
    probing: bool = True,
    fresh: bool = False,
    retry_errors: bool = False,
) -> SendResult:
    """Send what the directory does not have yet, as ``trueweight run`` does.

    Raises:
        ConfigError: if a key is missing, or another process writes to the directory.
    """
    result = run_loop(
        partial(
            send_whole,
            built,
            directory,
            keys=keys_for(built.manifest.providers, os.environ),
            settings=settings,
            fresh=fresh,
            retry_errors=retry_errors,
            probing=probing,
        )
    )
    probe = read_probe(directory) if probing else None
    if probe is not None:
        print_stopped(probe, Console(stderr=True, emoji=False))
    for line in stopped_api_lines(result):
        click.echo(visible(line), err=True)
    for name, reason in result.stopped.items():
        click.echo(visible(f"{name}: stopped ({reason})"), err=True)
    return result
