"""The body without compression, up to a size limit, with the arrival time of every byte; and token counts in raw bytes,
found without parsing: on the event loop, cost must not grow with the body."""

from __future__ import annotations

import re
import zlib
from bisect import bisect_right
from codecs import getincrementaldecoder
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from trueweight.core import Attempt, Span, Stamp
from trueweight.protocols.anomalies import Anomalies, Kind
from trueweight.redaction.inflate import BARE_DEFLATE, GZIP, MAX_INFLATED, ZLIB, Inflater

MAX_UNPACKED = MAX_INFLATED
"""Most bytes that a compressed body is unpacked to."""

_PART, _MOST_BAD = 1024 * 1024, 20
"""Bytes that are decoded at once, and places with bytes that are not UTF-8 that are noted."""
_HEAD, _TAIL = 16 * 1024, 64 * 1024
_MOST = 100
"""Occurrences of a key that are looked at: a healthy body has one, or one for each chunk."""
_NUMBER = re.compile(rb"\s*+:\s*+(\d{1,12})")


@dataclass(frozen=True, slots=True)
class Body:
    """The decompressed bytes and their arrival times. ``stamps`` are as in ``Attempt``, with offsets in these bytes."""

    data: bytes
    stamps: tuple[Stamp, ...]
    done_ns: int
    _offsets: list[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_offsets", [stamp.offset for stamp in self.stamps])

    @classmethod
    def as_sent(cls, attempt: Attempt) -> Body:
        """The body as it was received."""
        return cls(attempt.body, attempt.stamps, attempt.t_done)

    def ns_at(self, position: int) -> int:
        """Arrival of the chunk that holds the byte at ``position``; the end of the body if no chunk was stamped."""
        at = bisect_right(self._offsets, position) - 1
        return self.stamps[at].ns if at >= 0 else self.done_ns


def unpack(attempt: Attempt, anomalies: Anomalies) -> Body:
    """The body, decompressed if the server compressed it; as received if it cannot be decompressed."""
    as_sent = Body.as_sent(attempt)
    named = (attempt.header("content-encoding") or "").strip().lower()
    if named in ("", "identity") or not attempt.body:
        return as_sent
    window = _window(named, attempt.body)
    if window is None:
        anomalies.add(Kind.ENCODING_UNKNOWN, f"Content-Encoding: {named[:80]}")
        return as_sent
    anomalies.add(Kind.COMPRESSED, f"Content-Encoding: {named}")
    unpacked = _unpack_chunks(as_sent, window, anomalies)
    return unpacked if unpacked.data else as_sent


def _window(named: str, body: bytes) -> int | None:
    if named in ("gzip", "x-gzip"):
        return GZIP
    if named == "deflate":
        # By RFC 9110 "deflate" is the zlib format, but some servers send the bare deflate stream under this name.
        has_header = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
        return ZLIB if has_header else BARE_DEFLATE
    return None


def _unpack_chunks(packed: Body, window: int, anomalies: Anomalies) -> Body:
    inflater = Inflater(window)
    stamps: list[Stamp] = []
    try:
        for ns, chunk in _chunks(packed.data, packed.stamps, packed.done_ns):
            before = len(inflater.out)
            inflater.feed(chunk)
            if len(inflater.out) > before:
                stamps.append(Stamp(ns, before))
            if inflater.too_long:
                break
    except zlib.error as error:
        anomalies.add(Kind.COMPRESSED_BAD, str(error))
    else:
        if inflater.too_long:
            anomalies.add(Kind.COMPRESSED_TOO_LARGE, f"read up to {MAX_UNPACKED} bytes")
            del inflater.out[MAX_UNPACKED:]
        elif not inflater.ended:
            anomalies.add(Kind.COMPRESSED_BAD, "the compressed stream is cut")
    return Body(bytes(inflater.out), tuple(stamps), packed.done_ns)


def _chunks(data: bytes, stamps: Sequence[Stamp], done_ns: int) -> Iterator[tuple[int, bytes]]:
    if not stamps or stamps[0].offset > 0:
        yield done_ns if not stamps else stamps[0].ns, data[: stamps[0].offset if stamps else None]
    for at, stamp in enumerate(stamps):
        end = stamps[at + 1].offset if at + 1 < len(stamps) else len(data)
        yield stamp.ns, data[stamp.offset : end]


def note_bad_utf8(data: bytes, anomalies: Anomalies) -> None:
    """The first 20 places with bytes that are not UTF-8 become anomalies."""
    view, start, found = memoryview(data), 0, 0
    decoder = getincrementaldecoder("utf-8")()
    while found < _MOST_BAD and start <= len(data):
        # In parts: decoded as a whole, a body with one emoji takes four times its size.
        part = view[start : start + _PART]
        try:
            decoder.decode(part, final=start + _PART >= len(data))
        except UnicodeDecodeError as error:
            # The decoder's own rest of the last part is before this one.
            base = start - (len(error.object) - len(part))
            at = Span(base + error.start, base + error.end)
            anomalies.add(Kind.BAD_UTF8, f"bytes {data[at.start : at.end].hex(' ')}: {error.reason}", at)
            decoder.reset()
            start, found = at.end, found + 1
        else:
            start += _PART


def ends_of(body: bytes) -> Iterator[bytes]:
    """The last 64 KB of a body, where usage is, then the first 16 KB."""
    yield body[-_TAIL:]
    yield body[:_HEAD]


def last_count(part: bytes, key: bytes) -> int | None:
    """The number after the last occurrence of a quoted key that has one. Searched backwards, because usage is at the
    end."""
    at = part.rfind(key)
    for _ in range(_MOST):
        if at < 0:
            return None
        if found := _NUMBER.match(part, at + len(key)):
            return int(found[1])
        at = part.rfind(key, 0, at)
    return None
