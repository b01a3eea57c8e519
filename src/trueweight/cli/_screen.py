"""Lines on the terminal that may hold text of providers: escaped, cut, and without markup."""

from __future__ import annotations

import shlex
import urllib.request
import webbrowser
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console

from trueweight.core import ExitCode, Provider
from trueweight.report import for_log
from trueweight.report.words import api_title
from trueweight.store import RunDir
from trueweight.wire import SendResult, TransportName, WireSettings, carriers_of

_LISTED = 5
INTERRUPTED = "Interrupted. Run the same command again to resume."


def say(screen: Console, text: str) -> None:
    """Print one line as it is: control characters are escaped, and nothing in it is markup."""
    screen.print(for_log(text, limit=2_000), markup=False, emoji=False, highlight=False, soft_wrap=True)


def say_next(screen: Console, words: Sequence[str], why: str = "") -> None:
    """Print the command that comes next, as it can be copied into a shell."""
    say(screen, f"Next{why and f', {why}'}: {shlex.join(words)}")


def open_page(path: Path, screen: Console) -> None:
    """Open a page of this machine in the browser. Without a browser: say where the page is."""
    address = path.resolve().as_uri()
    if not webbrowser.open(address):
        say(screen, f"No browser was found. Open {address}")


def stopped_api_lines(result: SendResult) -> Iterator[str]:
    """A line for each API through which nothing more was sent, of providers whose other APIs went on."""
    for name, reasons in result.stopped_apis.items():
        for api, reason in reasons.items():
            yield f"{name}: {api_title(api)} stopped ({reason}); its other APIs went on"


def print_damage(run: RunDir) -> ExitCode:
    """Print the damaged lines that were left out, at most five. Infrastructure if there are any, else OK."""
    for error in run.damaged[:_LISTED]:
        click.echo(for_log(f"error[{error.code}]: {error.where}: {error.message}", limit=500), err=True)
    if len(run.damaged) > _LISTED:
        click.echo(f"… and {len(run.damaged) - _LISTED} more damaged lines", err=True)
    return ExitCode.INFRASTRUCTURE if run.damaged else ExitCode.OK


def print_carriers(providers: Iterable[Provider], settings: WireSettings, screen: Console) -> None:
    """Print a line for each carrier that is not http1.

    Raises:
        ConfigError: if the environment's proxy URL is invalid.
    """
    for carrier in carriers_of(providers, settings, urllib.request.getproxies()):
        if carrier.name == TransportName.HTTP1:
            continue
        names = ", ".join(carrier.providers)
        text = f"{names}: carried by {carrier.name} {carrier.version}, whose times are less exact ({carrier.reason})."
        say(screen, text)
