"""A response is read alike however it is cut, as an independent reader (h11) reads it, and within limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import h11
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueweight.wire.http1.response import MAX_FRAMING, MAX_HEADERS, IncomingResponse

Pairs = list[tuple[bytes, bytes]]


@dataclass
class Noted:
    """A listener that notes its calls, in order."""

    calls: list[str] = field(default_factory=list)
    status: int = 0
    version: str = ""
    headers: Pairs = field(default_factory=list)
    data: bytes = b""

    def begin(self) -> None:
        self.calls.append("begin")

    def head(self, status: int, version: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self.calls.append("head")
        self.status, self.version, self.headers = status, version, list(headers)

    def body(self, data: bytes) -> None:
        self.calls.append("body")
        self.data += data

    def end(self) -> None:
        self.calls.append("end")


@dataclass(frozen=True)
class Wire:
    """A response's bytes; whether its end is the end of the connection."""

    data: bytes
    until_closed: bool


@st.composite
def responses(draw: st.DrawFn) -> Wire:
    """Anything a server of HTTP/1.1 may send: interim responses, each framing, extensions, trailers."""
    status = draw(st.sampled_from([200, 201, 204, 304, 400, 429, 500, 599]))
    body = draw(st.binary(max_size=200))
    framing = draw(st.sampled_from(["length", "chunked", "closed"]))
    names = st.sampled_from([b"X-Id", b"Server", b"x-ratelimit-remaining-requests", b"Retry-After"])
    values = st.sampled_from([b"", b"a", b"0; b=1", b"\xe9t\xe9", b'"q, r"'])
    headers = draw(st.lists(st.tuples(names, values), max_size=4))
    headers += draw(st.sampled_from([[], [(b"Connection", b"close")], [(b"Connection", b"keep-alive")]]))
    data = b"".join(
        b"HTTP/1.1 %d Wait\r\nLink: </a>\r\n\r\n" % code
        for code in draw(st.lists(st.sampled_from([100, 103]), max_size=2))
    )
    if status in (204, 304):
        framing, body = "none", b""
    if framing == "length":
        headers.insert(draw(st.integers(0, len(headers))), (b"Content-Length", b"%d" % len(body)))
    elif framing == "chunked":
        headers.insert(draw(st.integers(0, len(headers))), (b"transfer-encoding", b"chunked"))
        extension = draw(st.sampled_from([b"", b";a=b", b';x="y z"']))
        trailers = draw(st.sampled_from([b"", b"X-Sum: 1\r\n"]))
        at = sorted({0, len(body), *draw(st.lists(st.integers(0, len(body)), max_size=4))})
        pieces = [body[start:end] for start, end in pairwise(at)]
        body = b"".join(b"%x%s\r\n%s\r\n" % (len(piece), extension, piece) for piece in pieces)
        body += b"0\r\n" + trailers + b"\r\n"
    lines = [b"HTTP/1.1 %d %s" % (status, draw(st.sampled_from([b"OK", b"", b"Two Words"])))]
    lines += [name + b": " + value for name, value in headers]
    return Wire(data + b"\r\n".join(lines) + b"\r\n\r\n" + body, framing == "closed")


def read(pieces: Sequence[bytes], *, closed: bool) -> tuple[IncomingResponse, Noted]:
    noted = Noted()
    response = IncomingResponse(noted)
    for piece in pieces:
        response.feed(piece)
    if closed:
        response.finish()
    return response, noted


def as_h11_reads(wire: Wire) -> tuple[int, Pairs, bytes, bool]:
    """Status, headers, body, and whether the connection may be used again."""
    peer = h11.Connection(h11.CLIENT)
    peer.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    peer.send(h11.EndOfMessage())
    peer.receive_data(wire.data)
    if wire.until_closed:
        peer.receive_data(b"")
    status, headers, body = 0, [], b""
    while not isinstance(event := peer.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Response):
            status, headers = event.status_code, list(event.headers)
        elif isinstance(event, h11.Data):
            body += event.data
        else:
            assert isinstance(event, h11.InformationalResponse), event
    return status, headers, body, peer.their_state is h11.DONE and not wire.until_closed


