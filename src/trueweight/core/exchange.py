"""An exchange: one trial as it happened, byte for byte: the request, every attempt, every arrival time."""

from __future__ import annotations

from codecs import getincrementaldecoder
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from trueweight.core.case import DEFAULT_API, Mode
from trueweight.core.thinking import ThinkingMode


class FailureKind(StrEnum):
    """Why an attempt failed.

    ``client-error`` is the server's answer to this request, ``interrupted`` is a stop of the run, and ``client-limit``
    is a limit of this client. All others are failures of transport, account or server.
    """

    DNS = "dns"
    """The name of the host has no address, or the resolver did not answer."""
    CONNECT = "connect"
    """No connection: it was refused, or there is no route."""
    PROXY = "proxy"
    """The proxy refused the request (407, or a 4xx to CONNECT) or does not speak HTTP."""
    TLS = "tls"
    """The handshake of TLS failed, e.g. by an expired certificate, or one of another host."""
    TIMEOUT_CONNECT = "timeout-connect"
    """No connection within its deadline."""
    TIMEOUT_FIRST_BYTE = "timeout-first-byte"
    """No byte of a response within the deadline after the request."""
    TIMEOUT_STALL = "timeout-stall"
    """A response began, and then no byte arrived for as long as the deadline."""
    TIMEOUT_TOTAL = "timeout-total"
    """The response was not complete within the deadline of the whole attempt."""
    RESET = "reset"
    """The connection was reset, or closed before any byte of a response on a new connection."""
    TRUNCATED = "truncated"
    """The connection closed in the middle of the body: no last chunk, or fewer bytes than were declared."""
    STALE_CONNECTION = "stale-connection"
    """A kept connection was closed before any byte of a response. HTTP/1.1 cannot avoid this race, so it does not count
    as a failure: the request is sent again at once, on a new connection."""
    PROTOCOL = "protocol"
    """What arrived breaks HTTP itself."""
    REDIRECT = "redirect"
    """A 3xx status. It is not followed, because a key must not go to another address."""
    TOO_LARGE = "too-large"
    """The body has more bytes than ``--max-response`` allows."""
    RATE_LIMITED = "rate-limited"
    """429: too many requests. Sent again after the wait that the server asks for."""
    AUTH = "auth"
    """401 or 403: the key is refused, or may not use this model."""
    SERVER_ERROR = "server-error"
    """A 5xx other than 501, or 408."""
    ERROR_IN_BODY = "error-in-body"
    """The status is a success, and an event of the stream, or the whole body, reports an error: the server failed after
    it had sent the status. Checks judge such a reply, because the error is in its bytes."""
    INTERRUPTED = "interrupted"
    """The run was stopped while this attempt was under way."""
    CLIENT_LIMIT = "client-limit"
    """This client could not do its part: it was too busy when a deadline passed, or its operating system refused a
    socket, a file or memory. It says nothing of the provider, so success rates leave it out."""
    CLIENT_ERROR = "client-error"
    """A 4xx other than 401, 403, 407, 408 and 429, or 501: the server's answer to this request. Checks judge it."""

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed when it is sent again."""
        return self not in _FINAL


TIMEOUTS = frozenset(
    {
        FailureKind.TIMEOUT_CONNECT,
        FailureKind.TIMEOUT_FIRST_BYTE,
        FailureKind.TIMEOUT_STALL,
        FailureKind.TIMEOUT_TOTAL,
    }
)
"""Deadlines that passed; a client that is too busy lets them pass by itself."""
_FINAL = frozenset(
    {
        FailureKind.PROXY,
        FailureKind.TLS,
        FailureKind.AUTH,
        FailureKind.CLIENT_ERROR,
        FailureKind.REDIRECT,
        FailureKind.TOO_LARGE,
        FailureKind.INTERRUPTED,
    }
)


class Stamp(NamedTuple):
    """The arrival of one chunk: ``ns`` after the scheduled start, with its first byte at ``offset`` in the body."""

    ns: int
    offset: int


def is_utf_8(data: bytes) -> bool:
    """Whether the bytes are UTF-8, found out piece by piece, so that a thread does not hold up the others."""
    decoder = getincrementaldecoder("utf-8")()
    try:
        for at in range(0, len(data), _PIECE):
            decoder.decode(data[at : at + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure of an attempt: its kind, and the reported message (redacted)."""

    kind: FailureKind
    detail: str = ""


_PIECE: Final = 128 * 1024

REDACTED: Final = "[REDACTED]"
"""What a record has in place of a key."""


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """The request as it was sent, with keys redacted."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request on the wire.

    All times are monotonic nanoseconds after the trial's scheduled start (``t_sched``), which is 0.

    Attributes:
        waited: nanoseconds of deliberate waiting (back-off, Retry-After) right before this attempt.
        t_send: when the request was handed to the transport; on a kept connection, right before its first byte is
            written.
        t_connected: when a new connection was ready; None if a kept one was used, or if no connection was made.
        t_headers: when the response's head had arrived; None if it did not arrive.
        t_done: when the last byte had arrived, or the attempt failed.
        body: the body's bytes as received, still compressed if the server compressed them.
        stamps: arrival of each chunk of ``body``, in order.
    """

    waited: int
    t_send: int
    t_connected: int | None
    t_headers: int | None
    t_done: int
    status: int | None = None
    http_version: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    stamps: tuple[Stamp, ...] = ()
    failure: Failure | None = None

    def header(self, name: str) -> str | None:
        """The first header of that name, whatever its case; None if absent."""
        lowered = name.lower()
        return next((value for key, value in self.headers if key.lower() == lowered), None)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A trial as it happened.

    Attributes:
        trial: the trial's id.
        started_at: UTC wall clock of ``t_sched``, ISO 8601 with microseconds.
        attempts: in order, at least one. The last one is the result of the trial.
        client_limited: whether this client was so busy that the times cannot be trusted.
        api: name of the protocol that wrote the request and reads the body.
        thinking: whether the request switched the model's thinking.
    """

    trial: str
    provider: str
    suite: str
    case: str
    repeat: int
    mode: Mode
    started_at: str
    request: RequestRecord
    attempts: tuple[Attempt, ...]
    client_limited: bool = False
    api: str = DEFAULT_API
    thinking: ThinkingMode = ThinkingMode.AS_SERVED

    @property
    def final(self) -> Attempt:
        """The last attempt, which is the result of the trial."""
        return self.attempts[-1]

    @property
    def failure(self) -> Failure | None:
        """The failure of the final attempt, if it failed."""
        return self.final.failure

    @property
    def interrupted(self) -> bool:
        """Whether the run was stopped during the final attempt, so that a resume sends the trial again."""
        return self.failure is not None and self.failure.kind is FailureKind.INTERRUPTED

    @property
    def judgeable(self) -> bool:
        """Whether the final attempt has a response of the server that checks can judge."""
        return self.answered or (self.failure is not None and self.failure.kind is FailureKind.ERROR_IN_BODY)

    @property
    def answered(self) -> bool:
        """Whether the final attempt is the server's answer to this request: a complete 2xx, or a ``client-error``."""
        return self.failure is None or self.failure.kind is FailureKind.CLIENT_ERROR
