"""The strings of a body as a reader joins them: the deltas of each channel, and the parts of a list.

A channel is all strings at one path (``choices.delta.content``), of one choice, tool call or output item, which
every ``index`` and id around them tells apart. As a reader may ignore these, all strings of one name are a
channel too.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, NamedTuple

import msgspec

from trueweight.redaction.patterns import Spans

# A block of server-sent events from its first data line to the next blank line.
_BLOCK = re.compile(rb"^data:.*(?:\n(?!\n).+)*", re.MULTILINE)
_DATA = re.compile(rb"^data: ?", re.MULTILINE)
_STRING = re.compile(rb'"((?:[^"\\]++|\\.?)*+)(?:"|\Z)', re.DOTALL)
# A member's name and its string, for text that is not JSON.
_MEMBER = re.compile(rb'"([^"\\]{1,60})"\s{0,8}:\s{0,8}"((?:[^"\\]++|\\.?)*+)(?:"|\Z)', re.DOTALL)
_APART = frozenset({"id", "item_id", "call_id", "type"})
_decode = msgspec.json.Decoder().decode


class StringPart(NamedTuple):
    """A string, and the number of the document that has it."""

    document: int
    text: str


class _Document(NamedTuple):
    """JSON text, which is one line or all data lines of an event, and its place in the body."""

    text: bytes
    start: int
    end: int


class Joined:
    """The channels of a body that is JSON, JSON lines or server-sent events."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._documents = _documents(body)
        self._channels: dict[object, list[StringPart]] = {}
        for number, (document, value) in enumerate(zip(self._documents, _values(self._documents), strict=True)):
            if value is _NOT_JSON:
                self._take_members(document, number)
            else:
                _Walk(self._channels, number).take(value)

    def texts(self) -> Iterator[tuple[bytes, list[StringPart]]]:
        """Each channel of two or more strings: its text, and the strings."""
        for pieces in self._channels.values():
            if len(pieces) > 1:
                yield "".join([piece.text for piece in pieces]).encode("utf-8", "surrogatepass"), pieces

    def sources(self, pieces: list[StringPart], spans: Spans) -> Spans:
        """Where in the body the characters of these spans of a joined text are.

        A string with escapes is taken as a whole.
        """
        texts = [piece.text.encode("utf-8", "surrogatepass") for piece in pieces]
        ends = list(accumulate(map(len, texts)))
        wanted: dict[int, dict[bytes, Spans]] = {}
        for start, end in spans:
            index = bisect_right(ends, start)
            while index < len(ends) and ends[index] - len(texts[index]) < end:
                text, begin = texts[index], ends[index] - len(texts[index])
                part = (max(start - begin, 0), min(end - begin, len(text)))
                wanted.setdefault(pieces[index].document, {}).setdefault(text, []).append(part)
                index += 1
        return [span for number, parts in wanted.items() for span in self._spans_of(self._documents[number], parts)]

    def _spans_of(self, document: _Document, parts: dict[bytes, Spans]) -> Iterator[tuple[int, int]]:
        for hit in _STRING.finditer(self._body, document.start, document.end):
            if hit[1] in parts:
                yield from ((hit.start(1) + start, hit.start(1) + end) for start, end in parts[hit[1]])
            elif b"\\" in hit[1] and _unquoted(hit[1]) in parts:
                yield hit.span(1)

    def _take_members(self, document: _Document, number: int) -> None:
        for hit in _MEMBER.finditer(self._body, document.start, document.end):
            text = _unquoted(hit[2]).decode("utf-8", "replace")
            self._channels.setdefault(hit[1].decode("utf-8", "replace"), []).append(StringPart(number, text))


class _Walk:
    """Adds the strings of one document to their channels."""

    def __init__(self, channels: dict[object, list[StringPart]], number: int) -> None:
        self._channels = channels
        self._number = number

    def take(self, value: Any, name: str = "", path: str = "", place: tuple[object, ...] = ()) -> None:
        if type(value) is dict:
            self._take_members(value, path, place)
        elif type(value) is list:
            for index, item in enumerate(value):
                if type(item) is str:
                    self._add(item, name, path, place)
                elif type(item) is dict or type(item) is list:
                    # An element may say by its index where it belongs; the parts of a text have none.
                    here = (*place, index) if type(item) is dict and "index" not in item else place
                    self.take(item, name, path, here)

    def _take_members(self, value: dict[str, Any], path: str, place: tuple[object, ...]) -> None:
        for name, inner in value.items():
            kind = type(inner)
            if (kind is int and name.endswith("index")) or (kind is str and name in _APART):
                place = (*place, name, inner)
        for name, inner in value.items():
            kind = type(inner)
            if kind is str:
                self._add(inner, name, path, place)
            elif kind is dict or kind is list:
                self.take(inner, name, f"{path}.{name}", place)

    def _add(self, text: str, name: str, path: str, place: tuple[object, ...]) -> None:
        piece = StringPart(self._number, text)
        self._channels.setdefault(name, []).append(piece)
        self._channels.setdefault((name, path, place), []).append(piece)


def _documents(body: bytes) -> list[_Document]:
    if b"\r" in body:
        body = body.replace(b"\r\n", b" \n").replace(b"\r", b"\n")  # of the same length
    found = []
    for hit in _BLOCK.finditer(body):
        text = hit[0]
        text = b"\n".join(_data_lines(text)) if b"\n" in text else text[5:]
        found.append(_Document(text, *hit.span()))
    if found or not body:
        return found
    if b"\n" not in body.strip():
        return [_Document(body, 0, len(body))]
    whole = [_Document(body, 0, len(body))]
    if next(_values(whole)) is not _NOT_JSON:
        return whole
    return [_Document(hit[0], *hit.span()) for hit in re.finditer(rb"[^\n]+", body)]


def _data_lines(block: bytes) -> Iterator[bytes]:
    for line in block.split(b"\n"):
        if found := _DATA.match(line):
            yield line[found.end() :]


_NOT_JSON = object()


def _values(documents: list[_Document]) -> Iterator[Any]:
    for document in documents:
        try:
            yield _decode(document.text)
        except (msgspec.DecodeError, RecursionError, ValueError):
            yield _value_of(document.text)


def _value_of(text: bytes) -> Any:
    """The value of JSON that only a lenient reader takes: with lone surrogates, or bytes that are not UTF-8."""
    try:
        return json.loads(text.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        return _NOT_JSON


def _unquoted(content: bytes) -> bytes:
    """The text of a JSON string, from what is between its quotes."""
    try:
        text: str = json.loads(b'"' + content.decode("utf-8", "replace").encode() + b'"', strict=False)
    except ValueError:
        return content
    return text.encode("utf-8", "surrogatepass")
