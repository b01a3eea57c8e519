"""The body of a response, searched for keys as it is and under each layer of compression."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from trueweight.redaction.inflate import BARE_DEFLATE, GZIP_OR_ZLIB, Inflater
from trueweight.redaction.search import KeySearch, stars

_INFLATABLE = frozenset({"gzip", "x-gzip", "deflate"})
_GZIP_MAGIC = b"\x1f\x8b"
_OTHER_MAGIC = (b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh", b"PK\x03\x04", b"\x04\x22\x4d\x18")
"""How compressed bodies begin that cannot be searched: zstd, xz, bzip2, zip, lz4."""
_MOST_LAYERS = 5


class CleanBody(NamedTuple):
    """A body with stars in place of keys, as long as before.

    Attributes:
        hidden: whether a layer of compression has a key or cannot be undone. The body is all stars then.
    """

    body: bytes
    hidden: bool = False


class BodySearch(Protocol):
    """Cleans bodies, here or in another process."""

    def clean(self, body: bytes, codings: Sequence[str]) -> CleanBody:
        """The body without keys.

        Args:
            codings: the values of its ``Content-Encoding``, in the order in which they were applied.
        """


def clean_body(search: KeySearch, body: bytes, codings: Sequence[str]) -> CleanBody:
    """The body without keys, in time and memory linear in its size. Compressed bodies are replaced as a whole."""
    cleaned = search.body(body)
    if body and _hides_key(search, cleaned, codings):
        return CleanBody(stars(len(body)), hidden=True)
    return CleanBody(cleaned)


def _hides_key(search: KeySearch, body: bytes, codings: Sequence[str]) -> bool:
    left = [coding.strip().lower() for coding in codings if coding.strip().lower() not in ("", "identity")]
    for _ in range(_MOST_LAYERS):
        name = left.pop() if left else _undeclared_coding(body)
        if name is None:
            return False
        if name not in _INFLATABLE:
            return True
        inflated = _inflate(body)
        if inflated is None or search.found_in(inflated):
            return True
        body = inflated
    return True


def _undeclared_coding(body: bytes) -> str | None:
    """The compression of a body that declares none, by its first bytes, or because it is no text and inflates."""
    if body.startswith(_GZIP_MAGIC):
        return "gzip"
    if body.isascii() or _is_text(body):
        return None
    if body.startswith(_OTHER_MAGIC):
        return "unknown"
    # The first byte of zlib names deflate and a window; both together are a multiple of 31.
    if body[0] & 0x8F == 8 and int.from_bytes(body[:2], "big") % 31 == 0:
        return "deflate"
    return "deflate" if _inflate(body) else None


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _inflate(body: bytes) -> bytes | None:
    """A gzip or deflate body, decompressed, with all of its members; None if it is too long, has too many members, or
    is neither of the two."""
    for window in (GZIP_OR_ZLIB, BARE_DEFLATE):  # by its header; some servers send bare deflate
        inflater = Inflater(window)
        try:
            inflater.feed(body)
        except zlib.error:
            continue
        return None if inflater.too_long or inflater.followed else bytes(inflater.out)
    return None
