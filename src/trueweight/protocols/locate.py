"""From parsed text to its bytes: the spans in the body of content, of a field, or of a text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from trueweight.core import PROTOCOLS, Piece, Reply, Span
from trueweight.core.evidence import whole

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\],:]|[^\s{}\[\],:"]++', re.DOTALL)
_UNIT = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL
)

_MOST_SPANS = 10
_LONGEST_SEARCHED = 64 * 1024
_LONGEST_PLAIN = 1024 * 1024
"""Largest plain body in which calls, blocks and items are located; in a larger one the place of each is the body."""
_MOST_TRIES = 100
_VALUE = re.compile(rb'\s*+:\s*+(?:"(?:[^"\\]++|\\.)*+"|[^,}\]]*+)', re.DOTALL)
Path = tuple[str | int, ...]


def values(raw: bytes, base: int = 0) -> Iterator[tuple[Path, Span]]:
    """Path and span of every value in a JSON text, inner values first. For a text that is not JSON, some of them.

    Args:
        base: the position of ``raw`` in the body, which is added to the spans.
    """
    path: list[str | int] = []
    opened: list[int] = []
    key = False  # whether the next string is a key
    for token in _TOKEN.finditer(raw):
        word = token[0]
        at = Span(base + token.start(), base + token.end())
        if word in (b"{", b"["):
            opened.append(at.start)
            path.append("" if word == b"{" else 0)
            key = word == b"{"
        elif word in (b"}", b"]"):
            if not opened:
                return
            path.pop()
            yield tuple(path), Span(opened.pop(), at.end)
            key = False
        elif word == b",":
            if path and isinstance(path[-1], int):
                path[-1] += 1
            else:
                key = bool(path)
        elif word == b":":
            key = False
        elif key:
            path[-1] = _text(word)
        else:
            yield tuple(path), at


def values_of_plain(body: bytes, mark: bytes) -> Iterator[tuple[Path, Span]]:
    """`values` of a plain body that contains ``mark``; none of another one, or of one that is too large to search."""
    return values(body) if mark in body and len(body) <= _LONGEST_PLAIN else iter(())


def _text(literal: bytes) -> str:
    if literal.isascii() and b"\\" not in literal:  # as nearly all names of fields
        plain = literal.decode("ascii")
        if len(plain) > 1 and plain[0] == plain[-1] == '"' and plain.isprintable():
            return plain[1:-1]
    try:
        word = json.loads(literal)
    except ValueError:
        word = None
    return word if isinstance(word, str) else literal.decode("utf-8", "replace")


def span_of_content(reply: Reply, start: int, end: int) -> tuple[Span, ...]:
    """The spans of characters ``[start, end)`` of ``reply.content``: one for each event that carries some of them, at
    most ten.

    A span is the whole event if the characters cannot be found in the event's JSON, or if that is longer than 64 KB.
    """
    out: list[Span] = []
    at = 0
    for piece in reply.pieces:
        low, high = max(start, at), min(end, at + piece.length)
        if low < high:
            out.append(_within(reply.body, piece, low - at, high - at))
        at += piece.length
        if at >= end or len(out) == _MOST_SPANS:
            break
    return tuple(out)


def _within(body: bytes, piece: Piece, start: int, end: int) -> Span:
    """The span of characters ``[start, end)`` of one piece of content."""
    place = piece.span
    if place.end - place.start > _LONGEST_SEARCHED:
        return place
    raw = body[place.start : place.end]
    offset = max(raw.find(b"{"), 0)
    for path, at in values(raw[offset:], place.start + offset):
        if path == piece.path:
            edges = _edges(body[at.start + 1 : at.end - 1], at.start + 1)
            if len(edges) == piece.start + piece.length + 1:
                return Span(edges[piece.start + start], edges[piece.start + end])
    return place


def _edges(literal: bytes, base: int) -> list[int]:
    """The position of each character of a JSON string, and the end of the last one."""
    edges = []
    for unit in _UNIT.finditer(literal):
        if len(unit[0]) > 1 or unit[0][0] & 0xC0 != 0x80:  # not a UTF-8 continuation byte
            edges.append(base + unit.start())
    return [*edges, base + len(literal)]


def spans_of_all_content(reply: Reply) -> tuple[Span, ...]:
    """The spans of the whole content, at most ten; the head of the body if there is no content."""
    return span_of_content(reply, 0, len(reply.content or "")) or whole(reply)


def locate(reply: Reply, needle: str) -> tuple[Span, ...]:
    """The spans of the first occurrence of ``needle`` in the content; empty if there is none."""
    at = (reply.content or "").find(needle)
    return span_of_content(reply, at, at + len(needle)) if needle and at >= 0 else ()


def locate_field(reply: Reply, name: str) -> tuple[Span, ...]:
    """The span of the last ``"name": value`` in the body; of an object or array, only its beginning."""
    # Inside a JSON string the quotes would be escaped, so this cannot match text that the model wrote.
    quoted = json.dumps(name).encode()
    at = reply.body.rfind(quoted)
    for _ in range(_MOST_TRIES):
        if at < 0:
            break
        if found := _VALUE.match(reply.body, at + len(quoted)):
            return (Span(at, found.end()),)
        at = reply.body.rfind(quoted, 0, at)
    return ()


def locate_noun(reply: Reply, noun: str) -> tuple[Span, ...]:
    """As `locate_field`, for a noun (``finish``, ``input``, …): the protocol has its JSON name."""
    return locate_field(reply, PROTOCOLS.get(reply.api).names.get(noun, noun))


def narrow(reply: Reply, span: Span | None, needle: str) -> tuple[Span, ...]:
    """The span of ``needle`` inside ``span``, plain or JSON-escaped once or twice; ``span`` if it is not found."""
    if span is None:
        return ()
    for form in _forms(needle):
        at = reply.body.find(form, span.start, span.end)
        if at >= 0:
            return (Span(at, at + len(form)),)
    return (span,)


def _forms(needle: str) -> Iterator[bytes]:
    if not needle:
        return
    for ascii_only in (False, True):
        once = json.dumps(needle, ensure_ascii=ascii_only)[1:-1]
        twice = json.dumps(once, ensure_ascii=ascii_only)[1:-1]
        yield once.encode("utf-8", "surrogatepass")
        yield twice.encode("utf-8", "surrogatepass")
