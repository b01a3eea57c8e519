"""A response of HTTP/1.1 as its bytes come in, read by llhttp; no socket and no clock in here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import httptools
import httpx

MOST_HEADERS = 128
MOST_FRAMING = 64 * 1024
"""Bytes that are not body: head, interim responses, chunk sizes and their extensions, trailers."""
_FRAMING_PER_BYTE = 8
"""So many more of them for each byte of body: a server that sends chunks of one byte needs five."""


class Arrivals(Protocol):
    """Told of a response in the very call of the event loop that brings its bytes: where a stamp is true."""

    def head(self, status: int, version: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """The head is whole; ``version`` as in ``HTTP/1.1``."""

    def body(self, data: bytes) -> None:
        """So much of the body came."""

    def end(self) -> None:
        """All of it came."""


class Answer:
    """One response; what comes after its end is not looked at, and spoils the connection.

    Attributes:
        begun: whether a byte of it came.
        headed, complete: whether its head, and all of it, is there.
        reusable: of a complete one, whether its connection may carry another request.
    """

    def __init__(self, arrivals: Arrivals) -> None:
        self.status = 0
        self.version = ""
        self.reason = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.begun = self.headed = self.complete = self.reusable = False
        self._arrivals = arrivals
        self._parser = httptools.HttpResponseParser(self)
        # As lenient as browsers and other clients are: a sloppy server that works for its users is no broken one.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._interim = False
        self._framing = 0
        self._allowed = MOST_FRAMING

    def feed(self, data: bytes) -> None:
        """Read on.

        Raises:
            httpx.RemoteProtocolError: if this is not HTTP, or more of it than anybody needs.
        """
        self.begun = True
        self._framing += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            raise error.__context__ or error from None
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.reusable = False
            if not self.complete:
                raise httpx.RemoteProtocolError(f"not a response of HTTP/1.1: {error}") from None
        if self._framing > self._allowed and not self.complete:
            raise httpx.RemoteProtocolError(f"{self._framing} bytes that are not body")

    def finish(self) -> None:
        """The server closed the connection; an answer of undeclared length is complete by that.

        Raises:
            httpx.RemoteProtocolError: if it is not complete.
        """
        if not self.begun:
            raise httpx.RemoteProtocolError("server disconnected without an answer")
        if not self.headed:
            raise httpx.RemoteProtocolError("the head of the answer has no end")
        if self._declares_its_end():
            raise httpx.RemoteProtocolError("peer closed connection before the end of the body")
        self._end(reusable=False)

    def _declares_its_end(self) -> bool:
        """RFC 9112, 6.3."""
        fields = {name.lower(): value for name, value in self.headers}
        coding = fields.get(b"transfer-encoding")
        return b"content-length" in fields if coding is None else coding.lower().endswith(b"chunked")

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
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole; that of an interim response (RFC 9110, 15.2) is forgotten."""
        if self.complete:
            return
        self.status = self._parser.get_status_code()
        if 100 <= self.status < 200:
            self.headers.clear()
            self.reason = b""
            self._interim = True
            return
        self.version = f"HTTP/{self._parser.get_http_version()}"
        self.headed = True
        self._arrivals.head(self.status, self.version, self.headers)

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if not self.complete:
            self._framing -= len(data)
            self._allowed += _FRAMING_PER_BYTE * len(data)
            self._arrivals.body(data)

    def on_message_complete(self) -> None:
        """The end, or only that of an interim response."""
        if self._interim:
            self._interim = False
        elif not self.complete:
            self._end(reusable=self._parser.should_keep_alive())

    def _end(self, *, reusable: bool) -> None:
        self.complete, self.reusable = True, reusable
        self._arrivals.end()
