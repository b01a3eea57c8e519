"""What is wrong with a base URL."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import urlsplit

import idna

from trueweight.core import PROTOCOLS


def flaw_of(url: str) -> tuple[str, bool]:
    """What is wrong with a base URL ("" if nothing is), and whether it may hold a secret and so must not be shown."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # urllib quotes the port in its message, and it can be part of a password.
        return "it is not a URL (bad host or port)", True
    added = next((path for path in _paths() if parts.path.rstrip("/").endswith(path)), "")
    shown = (
        (
            any(character <= " " or character == "\x7f" for character in url),
            "it has a space or a control character in it",
        ),
        (parts.scheme not in ("http", "https"), f"its scheme is {parts.scheme or 'missing'!r}"),
        (not parts.hostname, "it has no host"),
        (not _AUTHORITY.fullmatch(parts.netloc), "its host has brackets that are not those of an IPv6 address"),
        (flaw := _flaw_of_host(parts.hostname or ""), flaw),
        (port == 0, "its port is 0"),
        (added != "", f"it ends in {added}, which is added for you"),
    )
    hidden = (
        ("@" in parts.netloc, "it has a user name or password in it"),
        (
            bool(parts.query or parts.fragment),
            "it has a query or a fragment, which may hold a key; use query = { … }",
        ),
    )
    for wrong, flaw in hidden:
        if wrong:
            return flaw, True
    return next((flaw for wrong, flaw in shown if wrong), ""), False


_AUTHORITY = re.compile(r"(?:\[[0-9A-Fa-f:.]*:[^\[\]]*\]|[^\[\]]*)(?::\d*)?")
_FOUR_NUMBERS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def _flaw_of_host(host: str) -> str:
    """Why no request can be sent to a host: what the URL parser of the client, or a resolver, refuses."""
    try:
        if ":" in host:
            IPv6Address(host.partition("%")[0])
            return ""
        if _FOUR_NUMBERS.fullmatch(host) and host.isascii():
            IPv4Address(host)
            return ""
    except AddressValueError as error:
        return f"its host is not an IP address ({error})"
    try:
        name = (host if host.isascii() else idna.encode(host.lower()).decode("ascii")).lower().removesuffix(".")
        for label in name.split("."):
            if label.startswith("xn--"):
                idna.decode(label)
    except idna.IDNAError as error:
        return f"its host is not an internationalised domain name ({error})"
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        return "its host is not a domain name: labels of 1 to 63 letters, digits and dashes, with dots between them"
    return ""


def _paths() -> tuple[str, ...]:
    """Longest first: one path may end in another."""
    paths = {protocol.path for protocol in PROTOCOLS.all().values() if protocol.completions}
    return tuple(sorted(paths, key=lambda path: (-len(path), path)))
