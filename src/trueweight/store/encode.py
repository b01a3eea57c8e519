"""Writes an exchange as one line of JSON, with every byte of every body."""

from __future__ import annotations

import re
from base64 import b64encode
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import replace

import msgspec
from msgspec import UNSET, UnsetType

from trueweight.core import Attempt, Exchange, ThinkingMode, compact_json
from trueweight.core.exchange import is_utf_8
from trueweight.store.line_records import AttemptRecord, BodyLine, ExchangeLine, StoredRequest, api_of, outcome_of

# JSON allows these unescaped, but they break lines or terminals, and lone surrogates do not encode to UTF-8.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DELETE = b"\x7f"  # the one of them that is ASCII
_CONTROL = bytes(set(range(0x20)) - set(b"\b\t\n\f\r")) + _DELETE
"""Bytes that JSON writes as an escape of six characters."""

_LARGE = 512 * 1024
"""Bytes from which a body is written in pieces."""
_PIECE = 3 * 32 * 1024
"""Bytes of a body in one piece; base64 of a multiple of three has no padding."""
_MARK = b"\xff a large body \xff"
"""Takes the place of a large body. It is not UTF-8, so that no text of a line can have its base64 in this member."""
_MARKED = b'"body_base64":"' + b64encode(_MARK) + b'"'
_utf_8 = getincrementaldecoder("utf-8")

_encode = msgspec.json.Encoder().encode


def encode_exchange(exchange: Exchange) -> bytes:
    """One line, without its newline and without any newline in it."""
    return b"".join(line_pieces(exchange))


def line_pieces(exchange: Exchange, *, body_sha256: str = "") -> Iterator[bytes]:
    """The bytes of `encode_exchange` in pieces of some hundred kilobytes: a thread that makes them one by one lets
    others run after half a millisecond, and the event loop is not late because of one large body.

    Args:
        body_sha256: what the line has in place of the request's body; "" leaves the body in it.
    """
    bodies = [attempt.body for attempt in exchange.attempts if _is_apart(attempt.body)]
    head = _encode_small(_with_marks(exchange) if bodies else exchange, body_sha256)
    for body in bodies:
        before, head = head.split(_MARKED, 1)
        is_text = _is_text(body)
        yield before + (b'"body":"' if is_text else b'"body_base64":"')
        yield from (_text_pieces if is_text else _base64_pieces)(body)
        yield b'"'
    yield head


def _is_apart(body: bytes) -> bool:
    return len(body) > _LARGE or body == _MARK  # a server may send the mark itself


def _is_text(body: bytes) -> bool:
    """Whether a large body is written as text: not if it is no UTF-8, or if more than a fifteenth of it are control
    characters, which JSON writes in six bytes each. In base64 it takes less."""
    return is_utf_8(body) and 15 * sum(map(_count_controls, _cut(body))) <= len(body)


def _count_controls(piece: bytes) -> int:
    return len(piece) - len(piece.translate(None, _CONTROL))


def _cut(body: bytes) -> Iterator[bytes]:
    """The body in pieces: one call for all of a large body would hold up the event loop for ten milliseconds."""
    return (body[at : at + _PIECE] for at in range(0, len(body), _PIECE))


def _with_marks(exchange: Exchange) -> Exchange:
    attempts = (replace(one, body=_MARK) if _is_apart(one.body) else one for one in exchange.attempts)
    return replace(exchange, attempts=tuple(attempts))


def _text_pieces(body: bytes) -> Iterator[bytes]:
    decoder = _utf_8()
    for at in range(0, len(body), _PIECE):
        piece = _encode(decoder.decode(body[at : at + _PIECE], final=at + _PIECE >= len(body)))[1:-1]
        yield piece if piece.isascii() and _DELETE not in piece else _escape(piece.decode())


def _base64_pieces(body: bytes) -> Iterator[bytes]:
    yield from map(b64encode, _cut(body))


def body_line(body_sha256: str, body: str) -> bytes:
    """The line of a request's body, without its newline."""
    return _encode_escaped(BodyLine(2, body_sha256, body))


def _encode_small(exchange: Exchange, body_sha256: str) -> bytes:
    sent = exchange.request
    line = ExchangeLine(
        2 if body_sha256 else 1,
        exchange.trial,
        outcome_of(exchange),
        exchange.provider,
        exchange.suite,
        exchange.case,
        exchange.repeat,
        exchange.mode,
        exchange.started_at,
        exchange.client_limited,
        StoredRequest(sent.method, sent.url, sent.headers, UNSET if body_sha256 else sent.body, body_sha256 or UNSET),
        tuple(_attempt_record(attempt) for attempt in exchange.attempts),
        UNSET if exchange.api == api_of(exchange.request) else exchange.api,
        UNSET if exchange.thinking is ThinkingMode.AS_SERVED else exchange.thinking,
    )
    return _encode_escaped(line)


def _encode_escaped(line: ExchangeLine | BodyLine) -> bytes:
    try:
        data = _encode(line)
    except UnicodeEncodeError:  # a lone surrogate
        return _escape(compact_json(msgspec.to_builtins(line)))
    # The search takes as long as all the rest, and nearly every line is ASCII.
    return data if data.isascii() and _DELETE not in data else _escape(data.decode())


def _escape(text: str) -> bytes:
    return _ESCAPED.sub(lambda found: f"\\u{ord(found.group()):04x}", text).encode()


def _attempt_record(attempt: Attempt) -> AttemptRecord:
    body: str | UnsetType = UNSET
    body_base64: bytes | UnsetType = UNSET
    try:
        body = attempt.body.decode("utf-8")
    except UnicodeDecodeError:
        body_base64 = attempt.body
    return AttemptRecord(
        attempt.waited,
        attempt.t_send,
        attempt.t_connected,
        attempt.t_headers,
        attempt.t_done,
        attempt.status,
        attempt.http_version,
        attempt.headers,
        body,
        body_base64,
        attempt.stamps,
        attempt.failure,
    )
