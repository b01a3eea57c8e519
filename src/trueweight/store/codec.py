"""Writes an exchange as one line of JSON and reads it back, with every byte of every body.

A body is in the line once: as text under ``body`` when it is UTF-8, else as base64 under ``body_base64``. ``outcome``
repeats how the final attempt ended (``ok`` or a failure kind), for grep and for the index. In a run directory the
request's body is another line, and the line of the exchange has its SHA-256: version 2.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from sys import intern
from types import MappingProxyType
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from trueweight.core import (
    DEFAULT_API,
    PROTOCOLS,
    Attempt,
    Exchange,
    Failure,
    InfrastructureError,
    Mode,
    RequestRecord,
    Stamp,
    ThinkingMode,
    compact_json,
)
from trueweight.core.exchange import is_utf_8

VERSION: Final = 2
"""The newest version of a line."""
BODY_LINE: Final = b'{"v":2,"body_sha256":"'
"""How the line of a request's body begins; the digest follows."""
CORRUPT = "run-corrupt"
"""Code of the error for a line that is not an exchange."""

# JSON allows these unescaped, but they break lines or terminals, and lone surrogates do not encode to UTF-8.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DELETE = b"\x7f"  # the one of them that is ASCII

# msgspec writes: Expected `int`, got `str` - at `$.attempts[0].status`
_AT_FIELD = re.compile(r"^(?P<problem>.*?)(?: - at `(?:key in )?(?P<field>\$[^`]*)`)?$", re.DOTALL)

_Count = Annotated[int, Meta(ge=0, le=2**62)]
_Nanoseconds = Annotated[int, Meta(ge=-(2**62), le=2**62)]
# A time from 1970 on has a number of seconds, and the longest exchange (2**62 ns) ends before the year 10,000.
_FIRST_YEAR, _LAST_YEAR = 1971, 9800
_Status = Annotated[int, Meta(ge=0, le=999)]


class _AttemptRecord(msgspec.Struct, frozen=True, gc=False):
    """An attempt in a line; exactly one of ``body`` and ``body_base64`` is there."""

    waited: _Count
    t_send: _Nanoseconds
    t_connected: _Nanoseconds | None
    t_headers: _Nanoseconds | None
    t_done: _Nanoseconds
    status: _Status | None
    http_version: str | None
    headers: tuple[tuple[str, str], ...]
    body: str | UnsetType = UNSET
    body_base64: bytes | UnsetType = UNSET
    stamps: tuple[Stamp, ...] = ()
    failure: Failure | None = None


class _Request(msgspec.Struct, frozen=True, gc=False):
    """A request in a line; exactly one of ``body`` and ``body_sha256`` is there."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str | UnsetType = UNSET
    body_sha256: str | UnsetType = UNSET


class _BodyLine(msgspec.Struct, frozen=True, gc=False):
    """The line of a request's body."""

    v: Literal[2]
    body_sha256: str
    body: str


class _Line(msgspec.Struct, frozen=True, gc=False):
    """A line. Its fields are in the order of the file: `trueweight.store.log` finds ``trial`` and ``outcome`` by it."""

    v: Literal[1, 2]
    trial: Annotated[str, Meta(min_length=1)]
    outcome: str
    provider: str
    suite: str
    case: str
    repeat: _Count
    mode: Mode
    started_at: str
    client_limited: bool
    request: _Request
    attempts: Annotated[tuple[_AttemptRecord, ...], Meta(min_length=1)]
    api: Annotated[str, Meta(min_length=1)] | UnsetType = UNSET
    thinking: ThinkingMode | UnsetType = UNSET


_LARGE = 512 * 1024
"""Bytes from which a body is written in pieces."""
_PIECE = 3 * 64 * 1024
"""Bytes of a body in one piece; base64 of a multiple of three has no padding."""
_MARK = b"\xff a large body \xff"
"""Takes the place of a large body. It is not UTF-8, so that no text of a line can have its base64 in this member."""
_MARKED = b'"body_base64":"' + b64encode(_MARK) + b'"'
_utf_8 = getincrementaldecoder("utf-8")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Line).decode


def encode_exchange(exchange: Exchange) -> bytes:
    """One line, without its newline and without any newline in it."""
    return b"".join(line_pieces(exchange))


