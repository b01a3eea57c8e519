"""Replaces keys that a provider echoes by stars before anything is recorded (law 7).

The stars are as many as the characters that they replace, so byte offsets of stamps and evidence stay valid, and
declared lengths still match. A key is searched for verbatim, URL-encoded, JSON-escaped, in hexadecimal and inside
base64 at each of its three alignments, in any letter case. Keys under eight characters ("none", "EMPTY") protect
nothing, and ordinary words contain them: they are only left out of the recorded request headers.
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
from trueweight.protocols.body import MAX_UNPACKED

SHORTEST = 8
LONGEST_DETAIL = 500
"""Characters of a failure's detail that are kept. It is cut only after the search: half a key would not be found."""
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
    """Replaces all forms of a set of keys by stars."""

    def __init__(self, keys: Iterable[str]) -> None:
        forms = {form for key in keys if len(key) >= SHORTEST for form in _forms(key)}
        # Longest first: a form may contain another.
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        alternatives = "|".join(re.escape(form) for form in ordered)
        self._text = re.compile(alternatives, re.IGNORECASE | re.ASCII)
        self._bytes = re.compile(alternatives.encode(), re.IGNORECASE)
        # A substring search is some twenty times as fast as the pattern, and nearly no text holds a key.
        self._needles = [form.lower() for form in ordered]
        self._byte_needles = [needle.encode() for needle in self._needles]
        # Most headers of a server are the same in each of its responses.
        self._short = lru_cache(4096)(self._search)

    def text(self, text: str) -> str:
        """The text with every key replaced by stars; its length stays."""
        return self._short(text) if len(text) <= 200 else self._search(text)

    def _search(self, text: str) -> str:
        lowered = text.lower()
        if not any(needle in lowered for needle in self._needles):
            return text
        return self._text.sub(lambda found: "*" * len(found.group()), text)

    def data(self, data: bytes) -> bytes:
        """The bytes with every key replaced by stars; their number stays."""
        return self._bytes.sub(lambda found: b"*" * len(found.group()), data) if self._found_in(data) else data

    def _found_in(self, data: bytes) -> bool:
        lowered = data.lower()
        return any(needle in lowered for needle in self._byte_needles)

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Headers with every key in a name or a value replaced by stars."""
        return tuple((self.text(name), self.text(value)) for name, value in pairs)

    def attempt(self, attempt: Attempt) -> Attempt:
        """The attempt as it may be recorded.

        Compression is refused in the request. If a server compresses anyway, its body is decompressed for the search,
        and replaced by stars as a whole if it holds a key or cannot be searched.
        """
        failure = attempt.failure and Failure(attempt.failure.kind, self.text(attempt.failure.detail)[:LONGEST_DETAIL])
        body = self.data(attempt.body)
        if self._needles and body and self._hides_key(body, attempt.header("content-encoding")):
            body = b"*" * len(body)
            why = "the compressed body echoes the key, or cannot be searched for it, and was replaced by stars"
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
    """A gzip or deflate body, decompressed; None if it is longer than what is read of it, or neither of the two."""
    for window in (47, -15):  # gzip or zlib by its header; else bare deflate, which some servers send
        inflater = zlib.decompressobj(window)
        try:
            inflated = inflater.decompress(body, MAX_UNPACKED)
        except zlib.error:
            continue
        return None if inflater.unconsumed_tail or inflater.unused_data else inflated
    return None
