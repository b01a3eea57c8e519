"""The line on the terminal that says which providers httpx's stack carries, and why."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterable

from rich.console import Console

from trueweight.cli._screen import say
from trueweight.core import Provider
from trueweight.wire import TransportName, WireSettings, carriers_of


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