def line_pieces(exchange: Exchange, *, body_sha256: str = "") -> Iterator[bytes]:
    """The bytes of `encode_exchange` in pieces of a few hundred kilobytes: a thread that makes them one by one lets
    others run after a millisecond or two, and the event loop is not late because of one large body.

    Args:
        body_sha256: what the line has in place of the request's body; "" leaves the body in it.
    """
    bodies = [attempt.body for attempt in exchange.attempts if _is_apart(attempt.body)]
    head = _encode_small(_with_marks(exchange) if bodies else exchange, body_sha256)
    for body in bodies:
        before, head = head.split(_MARKED, 1)
        is_text = is_utf_8(body)
        yield before + (b'"body":"' if is_text else b'"body_base64":"')
        yield from (_text_pieces if is_text else _base64_pieces)(body)
        yield b'"'
    yield head


def _is_apart(body: bytes) -> bool:
    return len(body) > _LARGE or body == _MARK  # a server may send the mark itself


def _with_marks(exchange: Exchange) -> Exchange:
    attempts = (replace(one, body=_MARK) if _is_apart(one.body) else one for one in exchange.attempts)
    return replace(exchange, attempts=tuple(attempts))


def _text_pieces(body: bytes) -> Iterator[bytes]:
    decoder = _utf_8()
    for at in range(0, len(body), _PIECE):
        piece = _encode(decoder.decode(body[at : at + _PIECE], final=at + _PIECE >= len(body)))[1:-1]
        yield piece if piece.isascii() and _DELETE not in piece else _escape(piece.decode())


def _base64_pieces(body: bytes) -> Iterator[bytes]:
    for at in range(0, len(body), _PIECE):
        yield b64encode(body[at : at + _PIECE])


def body_digest(body: str) -> str:
    """The SHA-256 of a request's body, in hexadecimal digits."""
    return sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


def body_line(body_sha256: str, body: str) -> bytes:
    """The line of a request's body, without its newline."""
    return _encode_escaped(_BodyLine(2, body_sha256, body))


def read_body(line: bytes) -> tuple[str, str] | None:
    """The digest and the body of a request in a line; None if the line is damaged, or the digest is of another body."""
    try:
        value = json.loads(line)
        found = str(value["body_sha256"]), str(value["body"])
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    return found if body_digest(found[1]) == found[0] else None


def _encode_small(exchange: Exchange, body_sha256: str) -> bytes:
    sent = exchange.request
    line = _Line(
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
        _Request(sent.method, sent.url, sent.headers, UNSET if body_sha256 else sent.body, body_sha256 or UNSET),
        tuple(_attempt_record(attempt) for attempt in exchange.attempts),
        UNSET if exchange.api == _api_of(exchange.request) else exchange.api,
        UNSET if exchange.thinking is ThinkingMode.AS_SERVED else exchange.thinking,
    )
    return _encode_escaped(line)


def _encode_escaped(line: _Line | _BodyLine) -> bytes:
    try:
        data = _encode(line)
    except UnicodeEncodeError:  # a lone surrogate
        return _escape(compact_json(msgspec.to_builtins(line)))
    # The search takes as long as all the rest, and nearly every line is ASCII.
    return data if data.isascii() and _DELETE not in data else _escape(data.decode())


def _escape(text: str) -> bytes:
    return _ESCAPED.sub(lambda found: f"\\u{ord(found.group()):04x}", text).encode()


def outcome_of(exchange: Exchange) -> str:
    """How the trial ended: ``ok``, or the kind of the final failure."""
    return exchange.failure.kind.value if exchange.failure else "ok"


