"""Reads one HTTP/1.1 response from its bytes with llhttp. Pure: it has no socket and no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import httptools
import httpx

MAX_HEADERS = 128
MAX_FRAMING = 64 * 1024
"""Most bytes outside the body: head, interim responses, chunk sizes and their extensions, trailers."""
_CREDIT_PER_BODY_BYTE = 9
"""Each byte of body allows this many more bytes outside it, itself included, up to ``MAX_FRAMING`` again. A server
that sends chunks of one byte needs six."""


class NotHttpError(httpx.RemoteProtocolError):
    """What arrived does not begin as a response of HTTP/1.1 does."""


class DisconnectedError(httpx.RemoteProtocolError):
    """The server closed the connection before the end of its response."""


class Listener(Protocol):
    """Receives a response inside the event-loop call that reads the socket, so a time taken there is the arrival's."""

    def begin(self) -> None:
        """The first byte arrived."""

    def head(self, status: int, version: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """The head is complete. ``version`` is, for example, ``HTTP/1.1``."""

    def body(self, data: bytes) -> None:
        """Bytes of the body arrived: all that one read of the socket brought, in one call."""

    def end(self) -> None:
        """The body is complete."""


class StoppedError(Exception):
    """The exchange was ended from this side, by what `SendListener.sending` was given."""


class SendListener(Listener, Protocol):
    """Receives a response, and before it what becomes of its request."""

    def connected(self) -> None:
        """A new connection is ready. Not called for a kept one."""

    def sending(self, stop: Callable[[], None]) -> None:
        """The head is about to be written. To call ``stop`` ends the exchange with a `StoppedError`."""


class BodyBuffer:
    """A listener that keeps the body.

    Attributes:
        pieces: the body so far, one item for each read of the socket.
    """

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def begin(self) -> None:
        """Ignored."""

    def head(self, status: int, version: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Ignored."""

    def body(self, data: bytes) -> None:
        """Keep the bytes."""
        self.pieces.append(data)

    def end(self) -> None:
        """Ignored."""


def _declares_body(name: bytes, value: bytes) -> bool:
    return name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0")


class IncomingResponse:
    """One response while it arrives. Bytes after its end are ignored; its connection is not used again then.

    Attributes:
        headed: whether the head is complete.
        complete: whether the body is complete.
        reusable: whether the connection may carry another request after this complete response.
        surplus: whether bytes followed the end of the response.
    """

    def __init__(self, listener: Listener) -> None:
        self.status = 0
        self.version = ""
        self.reason = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.headed = self.complete = self.reusable = self.surplus = False
        self._listener = listener
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        # Some servers break these two rules and work for their users. Headers stay strict: a lenient reader could see
        # another framing than the next reader does.
        self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True)
        self._begun = self._interim = False
        self._declared = self._chunked = self._in_chunks = False
        self._pieces: list[bytes] = []
        self._credit = MAX_FRAMING

    def feed(self, data: bytes) -> None:
        """Read the next bytes; nothing after `release`.

        Raises:
            NotHttpError: if they do not begin as HTTP/1.1 does.
            httpx.RemoteProtocolError: if they are malformed, or more than ``MAX_FRAMING`` of them are not body.
        """
        if self._parser is None:
            return
        if not self._begun:
            self._begun = True
            self._listener.begin()
        self._credit -= len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            raise error.__context__ or error from None
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.reusable = False
            if not self.complete:
                raise self._fault(str(error)) from None
            self.surplus = True
        finally:
            if self._pieces:  # as `_pass_on` does, without its call: between two chunks the processor forgets our code
                data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
                self._pieces.clear()
                self._credit += _CREDIT_PER_BODY_BYTE * len(data)
                if self._credit > MAX_FRAMING:  # noqa: PLR1730 - a call too
                    self._credit = MAX_FRAMING
                self._listener.body(data)
        if self._credit < 0 and not self.complete:
            raise httpx.RemoteProtocolError(f"more than {MAX_FRAMING} bytes that are not body")

    def finish(self) -> None:
        """The server closed the connection, which completes a body of undeclared length.

        Raises:
            DisconnectedError: if the response is incomplete.
        """
        if not self._begun:
            raise DisconnectedError("server disconnected without an answer")
        if not self.headed:
            raise DisconnectedError("server disconnected within the head of its answer")
        if self._declared:
            raise DisconnectedError("peer closed connection before the end of the body")
        self._end(reusable=False)

    def release(self) -> None:
        """Let go of the parser. It refers to this response, and so would keep it, its listener and the body in memory
        until Python searches for cycles: the event loop was held up for five to fifteen milliseconds by that."""
        self._parser = None

    def _fault(self, reason: str) -> httpx.RemoteProtocolError:
        if self._parser is not None and self._parser.get_status_code() >= 100:
            return httpx.RemoteProtocolError(f"a malformed response of HTTP/1.1: {reason}")
        return NotHttpError(f"not a response of HTTP/1.1: {reason}")

    def _read_framing(self) -> None:
        """Whether the body is chunked, and whether its length is declared at all (RFC 9112, 6.3)."""
        fields = [(name.lower(), value) for name, value in self.headers]
        codings = b",".join(value for name, value in fields if name == b"transfer-encoding").lower()
        self._chunked = codings.rsplit(b",", 1)[-1].strip() == b"chunked"
        self._declared = self._chunked or (not codings and any(name == b"content-length" for name, _ in fields))

    def _pass_on(self) -> None:
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._credit = min(MAX_FRAMING, self._credit + _CREDIT_PER_BODY_BYTE * len(data))
        self._listener.body(data)

    def _end(self, *, reusable: bool) -> None:
        if self._pieces:
            self._pass_on()
        self.complete, self.reusable = True, reusable
        self._listener.end()

    # Called by the parser.

    def on_message_begin(self) -> None:
        """A message begins. After the end of the response it is surplus."""
        if self.complete:
            self.reusable, self.surplus = False, True

    def on_status(self, reason: bytes) -> None:
        """A part of the reason phrase."""
        if not self.complete:
            self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head. Fields of the trailer section are dropped."""
        if self.headed:
            return
        if len(self.headers) == MAX_HEADERS:
            raise httpx.RemoteProtocolError(f"more than {MAX_HEADERS} headers")
        self.headers.append((name, value.rstrip(b" \t")))  # RFC 9112, 5.1

    def on_headers_complete(self) -> None:
        """The head is complete. The head of an interim response (RFC 9110, 15.2) is dropped; it has no body."""
        if self.complete:
            return
        assert self._parser is not None
        self.status = self._parser.get_status_code()
        version = self._parser.get_http_version()
        if self.status < 100 or version not in ("1.0", "1.1"):
            raise NotHttpError(f"not a response of HTTP/1.1: HTTP/{version} {self.status}")
        if self.status < 200:
            if any(_declares_body(name.lower(), value) for name, value in self.headers):
                raise httpx.RemoteProtocolError("an interim response that declares a body")
            self.headers.clear()
            self.reason = b""
            self._interim = True
            return
        self.version = f"HTTP/{version}"
        self.headed = True
        self._read_framing()
        self._listener.head(self.status, self.version, self.headers)

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self.complete:
            return
        if self._interim:
            raise httpx.RemoteProtocolError("an interim response with a body")
        if self._in_chunks is not self._chunked:
            raise httpx.RemoteProtocolError("a transfer encoding that two readers would read in two ways")
        self._pieces.append(data)

    def on_chunk_header(self) -> None:
        """A chunk begins."""
        self._in_chunks = True

    def on_message_complete(self) -> None:
        """The end of the response, or of an interim response."""
        if self._interim:
            self._interim = False
        elif not self.complete:
            assert self._parser is not None
            self._end(reusable=self._parser.should_keep_alive())
