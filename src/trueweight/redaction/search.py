"""Searches bytes for keys in every view that a reader may have of them, and replaces what it finds by stars.

The stars are as many as the bytes that they replace, so byte offsets of stamps and evidence stay valid, and declared
lengths still match.

Views: the bytes themselves; without NULs, as UTF-16 has them; with their escapes undone, layer by layer; and the
strings of a JSON body or of a stream's events joined per channel, each with its escapes undone. A part of a key of
twelve characters is found like the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trueweight.redaction.escapes import ROUNDS, SourceMap, unescape
from trueweight.redaction.joined import Joined
from trueweight.redaction.patterns import KeyPatterns, Spans

_STARS = b"*" * 2**16


def stars(size: int) -> bytes:
    """So many stars. Other threads run while a megabyte of them or more is made: `bytes.join` lets them, and to repeat
    a byte does not, which for 8 MB held up the event loop for five milliseconds."""
    return b"".join([*[_STARS] * (size // len(_STARS)), _STARS[: size % len(_STARS)]])


class KeySearch:
    """Finds a set of keys. Pure, in time linear in the text, and safe to call from several threads."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._patterns = KeyPatterns(keys)

    def __bool__(self) -> bool:
        """Whether there is any key to search for."""
        return bool(self._patterns)

    def text(self, text: str) -> str:
        """The text with every key replaced by stars. Its length stays."""
        if not self._patterns:
            return text
        data = text.encode("utf-8", "surrogatepass")
        spans = self._spans(data)
        return _starred(data, spans).decode("utf-8", "surrogatepass") if spans else text

    def data(self, data: bytes) -> bytes:
        """The bytes with every key replaced by stars, in each view but the joined ones. Their number stays."""
        spans = self._spans(data) if self._patterns else []
        return _starred(data, spans) if spans else data

    def body(self, body: bytes) -> bytes:
        """The body of a response with every key replaced by stars, also where only its strings, joined, show one.

        If a key is still there afterwards, the whole body is replaced.
        """
        spans = self._all_spans(body) if self._patterns else []
        if not spans:
            return body
        cleaned = _starred(body, spans)
        return stars(len(body)) if self._all_spans(cleaned) else cleaned

    def found_in(self, body: bytes) -> bool:
        """Whether any view of a body has a key, joined ones included."""
        return bool(self._patterns) and bool(self._all_spans(body))

    def _all_spans(self, body: bytes) -> Spans:
        if self._patterns.no_trace_in(body):
            return []
        spans: Spans = []
        split = False
        for depth, view in enumerate(self._views(body)):
            spans += self._spans_in(view, depth, body)
            split = split or self._patterns.may_be_split_in(view)
        spans += self._spans_without_nuls(body)
        return spans + self._joined_spans(body) if split else spans

    def _spans(self, data: bytes) -> Spans:
        """Where keys are in a text and in its unescaped views."""
        spans: Spans = []
        for depth, view in enumerate(self._views(data)):
            spans += self._spans_in(view, depth, data)
        return spans + self._spans_without_nuls(data)

    def _spans_in(self, view: bytes, depth: int, data: bytes) -> Spans:
        """Where in a text the keys of its view under so many layers are."""
        found = self._patterns.spans(view)
        return _sources(data, depth, found) if found and depth else found

    def _spans_without_nuls(self, data: bytes) -> Spans:
        if b"\0" not in data:
            return []
        import numpy as np  # here, because it takes a tenth of a second, and `--help` searches too

        kept = np.flatnonzero(np.frombuffer(data, np.uint8))
        return [(int(kept[start]), int(kept[end - 1]) + 1) for start, end in self._spans(data.replace(b"\0", b""))]

    def _views(self, data: bytes) -> Iterator[bytes]:
        """The text, and the text without its outermost layer of escapes, again and again while one may hide a key."""
        yield data
        for _ in range(ROUNDS):
            if not self._patterns.may_be_escaped_in(data):
                return
            inner = unescape(data)
            if len(inner) == len(data):
                return
            data = inner
            yield data

    def _joined_spans(self, body: bytes) -> Spans:
        joined = Joined(body)
        texts = list(joined.texts())
        # One search over all of them: nearly no body has a key.
        if not self._spans(b"\n".join(text for text, _ in texts)):
            return []
        spans: Spans = []
        for text, pieces in texts:
            if found := self._spans(text):
                spans += joined.sources(pieces, found)
        # What cannot be found again in the bytes is replaced with the rest of the body.
        return spans or [(0, len(body))]


def _sources(data: bytes, depth: int, spans: Spans) -> Spans:
    """Spans of the view under so many layers, as spans of the text."""
    layers: list[SourceMap] = []
    for _ in range(depth):
        layers.append(SourceMap(data))
        data = unescape(data)
    for layer in reversed(layers):
        spans = [layer.span(start, end) for start, end in spans]
    return spans


def _starred(data: bytes, spans: Spans) -> bytes:
    out = bytearray(data)
    for start, end in spans:
        out[start:end] = stars(end - start)
    return bytes(out)