def _attempt_record(attempt: Attempt) -> _AttemptRecord:
    body: str | UnsetType = UNSET
    body_base64: bytes | UnsetType = UNSET
    try:
        body = attempt.body.decode("utf-8")
    except UnicodeDecodeError:
        body_base64 = attempt.body
    return _AttemptRecord(
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


def decode_exchange(line: bytes, *, where: str = "", bodies: Mapping[str, str] = MappingProxyType({})) -> Exchange:
    """The exchange in a line.

    Args:
        where: file and line number, for an error.
        bodies: of requests, by the digest with which a line of version 2 names one.

    Raises:
        InfrastructureError: ``run-version`` for a version that this program does not know; ``run-corrupt`` if the line
            is not an exchange, with the first field that has a wrong type.
    """
    try:
        found = _decode(line)
    except (msgspec.MsgspecError, RecursionError):
        found = _decode_slowly(line, where)
    return Exchange(
        trial=intern(found.trial),
        provider=found.provider,
        suite=found.suite,
        case=found.case,
        repeat=found.repeat,
        mode=found.mode,
        started_at=found.started_at,
        request=_request(found.request, bodies, where),
        attempts=tuple(_attempt(attempt, f"$.attempts[{at}]", where) for at, attempt in enumerate(found.attempts)),
        client_limited=found.client_limited,
        api=_api_of(found.request) if isinstance(found.api, UnsetType) else found.api,
        thinking=ThinkingMode.AS_SERVED if isinstance(found.thinking, UnsetType) else found.thinking,
    )


def _request(found: _Request, bodies: Mapping[str, str], where: str) -> RequestRecord:
    if isinstance(found.body, str):
        body = found.body
    elif not isinstance(found.body_sha256, str):
        raise _corrupt(where, "at $.request: neither body nor body_sha256")
    elif found.body_sha256 in bodies:
        body = bodies[found.body_sha256]
    else:
        raise _corrupt(where, "at $.request.body_sha256: no whole line before it has this body")
    return RequestRecord(found.method, found.url, found.headers, body)


def _api_of(request: RequestRecord | _Request) -> str:
    """The API of a line without ``api``. Old runs have two APIs, and only the list of models uses GET."""
    return "models" if request.method == "GET" else DEFAULT_API


def _attempt(record: _AttemptRecord, field: str, where: str) -> Attempt:
    if isinstance(record.body, str):
        try:
            body = record.body.encode()
        except UnicodeEncodeError:
            raise _corrupt(where, f"at {field}.body: half of a surrogate pair, which UTF-8 cannot have") from None
    elif isinstance(record.body_base64, bytes):
        body = record.body_base64
    else:
        raise _corrupt(where, f"at {field}: an attempt has neither body nor body_base64")
    return Attempt(
        record.waited,
        record.t_send,
        record.t_connected,
        record.t_headers,
        record.t_done,
        record.status,
        record.http_version,
        record.headers,
        body,
        record.stamps,
        record.failure,
    )


def refuse_unusable(exchange: Exchange, where: str) -> None:
    """Refuse values of the right type that a reader cannot use.

    Raises:
        InfrastructureError: ``run-corrupt`` for a start that is no time or out of range, an API that this version does
            not have, and stamps that are not in the order of their body.
    """
    try:
        year = datetime.fromisoformat(exchange.started_at).year
    except ValueError:
        raise _corrupt(where, "at $.started_at: not a time in ISO 8601") from None
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise _corrupt(where, f"at $.started_at: not from {_FIRST_YEAR} to {_LAST_YEAR}")
    if exchange.api not in PROTOCOLS.all():
        raise _corrupt(where, f"at $.api: not an API of this version: {exchange.api[:80]!r}")
    for at, attempt in enumerate(exchange.attempts):
        offset = 0
        for number, stamp in enumerate(attempt.stamps):
            if not offset <= stamp.offset <= len(attempt.body) or abs(stamp.ns) > 2**62:
                reason = (
                    f"at $.attempts[{at}].stamps[{number}]: not in the order of the body's {len(attempt.body)} bytes"
                )
                raise _corrupt(where, reason)
            offset = stamp.offset


def _decode_slowly(line: bytes, where: str) -> _Line:
    """Decode a line with escapes of lone surrogates, which msgspec refuses. For any other line, raise its error."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _corrupt(where, str(error)) from None
    if not isinstance(value, dict) or "trial" not in value:
        raise _corrupt(where, "a JSON value that is not an exchange")
    version = value.get("v")
    if type(version) is int and version > VERSION:
        raise InfrastructureError(
            f"exchange format version {version} is not known to this version of trueweight",
            code="run-version",
            where=where,
            hint=f"Valid: {VERSION}. A newer trueweight may read it.",
        )
    try:
        return msgspec.convert(value, _Line)
    except (ValueError, RecursionError) as error:  # the first of msgspec, or of half a surrogate pair
        field, problem = problem_of(error)
        raise _corrupt(where, f"at {field}: {problem}") from None


def problem_of(error: Exception) -> tuple[str, str]:
    """The path of the field, such as ``$.attempts[0].status``, and what is wrong with it.

    The path is ``$``, the whole value, if msgspec names none.
    """
    found = _AT_FIELD.match(str(error))
    assert found is not None
    return found["field"] or "$", found["problem"].replace("`", "")[:200]


def _corrupt(where: str, reason: str) -> InfrastructureError:
    return InfrastructureError(
        f"this line is not a recorded exchange: {reason}",
        code=CORRUPT,
        where=where,
        hint="The other lines are judged, and a resume sends this trial again. A crash tears only the last line.",
    )
