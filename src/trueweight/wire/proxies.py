"""Which proxy the environment names for a URL: ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.

The rules are httpx's, for every carrier: https URLs use HTTPS_PROXY, http URLs use HTTP_PROXY, and both fall back to
ALL_PROXY. `urllib.request.getproxies` reads the variables, lower case before upper case.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple

import httpx

from trueweight.core import ConfigError


class ProxyRoute(NamedTuple):
    """A proxy and the environment variable that names it. The proxy's ``repr`` masks its password."""

    proxy: httpx.Proxy
    variable: str

    @property
    def scheme(self) -> str:
        """``http``, ``https``, ``socks5`` or ``socks5h``."""
        return self.proxy.url.scheme

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be redacted: the password, and what the base64 of Basic credentials is made of."""
        if self.proxy.auth is None:
            return ()
        user, password = self.proxy.auth
        return (password, f"{user}:{password}")


def find_proxy(url: httpx.URL, proxies: Mapping[str, str]) -> ProxyRoute | None:
    """The proxy for a URL; None if it is reached directly.

    Args:
        proxies: as `urllib.request.getproxies` returns them: ``http``, ``https``, ``all`` and ``no``.

    Raises:
        ConfigError: if the proxy's URL is invalid. Its message names the variable only: the URL may hold a password.
    """
    name = next((name for name in (url.scheme, "all") if proxies.get(name)), None)
    if name is None or any(_excepts(entry.strip(), url) for entry in proxies.get("no", "").split(",")):
        return None
    text = proxies[name] if "://" in proxies[name] else f"http://{proxies[name]}"
    try:
        proxy = httpx.Proxy(text)
        if not proxy.url.host:
            raise ValueError("no host")
    except (ValueError, httpx.InvalidURL):
        raise unusable_proxy(f"{name.upper()}_PROXY", "its value is not the URL of a proxy") from None
    return ProxyRoute(proxy, f"{name.upper()}_PROXY")


def unusable_proxy(variable: str, why: str) -> ConfigError:
    """The error for a proxy that cannot carry requests."""
    return ConfigError(
        f"the environment names a proxy that cannot be used: {why}",
        code="proxy",
        where=variable,
        hint="Valid: http://host:port, https://host:port; socks5://host:port needs pip install 'httpx[socks]'. "
        "NO_PROXY lists hosts that are reached directly.",
    )


def _excepts(entry: str, url: httpx.URL) -> bool:
    """Whether an entry of NO_PROXY covers a URL.

    Entries: ``*``; a host, which covers its subdomains; ``.host`` or ``*.host``, its subdomains only; an IP address or
    a network such as ``10.0.0.0/8``; each may have a ``:port``. ``scheme://host`` covers that scheme and host alone.
    """
    if entry in ("", "*"):
        return entry == "*"
    scheme, _, place = entry.rpartition("://")
    if scheme not in ("", "all", url.scheme):
        return False
    host = url.host.lower().rstrip(".")
    name, port = (place, None) if _network(place) else _split_port(place)
    if port is not None and port != (url.port or (443 if url.scheme == "https" else 80)):
        return False
    network = _network(name)
    if network is not None:
        return _is_in(host, network)
    name = name.lower().rstrip(".")
    if name.startswith((".", "*.")):
        return host.endswith(name.removeprefix("*"))
    return host == name or (not scheme and host.endswith(f".{name}"))


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text.removeprefix("[").removesuffix("]"), strict=False)
    except ValueError:
        return None


def _is_in(host: str, network: IPv4Network | IPv6Network) -> bool:
    try:
        return ip_address(host) in network
    except ValueError:
        return False


def _split_port(place: str) -> tuple[str, int | None]:
    name, colon, port = place.rpartition(":")
    return (name, int(port)) if colon and port.isascii() and port.isdigit() else (place, None)