def lowered(headers: Pairs) -> Pairs:
    return [(name.lower(), value) for name, value in headers]


@given(responses(), st.lists(st.integers(0, 2000), max_size=6))
def test_no_cut_changes_what_is_read_and_h11_reads_the_same(wire: Wire, cuts: list[int]) -> None:
    """Whole, byte by byte, or cut anywhere: the same head, body, end and fate of the connection."""
    at = [0, *sorted(cut % (len(wire.data) + 1) for cut in cuts), len(wire.data)]
    anywhere = [wire.data[start:end] for start, end in pairwise(at)]
    one_by_one = [bytes([byte]) for byte in wire.data]
    found = []
    for pieces in ([wire.data], one_by_one, anywhere):
        response, noted = read(pieces, closed=wire.until_closed)
        assert response.complete
        assert (noted.calls[:2], noted.calls[-1]) == (["begin", "head"], "end")
        assert set(noted.calls[2:-1]) <= {"body"}
        assert noted.headers == response.headers
        assert (noted.status, noted.version) == (response.status, "HTTP/1.1")
        found.append((response.status, lowered(response.headers), noted.data, response.reusable))
    assert found == [as_h11_reads(wire)] * 3


@given(responses(), st.integers(0, 5000))
def test_an_answer_that_was_cut_off_is_known_to_be(wire: Wire, cut: int) -> None:
    """A connection that closes early leaves no complete answer, unless nothing but the closing could tell its end."""
    noted = Noted()
    response = IncomingResponse(noted)
    response.feed(wire.data[: cut % len(wire.data)])
    if response.headed and wire.until_closed:
        response.finish()
        assert response.complete
        assert not response.reusable
    elif not response.complete:
        with pytest.raises(httpx.RemoteProtocolError):
            response.finish()
        assert "end" not in noted.calls


@given(st.lists(st.one_of(st.binary(max_size=50), st.sampled_from([b"HTTP/1.1 200 OK\r\n", b"\r\n", b"0\r\n"]))))
def test_no_bytes_raise_anything_else(pieces: list[bytes]) -> None:
    """Whatever comes is read, or refused as not being HTTP."""
    response = IncomingResponse(Noted())
    try:
        for piece in pieces:
            response.feed(piece)
        if not response.complete:
            response.finish()
    except httpx.RemoteProtocolError:
        pass


@given(responses(), st.binary(min_size=1, max_size=20), st.booleans())
def test_what_nobody_asked_for_spoils_the_connection_and_not_the_answer(
    wire: Wire, more: bytes, together: bool
) -> None:
    """Bytes after the end belong to no response, least of all to the next request's."""
    if wire.until_closed:
        return
    _, alone = read([wire.data], closed=False)
    response, noted = read([wire.data + more] if together else [wire.data, more], closed=False)
    assert noted == alone
    assert response.complete
    if more.strip(b"\r\n"):  # RFC 9112, 2.2 lets empty lines pass
        assert not response.reusable


