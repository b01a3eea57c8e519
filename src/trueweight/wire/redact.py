"""Replaces keys that a provider echoes by stars before anything is recorded (law 7).

`trueweight.redaction` finds them; here is what of an attempt is searched, and what becomes of a compressed body. Keys
under eight characters are only left out of the recorded request headers.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from trueweight.core import Attempt, Failure, FailureKind
from trueweight.core.exchange import is_utf_8
from trueweight.protocols.body import MAX_UNPACKED
from trueweight.redaction import KeySearch

LONGEST_DETAIL = 500
"""Characters of a failure's detail that are kept. It is cut only after the search: half a key would not be found."""
_INFLATABLE = frozenset({"gzip", "x-gzip", "deflate"})
_GZIP_MAGIC = b"\x1f\x8b"
_OTHER_MAGIC = (b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh", b"PK\x03\x04", b"\x04\x22\x4d\x18")
"""How compressed bodies begin that cannot be searched: zstd, xz, bzip2, zip, lz4."""
_MOST_LAYERS = 5
_SHORT = 200

Pairs = tuple[tuple[str, str], ...]


class Redactor:
    """Replaces a set of keys by stars. Pure: it may run in any thread."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._search = KeySearch(keys)
        # Most headers of a server are the same in each of its responses.
        self._short = lru_cache(4096)(self._search.text)

    def text(self, text: str) -> str:
        """The text with every key replaced by stars; its length stays."""
        return self._short(text) if len(text) <= _SHORT else self._search.text(text)

    def data(self, data: bytes) -> bytes:
        """The bytes with every key replaced by stars; their number stays."""
        return self._search.data(data)

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> Pairs:
        """Headers with every key in a name or a value replaced by stars.

        A reader joins the values of one name, so they are replaced together if, joined, they have a key.
        """
        found = tuple((self.text(name), self.text(value)) for name, value in pairs)
        by_name: dict[str, list[str]] = {}
        for name, value in found:
            by_name.setdefault(name.lower(), []).append(value)
        split = {name for name, values in by_name.items() if len(values) > 1 and self._is_split(values)}
        return tuple((name, "*" * len(value) if name.lower() in split else value) for name, value in found)

    def _is_split(self, values: Sequence[str]) -> bool:
        return any(self._search.found_in(text.encode()) for text in ("".join(values), "".join(reversed(values))))

    def attempt(self, attempt: Attempt) -> Attempt:
        """The attempt as it may be recorded.

        Compression is refused in the request. If a server compresses anyway, its body is decompressed for the search,
        and replaced by stars as a whole if it has a key or cannot be searched.
        """
        if not self._search:
            return self._cut(attempt)
        failure = attempt.failure and Failure(attempt.failure.kind, self.text(attempt.failure.detail)[:LONGEST_DETAIL])
        body = self._search.body(attempt.body)
        if body and self._hides_key(body, attempt.headers):
            body = b"*" * len(body)
            why = "the compressed body echoes the key, or cannot be searched for it, and was replaced by stars"
            failure = failure or Failure(FailureKind.PROTOCOL, why)
        headers = self.pairs(attempt.headers)
        version = attempt.http_version and self.text(attempt.http_version)
        if (headers, body, failure, version) == (attempt.headers, attempt.body, attempt.failure, attempt.http_version):
            return attempt
        return replace(attempt, headers=headers, body=body, failure=failure, http_version=version)

    def _cut(self, attempt: Attempt) -> Attempt:
        failure = attempt.failure
        if failure is None or len(failure.detail) <= LONGEST_DETAIL:
            return attempt
        return replace(attempt, failure=Failure(failure.kind, failure.detail[:LONGEST_DETAIL]))

    def _hides_key(self, body: bytes, headers: Pairs) -> bool:
        """Whether a layer of compression, declared or not, hides a key or cannot be undone."""
        declared = ",".join(value for name, value in headers if name.lower() == "content-encoding")
        named = (part.strip().lower() for part in declared.split(","))
        codings = [coding for coding in named if coding not in ("", "identity")]
        for _ in range(_MOST_LAYERS):
            if (name := codings.pop() if codings else _undeclared_coding(body)) is None:
                return False
            if name not in _INFLATABLE:
                return True
            inflated = _inflate(body)
            if inflated is None or self._search.found_in(inflated):
                return True
            body = inflated
        return True


def _undeclared_coding(body: bytes) -> str | None:
    """The compression of a body that declares none, by its first bytes, or because it is no text and inflates."""
    if body.startswith(_GZIP_MAGIC):
        return "gzip"
    if body.isascii() or is_utf_8(body):
        return None
    if body.startswith(_OTHER_MAGIC):
        return "unknown"
    # The first byte of zlib names deflate and a window; both together are a multiple of 31.
    if body[0] & 0x8F == 8 and int.from_bytes(body[:2], "big") % 31 == 0:
        return "deflate"
    return "deflate" if _inflate(body) else None


def _inflate(body: bytes) -> bytes | None:
    """A gzip or deflate body, decompressed, with all of its members; None if it is longer than what is
    read of it, or neither of the two."""
    for window in (47, -15):  # gzip or zlib by its header; else bare deflate, which some servers send
        try:
            return _inflate_members(body, window)
        except zlib.error:
            continue
    return None


def _inflate_members(body: bytes, window: int) -> bytes | None:
    out = bytearray()
    rest = body
    while rest:
        inflater = zlib.decompressobj(window)
        out += inflater.decompress(rest, MAX_UNPACKED + 1 - len(out))
        if len(out) > MAX_UNPACKED or inflater.unconsumed_tail:
            return None
        rest = inflater.unused_data
        if rest and not rest.startswith(_GZIP_MAGIC):
            return None  # something else after the compressed data, which is not searched
    return bytes(out)
