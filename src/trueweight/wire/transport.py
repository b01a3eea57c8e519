"""What carries the requests, behind httpx's transport interface. Chosen by measurement: see ``tests/bench/wire``.

aiohttp's C parser under httpx's interface costs a fifth of httpx's own stack for each chunk and each request. Where it
cannot go (HTTP/2, proxies of the environment), httpx's own does the work. The records are the same.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from http.cookiejar import DefaultCookiePolicy
from ssl import SSLContext
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from trueweight.core import ConfigError

KEEPALIVE = 15.0
"""Seconds that an idle connection is kept."""

_MOST_HEADERS = 128
_LONGEST_HEADER = 32 * 1024

Trace = Callable[[str, dict[str, Any]], Awaitable[None]]
_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)


def make_transport(tls: SSLContext, *, http2: bool = False) -> httpx.AsyncBaseTransport:
    """The transport of one provider: any number of connections, no cookies, no redirects, no decompression.

    Args:
        tls: how servers are verified.
        http2: offer HTTP/2 to servers that speak TLS; needs the extra ``http2``.

    Raises:
        ConfigError: if a proxy of the environment cannot be used. Its URL is not shown: passwords stand in them.
    """
    proxies = {"http", "https", "all"} & urllib.request.getproxies().keys()
    if not http2 and not proxies:
        return FastTransport(tls)
    try:
        return OwnTransport(tls, http2=http2)
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise ConfigError(
            f"a proxy that the environment names cannot be used ({type(error).__name__})",
            code="proxy",
            where=", ".join(f"{name.upper()}_PROXY" for name in sorted(proxies)),
            hint="Valid: http://host:port; socks5:// needs pip install 'httpx[socks]'. NO_PROXY names exceptions.",
        ) from None


class FastTransport(AiohttpTransport):
    """aiohttp behind httpx's interface; tells of new connections as httpx's own transport does."""

    def __init__(self, tls: SSLContext) -> None:
        super().__init__(verify=tls, client=self._session)

    def _session(self) -> aiohttp.ClientSession:
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(_tell("connection.connect_tcp.complete"))
        trace.on_request_headers_sent.append(_tell("http11.send_request_headers.started"))
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self.ssl_context, keepalive_timeout=KEEPALIVE),
            # A cookie from one reply would make the next request another request than the plan's.
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=_LONGEST_HEADER,
            max_field_size=_LONGEST_HEADER,
            max_headers=_MOST_HEADERS,
            trust_env=False,
            trace_configs=[trace],
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and return when the head of the response is there."""
        _trace.set(request.extensions.get("trace"))
        return await super().handle_async_request(request)


def _tell(name: str) -> Callable[..., Awaitable[None]]:
    """A hook of aiohttp's that calls the request's trace by the name that httpx has for the event."""

    async def tell(*_: object) -> None:
        trace = _trace.get()
        if trace is not None:
            await trace(name, {})

    return tell


class OwnTransport(httpx.AsyncBaseTransport):
    """A whole httpx client: its proxies and its HTTP/2."""

    def __init__(self, tls: SSLContext, *, http2: bool) -> None:
        self._client = httpx.AsyncClient(
            verify=tls,
            http2=http2,
            follow_redirects=False,
            timeout=httpx.Timeout(None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=KEEPALIVE),
        )
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and return when the head of the response is there."""
        return await self._client.send(request, stream=True, follow_redirects=False)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()
