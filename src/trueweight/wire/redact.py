"""Keys that a provider echoes are blotted out before anything reaches a record (law 7).

The blot is as long as what it covers, so stamps' byte offsets and all evidence ranges stay true, and lengths that a
server declared still match. A key is looked for as it stands, URL-encoded, JSON-escaped, in hexadecimal and inside
base64 at each of its three alignments, whatever the case. Keys under eight characters protect nothing ("none", "EMPTY")
and would blot out ordinary words: they are only left out of the recorded request headers.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from urllib.parse import quote

from trueweight.core import Attempt, Failure, FailureKind

SHORTEST = 8
LONGEST_DETAIL = 500
"""Characters of a failure's words that are kept; cut only here, since half a key would not be found."""
_INFLATED_LIMIT = 64 * 1024 * 1024
_INFLATABLE = frozenset({"gzip", "x-gzip", "deflate"})


def _forms(key: str) -> Iterator[str]:
    yield key
    yield quote(key, safe="")
    yield quote(key)
    yield "".join(f"%{byte:02x}" for byte in key.encode())
    escaped = json.dumps(key)[1:-1]
    yield escaped
    yield escaped.replace("/", "\\/")
    yield "".join(f"\\u{ord(character):04x}" for character in key)
    yield key.encode().hex()
    for before in range(3):
        # Of base64 with `before` bytes in front, the characters that depend on the key's bytes alone.
        raw = b"\0" * before + key.encode()
        whole = raw[: len(raw) // 3 * 3]
        core = base64.b64encode(whole).decode("ascii")[(0, 2, 3)[before] :]
        yield core
        yield core.translate(str.maketrans("+/", "-_"))


class Redactor:
    """Blots out the forms of a set of keys."""

    def __init__(self, keys: Iterable[str]) -> None:
        forms = {form for key in keys if len(key) >= SHORTEST for form in _forms(key)}
        # Longest first: a form may contain another.
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        alternatives = "|".join(re.escape(form) for form in ordered)
        self._text = re.compile(alternatives, re.IGNORECASE | re.ASCII)
        self._bytes = re.compile(alternatives.encode(), re.IGNORECASE)
        # Plain substring search is some twenty times as fast as the pattern, and nearly nothing holds a key.
        self._needles = [form.lower() for form in ordered]
        self._byte_needles = [needle.encode() for needle in self._needles]
        # A server's headers are the same from reply to reply, but for one or two.
        self._short = lru_cache(4096)(self._search)

    def text(self, text: str) -> str:
        """The text, with every key starred out; as long as before."""
        return self._short(text) if len(text) <= 200 else self._search(text)

    def _search(self, text: str) -> str:
        lowered = text.lower()
        if not any(needle in lowered for needle in self._needles):
            return text
        return self._text.sub(lambda found: "*" * len(found.group()), text)

    def data(self, data: bytes) -> bytes:
        """The bytes, with every key starred out; always as many as before."""
        return self._bytes.sub(lambda found: b"*" * len(found.group()), data) if self._found_in(data) else data

    def _found_in(self, data: bytes) -> bool:
        lowered = data.lower()
        return any(needle in lowered for needle in self._byte_needles)

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Headers, names and values."""
        return tuple((self.text(name), self.text(value)) for name, value in pairs)

    def attempt(self, attempt: Attempt) -> Attempt:
        """The attempt as it may be recorded.

        We ask for no compression. A server that compresses all the same could hide a key from the search, so such a
        body is searched inflated, and blotted out whole if a key is in it or if it cannot be searched.
        """
        failure = attempt.failure and Failure(attempt.failure.kind, self.text(attempt.failure.detail)[:LONGEST_DETAIL])
        body = self.data(attempt.body)
        if self._needles and body and self._hides_key(body, attempt.header("content-encoding")):
            body = b"*" * len(body)
            why = "the compressed body echoes the key, or cannot be searched for it, and was blotted out"
            failure = failure or Failure(FailureKind.PROTOCOL, why)
        headers = self.pairs(attempt.headers)
        if (headers, body, failure) == (attempt.headers, attempt.body, attempt.failure):
            return attempt
        return replace(attempt, headers=headers, body=body, failure=failure)

    def _hides_key(self, body: bytes, encoding: str | None) -> bool:
        name = (encoding or "identity").strip().lower()
        if name == "identity":
            return False
        if name not in _INFLATABLE:
            return True
        inflated = _inflate(body)
        return inflated is None or self._found_in(inflated)


def _inflate(body: bytes) -> bytes | None:
    """At most the first 64 MB of what a gzip or deflate body holds; None if it is more, or is neither."""
    for window in (47, -15):  # gzip or zlib by its header; else bare deflate, which some servers send
        inflater = zlib.decompressobj(window)
        try:
            inflated = inflater.decompress(body, _INFLATED_LIMIT)
        except zlib.error:
            continue
        return None if inflater.unconsumed_tail or inflater.unused_data else inflated
    return None
