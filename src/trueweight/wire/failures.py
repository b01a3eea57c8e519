"""Exceptions and statuses → typed failures."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from trueweight.core import Failure, FailureKind
from trueweight.wire.http1 import DisconnectedError, NotHttpError

TRANSPORT_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError)
"""What a transport raises when an attempt fails. A ValueError means an invalid URL or header."""

# The transport of httpx has one type for a peer that closed the connection and for invalid HTTP. These are the words of
# h11 and httpcore for the former, and those of h11 for bytes that do not begin as a response does.
_CLOSED_WORDS = ("peer closed connection", "server disconnected")
_NOT_HTTP_WORDS = "illegal status line"
_BY_TYPE: tuple[tuple[type[BaseException], FailureKind], ...] = (
    (httpx.ConnectTimeout, FailureKind.TIMEOUT_CONNECT),
    (httpx.PoolTimeout, FailureKind.TIMEOUT_CONNECT),
    (httpx.ReadTimeout, FailureKind.TIMEOUT_STALL),
    (httpx.WriteTimeout, FailureKind.TIMEOUT_STALL),
    (httpx.ConnectError, FailureKind.CONNECT),
    (httpx.ProxyError, FailureKind.PROXY),
    (httpx.NetworkError, FailureKind.RESET),
    (ssl.SSLError, FailureKind.TLS),
    (OSError, FailureKind.RESET),
)
_BY_STATUS = {
    401: FailureKind.AUTH,
    403: FailureKind.AUTH,
    407: FailureKind.PROXY,
    408: FailureKind.SERVER_ERROR,
    429: FailureKind.RATE_LIMITED,
    501: FailureKind.CLIENT_ERROR,
}
_BY_CLASS = {4: FailureKind.CLIENT_ERROR, 5: FailureKind.SERVER_ERROR}


_CURES = {
    errno.EMFILE: "open files of this process: raise the limit with `ulimit -n`, or lower --concurrency",
    errno.ENFILE: "open files of this machine: raise fs.file-max, or end other programs",
    errno.ENOBUFS: "socket buffers of this machine: lower --concurrency",
    errno.ENOMEM: "memory of this machine: lower --concurrency",
    errno.EADDRNOTAVAIL: "local ports, or addresses, of this machine: lower --concurrency, and see that it has a route",
}
"""What the operating system refuses to this client: the resource, and what to do. Not a failure of the provider."""


@dataclass(frozen=True, slots=True)
class OutOfResources(Failure):
    """The operating system of this client refused a socket, a file or memory for the attempt."""


@dataclass(frozen=True, slots=True)
class NotHttp(Failure):
    """What arrived does not begin as a response of HTTP does."""


def _refused(error: Exception) -> OutOfResources | None:
    for cause in _causes(error):
        code = cause.errno if isinstance(cause, OSError) and not isinstance(cause, socket.gaierror) else None
        if isinstance(cause, socket.gaierror) and not _may_open_files():
            code = errno.EMFILE  # a resolver reads files, and its own errors do not say why it could not
        if code not in _CURES and isinstance(cause, OSError):
            # Several addresses were tried, each with another error.
            code = next((one for one in _CURES if f"[Errno {one}]" in str(cause)), None)
        if code in _CURES:
            detail = f"this machine is out of {_CURES[code]} ({type(cause).__name__}: {cause})"
            return OutOfResources(FailureKind.CLIENT_LIMIT, detail)
    return None


def _may_open_files() -> bool:
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return False
    return True


def failure_of_error(error: Exception) -> Failure:
    """The failure for an exception of a transport."""
    detail = f"{type(error).__name__}: {error}"
    if (refused := _refused(error)) is not None:
        return refused
    if isinstance(error, httpx.NetworkError):
        for cause in _causes(error):
            if isinstance(cause, socket.gaierror):
                return Failure(FailureKind.DNS, detail)
            if isinstance(cause, ssl.SSLError):
                return Failure(FailureKind.TLS, detail)
    kind = next((kind for type_, kind in _BY_TYPE if isinstance(error, type_)), FailureKind.PROTOCOL)
    return _of_protocol(error, detail) if kind is FailureKind.PROTOCOL else Failure(kind, detail)


def _of_protocol(error: Exception, detail: str) -> Failure:
    words = str(error).lower() if type(error) is httpx.RemoteProtocolError else ""
    if isinstance(error, DisconnectedError) or any(one in words for one in _CLOSED_WORDS):
        return Failure(FailureKind.RESET, detail)
    if isinstance(error, NotHttpError) or _NOT_HTTP_WORDS in words:
        return NotHttp(FailureKind.PROTOCOL, detail)
    return Failure(FailureKind.PROTOCOL, detail)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def failure_of_status(status: int, location: str | None) -> Failure | None:
    """The failure for a complete response with this status; None for a success.

    408 is a time-out of the server, so it is a server error. 407 comes from a proxy. 501 is the answer that the server
    does not offer what the request uses (RFC 9110, section 15.6.2), which no retry changes.
    """
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return Failure(FailureKind.REDIRECT, f"HTTP {status} to {location or 'nowhere'}; not followed")
    kind = _BY_STATUS.get(status) or _BY_CLASS.get(status // 100, FailureKind.PROTOCOL)
    why = ": the proxy refuses its credentials" if kind is FailureKind.PROXY else ""
    return Failure(kind, f"HTTP {status}{why}")
