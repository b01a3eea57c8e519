"""What carries a provider's requests: `trueweight.wire.http1`, or httpx's own stack where http1 does not go."""

from __future__ import annotations

import importlib.metadata
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from http.cookiejar import DefaultCookiePolicy

import httpx

from trueweight import __version__
from trueweight.core import Provider
from trueweight.wire.client_stack import CarrierUse
from trueweight.wire.http1 import KEEPALIVE, Http1Transport, ReadTurns
from trueweight.wire.proxies import ProxyRoute, find_proxy, unusable_proxy
from trueweight.wire.settings import TransportName, WireSettings


@dataclass(frozen=True, slots=True)
class Carrier:
    """The carrier of one provider's requests.

    Attributes:
        name, version: of the transport.
        reason: why it is not http1; empty for http1.
        route: the proxy that the requests go through; None if they go to the provider directly.
    """

    name: TransportName
    reason: str = ""
    route: ProxyRoute | None = None

    @property
    def version(self) -> str:
        """Of the transport, with the library that parses its bytes."""
        if self.name is TransportName.HTTP1:
            return f"{__version__} (httptools {importlib.metadata.version('httptools')})"
        return httpx.__version__


def choose_carrier(base_url: str, settings: WireSettings, proxies: Mapping[str, str]) -> Carrier:
    """The carrier for a provider at this URL.

    Args:
        proxies: the environment's, as `urllib.request.getproxies` returns them.

    Raises:
        ConfigError: if the proxy's URL is invalid.
    """
    route = find_proxy(httpx.URL(base_url), proxies)
    if settings.http2:
        reason = "HTTP/2 is offered"
    elif settings.transport == TransportName.HTTPX:
        reason = "--transport httpx"
    elif route is not None and route.scheme not in ("http", "https"):
        reason = "the proxy is a SOCKS proxy"
    else:
        return Carrier(TransportName.HTTP1, route=route)
    return Carrier(TransportName.HTTPX, reason, route)


def make_transport(
    carrier: Carrier, tls: ssl.SSLContext, turns: ReadTurns, *, http2: bool = False
) -> httpx.AsyncBaseTransport:
    """A transport of any number of connections, without cookies, redirects and decompression.

    Args:
        tls: verifies servers.
        turns: that the connections of all transports share.
        http2: offer HTTP/2 to https servers; needs the extra ``http2`` and httpx as the carrier.

    Raises:
        ConfigError: if the proxy needs a library that is not installed.
    """
    proxy = carrier.route and carrier.route.proxy
    if carrier.name is TransportName.HTTP1:
        return Http1Transport(tls, proxy, turns)
    try:
        return HttpxTransport(tls, http2=http2, proxy=proxy)
    except ImportError:
        if carrier.route is None:
            raise
        raise unusable_proxy(carrier.route.variable, "SOCKS needs a library that is not installed") from None


class HttpxTransport(httpx.AsyncBaseTransport):
    """httpx's own stack, with its HTTP/2 and its proxies."""

    def __init__(self, tls: ssl.SSLContext, *, http2: bool = False, proxy: httpx.Proxy | None = None) -> None:
        if proxy is not None and proxy.url.scheme == "https":
            proxy = httpx.Proxy(proxy.url, auth=proxy.auth, ssl_context=tls)
        self._client = httpx.AsyncClient(
            verify=tls,
            http2=http2,
            proxy=proxy,
            trust_env=False,  # the proxy was chosen before, by the same rules for every carrier
            follow_redirects=False,
            timeout=httpx.Timeout(None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=KEEPALIVE),
        )
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return when the head of its response is complete."""
        return await self._client.send(request, stream=True, follow_redirects=False)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def carriers_of(
    providers: Iterable[Provider], settings: WireSettings, proxies: Mapping[str, str]
) -> tuple[CarrierUse, ...]:
    """The carriers of a run, known before anything is sent.

    Raises:
        ConfigError: if the environment's proxy URL is invalid.
    """
    return summarize_carriers(
        (provider.name, choose_carrier(url, settings, proxies)) for provider in providers for url in provider.addresses
    )


def summarize_carriers(carriers: Iterable[tuple[str, Carrier | None]]) -> tuple[CarrierUse, ...]:
    """One entry for each different carrier of (provider, carrier); None is a transport that a program passed in."""
    found: dict[CarrierUse, set[str]] = {}
    for name, carrier in carriers:
        if carrier is None:
            use = CarrierUse("custom", "", "", None, ())
        else:
            scheme = carrier.route and carrier.route.scheme
            use = CarrierUse(carrier.name.value, carrier.version, carrier.reason, scheme, ())
        found.setdefault(use, set()).add(name)
    return tuple(replace(use, providers=tuple(sorted(names))) for use, names in found.items())