@pytest.mark.parametrize(
    ("head", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", True),
    ],
)
def test_a_connection_is_kept_as_the_server_says(head: bytes, reusable: bool) -> None:
    """RFC 9112, 9.3; and the version is the one that the server wrote."""
    response, noted = read([head], closed=False)
    assert response.reusable is reusable
    assert noted.version == head[:8].decode()


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2  \r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=["no reason", "bare line feeds", "spaces after a size", "an offer to upgrade"],
)
def test_a_sloppy_server_is_understood(data: bytes) -> None:
    """What works in every other client is no failure here."""
    response, noted = read([data], closed=False)
    assert (response.complete, response.reusable, noted.data) == (True, True, b"{}")


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip,\r\n chunked\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 000 OK\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
    ],
    ids=[
        *("another protocol", "two lengths", "length and chunks", "no size", "space in a name", "a folded line"),
        *("no status", "status 0", "no version", "another version"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(data: bytes) -> None:
    """RFC 9112, 6.3: where one reader's body is another's next response, neither is believed."""
    with pytest.raises(httpx.RemoteProtocolError):
        read([data], closed=False)


@given(
    st.lists(
        st.sampled_from([b"chunked", b"Chunked", b"gzip", b"xchunked", b"gzip chunked", b"chunked;a=b", b""]),
        min_size=1,
    ),
    st.sampled_from([b",", b", ", b" ,\t", b"\r\nTransfer-Encoding: "]),
    st.sampled_from([b"", b" ", b"\t "]),
)
def test_what_ends_a_body_is_seen_as_the_parser_sees_it(codings: list[bytes], between: bytes, after: bytes) -> None:
    """Or a body that was cut off would be whole, or a whole one cut off, by how a header is written."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + between.join(codings) + after + b"\r\n\r\n"
    noted = Noted()
    response = IncomingResponse(noted)
    try:
        response.feed(head + b"5\r\nhel")
    except httpx.RemoteProtocolError:
        assert not noted.data
        return
    if noted.data == b"hel":
        with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):
            response.finish()
    else:
        assert noted.data == b"5\r\nhel"
        response.finish()
        assert response.complete
    assert (noted.data == b"hel") == (head.lower().split(b":")[-1].split(b",")[-1].strip() == b"chunked")


def test_spaces_around_a_value_are_not_part_of_it() -> None:
    """RFC 9112, 5.1."""
    _, noted = read([b"HTTP/1.1 200 OK\r\nA: \t b c \t\r\nContent-Length: 0\r\n\r\n"], closed=False)
    assert noted.headers[0] == (b"A", b"b c")


def test_what_one_read_brings_has_one_time() -> None:
    """Chunks that arrived together are passed on together: a gap between them would be ours."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    _, noted = read([head + b"1\r\na\r\n1\r\nb\r\n", b"1\r\nc\r\n0\r\n\r\n"], closed=False)
    assert noted.calls == ["begin", "head", "body", "body", "end"]
    assert noted.data == b"abc"


@pytest.mark.parametrize(
    "flood",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (MAX_HEADERS + 1) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * MAX_FRAMING,
        b"HTTP/1.1 103 Wait\r\nX: y\r\n\r\n" * 5000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * (2 * MAX_FRAMING),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"00000001\r\nx\r\n" * 40_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"10000\r\n%s\r\n" % (b"x" * 65536)
        + b"0\r\nX: "
        + b"y" * (2 * MAX_FRAMING),
    ],
    ids=[
        "headers",
        "one header",
        "interim responses",
        "a chunk extension",
        "trailers",
        "padded sizes",
        "after a large body",
    ],
)
def test_what_is_not_body_is_limited(flood: bytes) -> None:
    """None of it fills the memory or lasts until the time-out."""
    with pytest.raises(httpx.RemoteProtocolError):
        read([flood[at : at + 1000] for at in range(0, len(flood), 1000)], closed=False)


@pytest.mark.parametrize("code", [100, 102, 103, 104, 110, 199])
@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 5\r\n\r\nfirst",
        b"Content-Length: 5\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n",
        b"\r\nfirst",
    ],
    ids=["a length", "a length alone", "an encoding alone", "chunks", "no framing"],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_an_interim_response_has_no_body(code: int, body: bytes, size: int) -> None:
    """Its bytes would be read as the beginning of the answer (RFC 9110, 15.2)."""
    sent = b"HTTP/1.1 %d Wait\r\n" % code + body + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with pytest.raises(httpx.RemoteProtocolError):
        read([sent[at : at + size] for at in range(0, len(sent), size)], closed=False)


def test_chunks_of_one_byte_are_no_flood() -> None:
    """A slow server, not a hostile one."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    response, noted = read([head, *[b"1\r\nx\r\n"] * 100_000, b"0\r\n\r\n"], closed=False)
    assert response.complete
    assert noted.data == b"x" * 100_000


def test_an_error_of_our_own_is_not_blamed_on_the_server() -> None:
    """An exception of the listener is raised unchanged."""

    class Broken(Noted):
        def body(self, data: bytes) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        IncomingResponse(Broken()).feed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
