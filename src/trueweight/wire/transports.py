"""The transports of a run, one for each provider, and the test of this machine with the same kind of transport."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from ssl import SSLContext

import httpx

from trueweight.core import Provider
from trueweight.wire.carrier import Carrier, choose_carrier, make_transport, summarize_carriers
from trueweight.wire.client_stack import ClientStack
from trueweight.wire.environment import Environment
from trueweight.wire.health import SelfTest, self_test
from trueweight.wire.settings import TransportName, WireSettings


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
        self._http2 = settings.http2
        self._providers = {provider.name: provider for provider in providers}
        self._carriers: dict[str, Carrier | None] = {}
        self._made: dict[str, httpx.AsyncBaseTransport] = {}
        proxies = environment.proxies()
        for name, provider in self._providers.items():
            custom = environment.transport(provider)
            carrier = choose_carrier(provider.base_url, settings, proxies) if custom is None else None
            self._carriers[name] = carrier
            self._made[name] = custom or self._make(carrier)

    def _make(self, carrier: Carrier | None) -> httpx.AsyncBaseTransport:
        return make_transport(carrier or Carrier(TransportName.HTTP1), self._tls, http2=self._http2)

    def of(self, provider: str) -> httpx.AsyncBaseTransport:
        """The provider's transport. The caller closes it."""
        return self._made[provider]

    @property
    def secrets(self) -> tuple[str, ...]:
        """Credentials of the proxies, to be redacted."""
        routes = (carrier.route for carrier in self._carriers.values() if carrier is not None)
        return tuple(secret for route in routes if route is not None for secret in route.secrets)

    def stack(self) -> ClientStack:
        """The software that sends, on the running event loop."""
        return ClientStack.current(summarize_carriers(self._carriers))

    async def test_client(self) -> SelfTest | None:
        """Test this machine with the run's carrier; with httpx's if the run uses both, because it is the slower one."""
        name, carrier = min(self._carriers.items(), key=lambda item: item[1] is None or not item[1].reason)
        if carrier is None:
            provider = self._providers[name]
            return await self_test(lambda: self._environment.transport(provider) or self._make(None), "custom")
        direct = Carrier(carrier.name, carrier.reason)
        return await self_test(partial(self._make, direct), carrier.name.value)
