"""Reads the lines of a recording: an exchange with every byte of every body, and the body of a request."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from sys import intern
from types import MappingProxyType

import msgspec
from msgspec import UnsetType

from trueweight.core import PROTOCOLS, Attempt, Exchange, InfrastructureError, RequestRecord, ThinkingMode
from trueweight.store.line_records import VERSION, AttemptRecord, ExchangeLine, StoredRequest, api_of, body_digest

CORRUPT = "run-corrupt"
"""Code of the error for a line that is not an exchange."""

# msgspec writes: Expected `int`, got `str` - at `$.attempts[0].status`
_AT_FIELD = re.compile(r"^(?P<problem>.*?)(?: - at `(?:key in )?(?P<field>\$[^`]*)`)?$", re.DOTALL)
# A time from 1970 on has a number of seconds, and the longest exchange (2**62 ns) ends before the year 10,000.
_FIRST_YEAR, _LAST_YEAR = 1971, 9800

_decode = msgspec.json.Decoder(ExchangeLine).decode


def read_body(line: bytes) -> tuple[str, str] | None:
    """The digest and the body of a request in a line; None if the line is damaged, or the digest is of another body."""
    try:
        value = json.loads(line)
        found = str(value["body_sha256"]), str(value["body"])
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    return found if body_digest(found[1]) == found[0] else None


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
        api=api_of(found.request) if isinstance(found.api, UnsetType) else found.api,
        thinking=ThinkingMode.AS_SERVED if isinstance(found.thinking, UnsetType) else found.thinking,
    )


def _request(found: StoredRequest, bodies: Mapping[str, str], where: str) -> RequestRecord:
    if isinstance(found.body, str):
        body = found.body
    elif not isinstance(found.body_sha256, str):
        raise _corrupt(where, "at $.request: neither body nor body_sha256")
    elif found.body_sha256 in bodies:
        body = bodies[found.body_sha256]
    else:
        raise _corrupt(where, "at $.request.body_sha256: no whole line has this body", _FILTERED)
    return RequestRecord(found.method, found.url, found.headers, body)


def _attempt(record: AttemptRecord, field: str, where: str) -> Attempt:
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
            not have, an attempt without status and failure, and stamps that are not in the order of their body.
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
        if attempt.status is None and attempt.failure is None:
            raise _corrupt(where, f"at $.attempts[{at}]: neither a status nor a failure")
        offset = 0
        for number, stamp in enumerate(attempt.stamps):
            if not offset <= stamp.offset <= len(attempt.body) or abs(stamp.ns) > 2**62:
                reason = (
                    f"at $.attempts[{at}].stamps[{number}]: not in the order of the body's {len(attempt.body)} bytes"
                )
                raise _corrupt(where, reason)
            offset = stamp.offset


def _decode_slowly(line: bytes, where: str) -> ExchangeLine:
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
        return msgspec.convert(value, ExchangeLine)
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


_FILTERED = "Was the record filtered? Keep its lines with body_sha256 and body too: exchanges name them."
_CRASHED = "The other lines are judged, and a resume sends this trial again. A crash tears only the last line."


def _corrupt(where: str, reason: str, hint: str = _CRASHED) -> InfrastructureError:
    return InfrastructureError(f"this line is not a recorded exchange: {reason}", code=CORRUPT, where=where, hint=hint)
