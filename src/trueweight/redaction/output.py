"""Text for people, without keys: every page, summary, line of a terminal and traceback is searched here first.

The recording was searched while the keys were at hand. This second search covers what a later reader makes of it, and
text that is not of a provider. It knows keys by the names of their variables and reads their values when it searches,
so it keeps none. Where a variable is not set, as on a machine that only judges, the first search has to be enough: a
run holds no digest of a key. A digest of the whole key would let weak keys be guessed, and digests of its parts,
without which parts cannot be found, would let any key be guessed part by part.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TextIO, cast
from urllib.parse import unquote, urlsplit

from trueweight.redaction.search import KeySearch

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")

_variables: set[str] = set()
"""Names of the environment variables that hold keys. Of the process, because a traceback may print any of them."""


def know_variables(names: Iterable[str | None]) -> None:
    """From now on, the values of these environment variables are kept out of all output of this process."""
    _variables.update(name for name in names if name)


def for_people(text: str) -> str:
    """The text with every known key, and every part of one of twelve characters, replaced by stars."""
    keys = tuple(_secrets(os.environ))
    return _search(keys).text(text) if keys else text


def _secrets(environ: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(_variables):
        if key := environ.get(name, "").strip():
            yield key
    for name in _PROXIES:
        if "@" in (url := environ.get(name, "")):
            yield from _credentials(url)


def _credentials(url: str) -> Iterator[str]:
    """The password of a URL, and what the base64 of Basic credentials is made of."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
    except ValueError:
        return
    if parts.password:
        yield unquote(parts.password)
        yield f"{unquote(parts.username or '')}:{unquote(parts.password)}"


@lru_cache(maxsize=8)
def _search(keys: tuple[str, ...]) -> KeySearch:
    return KeySearch(keys)


class _ForPeople:
    """A text stream that writes `for_people`. All else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text; the number of its characters."""
        return self._stream.write(for_people(text))

    def writelines(self, lines: Iterable[str]) -> None:
        """Write the lines, joined."""
        self.write("".join(lines))

    @property
    def buffer(self) -> Any:
        """The bytes beneath. Text that is written there is searched as well."""
        return _BytesForPeople(self._stream.buffer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _BytesForPeople:
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, data: bytes) -> int:
        text = bytes(data).decode("utf-8", "surrogateescape")
        return cast("int", self._stream.write(for_people(text).encode("utf-8", "surrogateescape")))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def streams_for_people() -> Iterator[None]:
    """Search all that is written to standard output and standard error in the block."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast("TextIO", _ForPeople(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
