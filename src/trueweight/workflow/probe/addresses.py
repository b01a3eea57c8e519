"""Other addresses at which a provider may answer, when its ``base_url`` does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from trueweight.core import PROTOCOLS

_KNOWN: Final = ("/v1", "/api/v1", "/openai/v1", "/inference/v1", "/v1/openai")
"""Paths of hosted APIs below their host, the usual one first."""
_MOST: Final = 5


def other_paths(base_url: str, elsewhere: Sequence[str] = ()) -> tuple[str, ...]:
    """Base URLs on the same host and port, the likeliest first: with ``/v1`` appended, without it, known paths.

    Args:
        elsewhere: the paths at which hosts serve this API apart from their others.
    """
    parts = urlsplit(base_url)
    path = parts.path.rstrip("/")
    found = [f"{path}/v1"] if not path.endswith("/v1") else [path.removesuffix("/v1")]
    if path.endswith("/v1/v1"):
        found.insert(0, path.removesuffix("/v1"))
    for end in _ends():
        if path.endswith(end):
            found.insert(0, path.removesuffix(end))
    found += [*elsewhere, *_KNOWN]
    return tuple(_with_path(parts, one) for one in dict.fromkeys(found) if one != path)[:_MOST]


def _ends() -> tuple[str, ...]:
    """Parts of the paths of APIs, which may have been left at the end of a base URL."""
    parts = (part for api in PROTOCOLS.all().values() for part in api.path.strip("/").split("/"))
    return tuple(dict.fromkeys(f"/{part}" for part in parts))


def other_scheme(base_url: str) -> str:
    """The same URL with https in place of http, or the other way round. The port stays."""
    parts = urlsplit(base_url)
    return urlunsplit(parts._replace(scheme="http" if parts.scheme == "https" else "https"))


def redirected_base(url: str, location: str, path: str) -> str:
    """The base URL that a redirect leads to; "" if its target is not this API.

    Args:
        url: of the request.
        path: of the API, below a base URL.
    """
    try:
        parts = urlsplit(urljoin(url, location))
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.path.rstrip("/").endswith(path) or "@" in parts.netloc:
        return ""
    return _with_path(parts, parts.path.rstrip("/").removesuffix(path))


def _with_path(parts: SplitResult, path: str) -> str:
    return urlunsplit(parts._replace(path=path, query="", fragment="")).rstrip("/")
