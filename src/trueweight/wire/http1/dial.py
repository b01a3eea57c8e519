"""Opens connections: DNS, TCP to the first address that answers, a proxy's tunnel, TLS."""

from __future__ import annotations

import asyncio
import base64
import socket
import time
from ssl import SSLContext
from typing import Any, NamedTuple

import aiohappyeyeballs
import httpx

from trueweight.wire.http1.connection import Connection
from trueweight.wire.http1.tunnel import Tunnel

_DNS_TTL = 10.0
"""Seconds for which a host's addresses are kept: many connections open at once, and resolvers are slow."""
_NEXT_ADDRESS = 0.25
"""Seconds after which the next address of a host is tried beside the one before (RFC 8305, 5)."""


class Origin(NamedTuple):
    """Scheme, host and port of a server or of a proxy. ``host`` is ASCII; an IPv6 address has no brackets."""

    host: str
    port: int
    secure: bool

    @classmethod
    def of(cls, url: httpx.URL) -> Origin:
        """The origin of an http or https URL.

        Raises:
            httpx.UnsupportedProtocol: for any other URL.
        """
        if url.scheme not in ("http", "https") or not url.host:
            raise httpx.UnsupportedProtocol(f"not a URL of HTTP: {url}")
        secure = url.scheme == "https"
        return cls(url.raw_host.decode("ascii"), url.port or (443 if secure else 80), secure)

    @property
    def authority(self) -> str:
        """``host:port``, as CONNECT names it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Dialer:
    """Opens connections to servers, directly or through one proxy."""

    def __init__(self, tls: SSLContext, proxy: httpx.Proxy | None = None) -> None:
        """``tls`` verifies servers, and a proxy that is reached by https."""
        self._tls = tls
        self._proxy = None if proxy is None else Origin.of(proxy.url)
        self._credentials = _credentials(proxy)
        self._lookups: dict[Origin, tuple[asyncio.Future[list[Any]], float]] = {}

    def forwards(self, origin: Origin) -> bool:
        """Whether a proxy forwards the requests to this server, and so needs the whole URL in each of them."""
        return self._proxy is not None and not origin.secure

    @property
    def credentials(self) -> bytes:
        """The ``Proxy-Authorization`` header line with its line end; empty if there is none."""
        return self._credentials

    async def connect(self, origin: Origin, connection: Connection) -> None:
        """Connect to the server.

        Raises:
            OSError, RuntimeError: from DNS, TCP or TLS; uvloop raises some of its errors as RuntimeError.
            httpx.ProxyError, httpx.ConnectError: from the proxy.
        """
        loop = asyncio.get_running_loop()
        hop = self._proxy or origin
        addresses = await self._look_up(hop)
        sock = await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS, interleave=1)
        tunnel = Tunnel() if self._proxy is not None and origin.secure else None
        # The loop owns the socket from here on. To close it here too could close another one that got its number.
        plain, _ = await loop.create_connection(lambda: tunnel or connection, sock=sock)
        try:
            transport: asyncio.Transport = plain
            if hop.secure:
                transport = await self._start_tls(transport, tunnel or connection, hop.host)
            if tunnel is not None:
                await tunnel.open(transport, origin.authority, self._credentials)
                transport = await self._start_tls(transport, connection, origin.host)
        except BaseException:
            plain.abort()
            raise
        if transport is not plain:
            connection.use_transport(transport)

    async def _start_tls(
        self, transport: asyncio.Transport, protocol: asyncio.Protocol, host: str
    ) -> asyncio.Transport:
        loop = asyncio.get_running_loop()
        secure = await loop.start_tls(transport, protocol, self._tls, server_hostname=host.rstrip("."))
        assert secure is not None
        return secure

    async def _look_up(self, origin: Origin) -> list[Any]:
        """The host's addresses. Callers at the same time share one lookup and its error."""
        lookup, since = self._lookups.get(origin, (None, 0.0))
        if lookup is None or (lookup.done() and (time.monotonic() - since > _DNS_TTL or lookup.exception())):
            loop = asyncio.get_running_loop()
            lookup = asyncio.ensure_future(loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM))
            self._lookups[origin] = lookup, time.monotonic()
        return await asyncio.shield(lookup)

    def close(self) -> None:
        """Give up the lookups under way."""
        for lookup, _ in self._lookups.values():
            lookup.cancel()
        self._lookups.clear()


def _credentials(proxy: httpx.Proxy | None) -> bytes:
    """Basic credentials (RFC 7617) from the userinfo of the proxy's URL."""
    if proxy is None or proxy.raw_auth is None:
        return b""
    return b"Proxy-Authorization: Basic " + base64.b64encode(b":".join(proxy.raw_auth)) + b"\r\n"
