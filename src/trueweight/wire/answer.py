"""A response of HTTP/1.1 as its bytes come in, read by llhttp; no socket and no clock in here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import httptools
import httpx

MOST_HEADERS = 128
MOST_FRAMING = 64 * 1024
"""Bytes that may come without body: head, interim responses, chunk sizes and their extensions, trailers."""
_EARNED = 9
"""So many more for each byte of body, itself included, up to the same: a server that sends chunks of one needs six."""


class Listener(Protocol):
    """Told of a response in the very call of the event loop that brings its bytes: where a stamp is true."""

    def begin(self) -> None:
        """Its first byte came."""

    def head(self, status: int, version: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """The head is whole; ``version`` as in ``HTTP/1.1``."""

    def body(self, data: bytes) -> None:
        """So much of the body came: all that one read brought, since nothing tells its parts' times apart."""

    def end(self) -> None:
        """All of it came."""


class Answer:
    """One response; what comes after its end is not looked at, and spoils the connection.

    Attributes:
        headed, complete: whether its head, and all of it, is there.
        reusable: of a complete one, whether its connection may carry another request.
    """

    def __init__(self, listener: Listener) -> None:
        self.status = 0
        self.version = ""
        self.reason = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.headed = self.complete = self.reusable = False
        self._listener = listener
        self._parser = httptools.HttpResponseParser(self)
        # Sloppy servers that work for their users. Not lenient with headers: two readers could see two framings.
        self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True)
        self._begun = self._interim = False
        self._declared = self._chunked = self._in_chunks = False
        self._pieces: list[bytes] = []
        self._credit = MOST_FRAMING

    def feed(self, data: bytes) -> None:
        """Read on.

        Raises:
            httpx.RemoteProtocolError: if this is not HTTP, or more of it than anybody needs.
        """
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
                raise httpx.RemoteProtocolError(f"not a response of HTTP/1.1: {error}") from None
        finally:
            if self._pieces:
                self._hand_on()
        if self._credit < 0 and not self.complete:
            raise httpx.RemoteProtocolError(f"more than {MOST_FRAMING} bytes that are not body")

    def finish(self) -> None:
        """The server closed the connection; an answer of undeclared length is complete by that.

        Raises:
            httpx.RemoteProtocolError: if it is not complete.
        """
        if not self._begun:
            raise httpx.RemoteProtocolError("server disconnected without an answer")
        if not self.headed:
            raise httpx.RemoteProtocolError("server disconnected within the head of its answer")
        if self._declared:
            raise httpx.RemoteProtocolError("peer closed connection before the end of the body")
        self._end(reusable=False)

    def _read_framing(self) -> None:
        """Whether the body comes in chunks, and whether its end is declared at all (RFC 9112, 6.3)."""
        fields = [(name.lower(), value) for name, value in self.headers]
        codings = b",".join(value for name, value in fields if name == b"transfer-encoding").lower()
        self._chunked = codings.rsplit(b",", 1)[-1].strip() == b"chunked"
        self._declared = self._chunked or (not codings and any(name == b"content-length" for name, _ in fields))

    def _hand_on(self) -> None:
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._credit = min(MOST_FRAMING, self._credit + _EARNED * len(data))
        self._listener.body(data)

    def _end(self, *, reusable: bool) -> None:
        if self._pieces:
            self._hand_on()
        self.complete, self.reusable = True, reusable
        self._listener.end()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Something comes; after the end, something that nobody asked for."""
        if self.complete:
            self.reusable = False

    def on_status(self, reason: bytes) -> None:
        """The words beside the status."""
        if not self.complete:
            self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head, or of the trailers, which have no place in the record."""
        if self.headed:
            return
        if len(self.headers) == MOST_HEADERS:
            raise httpx.RemoteProtocolError(f"more than {MOST_HEADERS} headers")
        self.headers.append((name, value.rstrip(b" \t")))  # RFC 9112, 5.1

    def on_headers_complete(self) -> None:
        """The head is whole; that of an interim response (RFC 9110, 15.2) is forgotten."""
        if self.complete:
            return
        self.status = self._parser.get_status_code()
        version = self._parser.get_http_version()
        if self.status < 100 or version not in ("1.0", "1.1"):
            raise httpx.RemoteProtocolError(f"not a response of HTTP/1.1: HTTP/{version} {self.status}")
        if self.status < 200:
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
        if self._in_chunks is not self._chunked:
            raise httpx.RemoteProtocolError("a transfer encoding that two readers would read in two ways")
        self._pieces.append(data)

    def on_chunk_header(self) -> None:
        """What follows is a chunk."""
        self._in_chunks = True

    def on_message_complete(self) -> None:
        """The end, or only that of an interim response."""
        if self._interim:
            self._interim = False
        elif not self.complete:
            self._end(reusable=self._parser.should_keep_alive())
