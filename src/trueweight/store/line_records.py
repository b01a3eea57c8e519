"""What a line of a recording holds: an exchange, or the body of a request.

The body of an attempt is in its line once: as text under ``body`` when it is UTF-8 (a large one also without many
control characters), else as base64 under ``body_base64``. ``outcome`` repeats how the final attempt ended (``ok`` or a
failure kind), for grep and for the index.
In a run directory the request's body is another line, and the line of the exchange has its SHA-256: version 2.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from trueweight.core import DEFAULT_API, Exchange, Failure, Mode, RequestRecord, Stamp, ThinkingMode

VERSION: Final = 2
"""The newest version of a line."""
BODY_LINE: Final = b'{"v":2,"body_sha256":"'
"""How the line of a request's body begins; the digest follows."""
_NAMES = re.compile(
    rb'\{"v":[12],"trial":"[^"\\]+","outcome":"[^"\\]+","provider":"([^"\\]+)","suite":"([^"\\]+)","case":"([^"\\]+)",'
)

_Count = Annotated[int, Meta(ge=0, le=2**62)]
_Nanoseconds = Annotated[int, Meta(ge=-(2**62), le=2**62)]
_Status = Annotated[int, Meta(ge=0, le=999)]


class AttemptRecord(msgspec.Struct, frozen=True, gc=False):
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


class StoredRequest(msgspec.Struct, frozen=True, gc=False):
    """A request in a line; exactly one of ``body`` and ``body_sha256`` is there."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str | UnsetType = UNSET
    body_sha256: str | UnsetType = UNSET


class BodyLine(msgspec.Struct, frozen=True, gc=False):
    """The line of a request's body."""

    v: Literal[2]
    body_sha256: str
    body: str


class ExchangeLine(msgspec.Struct, frozen=True, gc=False):
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
    request: StoredRequest
    attempts: Annotated[tuple[AttemptRecord, ...], Meta(min_length=1)]
    api: Annotated[str, Meta(min_length=1)] | UnsetType = UNSET
    thinking: ThinkingMode | UnsetType = UNSET


def api_of(request: RequestRecord | StoredRequest) -> str:
    """The API of a line without ``api``. Old runs have two APIs, and only the list of models uses GET."""
    return "models" if request.method == "GET" else DEFAULT_API


def names_in(line: bytes) -> tuple[str, str, str] | None:
    """Provider, suite and case of an exchange in a line, without parsing its bodies; None if our encoder did not write
    the line."""
    found = _NAMES.match(line)
    if found is None:
        return None
    provider, suite, case = (one.decode("utf-8", "replace") for one in found.groups())
    return provider, suite, case


def outcome_of(exchange: Exchange) -> str:
    """How the trial ended: ``ok``, or the kind of the final failure."""
    return exchange.failure.kind.value if exchange.failure else "ok"


def body_digest(body: str) -> str:
    """The SHA-256 of a request's body, in hexadecimal digits."""
    return _digest_of_short(body) if len(body) <= _SHORT else _digest(body)


def _digest(body: str) -> str:
    return sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


_SHORT: Final = 2048
"""Characters of a body whose digest is kept: the same body is sent to several providers, again and again."""
_digest_of_short = lru_cache(512)(_digest)
