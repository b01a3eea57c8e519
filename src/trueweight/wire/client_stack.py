"""The software that sent a run's requests, as ``client.json`` keeps it."""

from __future__ import annotations

import asyncio
import importlib.metadata
import ssl
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CarrierUse:
    """A carrier and the providers whose requests it carries, for ``client.json`` and the terminal.

    Attributes:
        name, version, reason: as in `Carrier`; the name is ``custom`` for a transport that a program passed in.
        proxy: the proxy's scheme; None if there is none.
        providers: their names, sorted.
    """

    name: str
    version: str
    reason: str
    proxy: str | None
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClientStack:
    """The software that sent a run's requests.

    Attributes:
        loop: the event loop's package and version.
        tls: the TLS library's version.
    """

    loop: str = ""
    tls: str = ""
    carriers: tuple[CarrierUse, ...] = ()

    @classmethod
    def current(cls, carriers: tuple[CarrierUse, ...]) -> ClientStack:
        """Of the event loop that is running."""
        package = type(asyncio.get_running_loop()).__module__.partition(".")[0]
        loop = f"uvloop {importlib.metadata.version('uvloop')}" if package == "uvloop" else "asyncio"
        return cls(loop, ssl.OPENSSL_VERSION, carriers)
