"""The transports of a run, one for each provider, and the test of this machine with the same kind of transport."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from ssl import SSLContext

import httpx

from trueweight.core import Provider
from trueweight.wire.carrier import Carrier, choose_carrier, make_transport, summarize_carriers
from trueweight.wire.client_stack import ClientStack
from trueweight.wire.environment import Environment
from trueweight.wire.health import SelfTest, self_test
from trueweight.wire.http1 import ReadTurns
from trueweight.wire.settings import TransportName, WireSettings


def load_tls(*, http2: bool = False) -> SSLContext:
    """What verifies servers, by the authorities that httpx takes: those of ``SSL_CERT_FILE`` or ``SSL_CERT_DIR``, else
    of certifi. They are loaded once in a process, because it takes 30 ms of processor time and a probe sends several
    times; again where the variables or the files changed. ``SSLKEYLOGFILE`` is written into the context too.

    Args:
        http2: whether HTTP/2 is offered, which httpx writes into the context.
    """
    places = [os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")]
    changed = [_changed_at(path) if path else None for path in places]
    return _load_tls(http2, os.environ.get("SSLKEYLOGFILE"), *places, *changed)


def _changed_at(path: str) -> int | None:
    with suppress(OSError):
        return Path(path).stat().st_mtime_ns
    return None


@lru_cache(maxsize=4)
def _load_tls(*_: object) -> SSLContext:
    return httpx.create_ssl_context()


class Transports:
    """Made before anything is sent. A transport opens its first connection with its first request."""

    def __init__(
        self, providers: Iterable[Provider], settings: WireSettings, environment: Environment, tls: SSLContext
    ) -> None:
        """``providers`` with different names; ``tls`` verifies servers.

        Raises:
            ConfigError: if a proxy of the environment cannot be used.
        """
        self._environment = environment
        self._tls = tls
        self._turns = ReadTurns()
        self._http2 = settings.http2
        self._providers = {provider.name: provider for provider in providers}
        self._carriers: list[tuple[str, Carrier | None]] = []
        self._made: dict[str, httpx.AsyncBaseTransport] = {}
        proxies = environment.proxies()
        for name, provider in self._providers.items():
            custom = environment.transport(provider)
            if custom is not None:
                self._carriers.append((name, None))
                self._made[name] = custom
                continue
            carriers = {url: choose_carrier(url, settings, proxies) for url in provider.addresses}
            self._carriers += [(name, carrier) for carrier in carriers.values()]
            self._made[name] = self._transport_of(carriers)

    def _transport_of(self, carriers: Mapping[str, Carrier]) -> httpx.AsyncBaseTransport:
        """One transport for these base URLs. Several are needed only if a proxy is in the way to one of them alone."""
        if all(carrier.route is None for carrier in carriers.values()) or len(carriers) == 1:
            return self._make(next(iter(carriers.values())))
        return _ByOrigin({_origin(httpx.URL(url)): self._make(carrier) for url, carrier in carriers.items()})

    def _make(self, carrier: Carrier | None) -> httpx.AsyncBaseTransport:
        return make_transport(carrier or Carrier(TransportName.HTTP1), self._tls, self._turns, http2=self._http2)

    def of(self, provider: str) -> httpx.AsyncBaseTransport:
        """The provider's transport. The caller closes it."""
        return self._made[provider]

    @property
    def secrets(self) -> tuple[str, ...]:
        """Credentials of the proxies, to be redacted."""
        routes = (carrier.route for _, carrier in self._carriers if carrier is not None)
        return tuple(secret for route in routes if route is not None for secret in route.secrets)

    def stack(self) -> ClientStack:
        """The software that sends, on the running event loop."""
        return ClientStack.current(summarize_carriers(self._carriers))

    async def test_client(self) -> SelfTest | None:
        """Test this machine with the run's carrier; with httpx's if the run uses both, because it is the slower one."""
        name, carrier = min(self._carriers, key=lambda item: item[1] is None or not item[1].reason)
        if carrier is None:
            provider = self._providers[name]
            return await self_test(lambda: self._environment.transport(provider) or self._make(None), "custom")
        direct = Carrier(carrier.name, carrier.reason)
        return await self_test(partial(self._make, direct), carrier.name.value)


_Origin = tuple[str, str, int | None]


def _origin(url: httpx.URL) -> _Origin:
    return (url.scheme, url.host, url.port)


class _ByOrigin(httpx.AsyncBaseTransport):
    """Gives each request to the transport of its origin."""

    def __init__(self, transports: Mapping[_Origin, httpx.AsyncBaseTransport]) -> None:
        self._transports = transports

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._transports[_origin(request.url)].handle_async_request(request)

    async def aclose(self) -> None:
        for transport in self._transports.values():
            await transport.aclose()
