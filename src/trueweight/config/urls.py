"""What is wrong with a base URL."""

from __future__ import annotations

from urllib.parse import urlsplit

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


def _paths() -> tuple[str, ...]:
    """Longest first: one path may end in another."""
    paths = {protocol.path for protocol in PROTOCOLS.all().values() if protocol.completions}
    return tuple(sorted(paths, key=lambda path: (-len(path), path)))
