"""An exchange as one line of JSON, and back. Versioned; every byte of every body survives.

A body stands once: as text under ``body`` when it is UTF-8, else as base64 under ``body_base64``. ``outcome`` repeats
how the final attempt ended (``ok`` or a failure kind), for grep and for the index; reading ignores it.
"""

from __future__ import annotations

import base64
import json
import re
from sys import intern
from typing import Any

from trueweight.core import (
    Attempt,
    Exchange,
    Failure,
    FailureKind,
    InfrastructureError,
    Mode,
    RequestRecord,
    Stamp,
    compact_json,
)

VERSION = 1

# JSON allows these raw, but they break lines or terminals for people who grep, and lone surrogates are not UTF-8.
_UNQUIET = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DELETE = "\x7f"  # the one of them that is ASCII


def encode_exchange(exchange: Exchange) -> bytes:
    """One line, without its newline and without any newline in it."""
    value = {
        "v": VERSION,
        "trial": exchange.trial,
        "outcome": exchange.failure.kind.value if exchange.failure else "ok",
        "provider": exchange.provider,
        "suite": exchange.suite,
        "case": exchange.case,
        "repeat": exchange.repeat,
        "mode": exchange.mode.value,
        "started_at": exchange.started_at,
        "client_limited": exchange.client_limited,
        "request": {
            "method": exchange.request.method,
            "url": exchange.request.url,
            "headers": exchange.request.headers,
            "body": exchange.request.body,
        },
        "attempts": [_encode_attempt(attempt) for attempt in exchange.attempts],
    }
    text = compact_json(value)
    # Looking for them takes as long as all the rest, and nearly every line can be seen at a glance to have none.
    if not text.isascii() or _DELETE in text:
        text = _UNQUIET.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
    return text.encode()


def _encode_attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "waited": attempt.waited,
        "t_send": attempt.t_send,
        "t_connected": attempt.t_connected,
        "t_headers": attempt.t_headers,
        "t_done": attempt.t_done,
        "status": attempt.status,
        "http_version": attempt.http_version,
        "headers": attempt.headers,
        **_encode_body(attempt.body),
        "stamps": attempt.stamps,
        "failure": None
        if attempt.failure is None
        else {"kind": attempt.failure.kind, "detail": attempt.failure.detail},
    }


def _encode_body(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode("ascii")}


def decode_exchange(line: bytes, *, where: str = "") -> Exchange:
    """The exchange that a line holds.

    Raises:
        InfrastructureError: if the line is not an exchange, or one of a version that this program does not know.
    """
    value = load_line(line, where=where)
    try:
        request = value["request"]
        return Exchange(
            trial=intern(value["trial"]),
            provider=value["provider"],
            suite=value["suite"],
            case=value["case"],
            repeat=value["repeat"],
            mode=Mode(value["mode"]),
            started_at=value["started_at"],
            request=RequestRecord(request["method"], request["url"], _pairs(request["headers"]), request["body"]),
            attempts=tuple(_decode_attempt(attempt) for attempt in value["attempts"]),
            client_limited=value["client_limited"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _corrupt(where, f"{type(error).__name__}: {error}") from None


def load_line(line: bytes, *, where: str = "") -> dict[str, Any]:
    """A line's JSON object, its version checked and nothing else.

    Raises:
        InfrastructureError: as `decode_exchange`.
    """
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _corrupt(where, str(error)) from None
    if not isinstance(value, dict) or not isinstance(value.get("trial"), str) or not value.get("attempts"):
        raise _corrupt(where, "not an exchange")
    if value.get("v") != VERSION:
        raise InfrastructureError(
            f"exchange format version {value.get('v')!r} is not known to this version of trueweight",
            code="run-version",
            where=where,
            hint=f"Valid: {VERSION}. A newer trueweight may read it.",
        )
    return value


def _corrupt(where: str, reason: str) -> InfrastructureError:
    return InfrastructureError(
        f"this line is not a recorded exchange: {reason}",
        code="run-corrupt",
        where=where,
        hint="Only the end of a run can be torn, and that is repaired. Delete the line to go on without it.",
    )


def _decode_attempt(value: dict[str, Any]) -> Attempt:
    failure = value["failure"]
    body = value["body"].encode() if "body" in value else base64.b64decode(value["body_base64"], validate=True)
    return Attempt(
        waited=value["waited"],
        t_send=value["t_send"],
        t_connected=value["t_connected"],
        t_headers=value["t_headers"],
        t_done=value["t_done"],
        status=value["status"],
        http_version=value["http_version"],
        headers=_pairs(value["headers"]),
        body=body,
        stamps=tuple(Stamp(ns, offset) for ns, offset in value["stamps"]),
        failure=None if failure is None else Failure(FailureKind(failure["kind"]), failure["detail"]),
    )


def _pairs(value: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, content) for name, content in value)
