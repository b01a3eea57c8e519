"""Connections are kept, reused and closed by the rules of HTTP/1.1, on both loops; responses are never mixed up."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import ssl
import sys
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import anyio
import httpx
import pytest
import trustme
from fault_servers import FaultServer, Stage, Talk, serving, silent_host

from trueweight.wire import TransportName, run_loop
from trueweight.wire.http1 import Http1Transport, RequestHead, StoppedError, transport
from trueweight.wire.http1.connection import Connection, ReadTurns
from trueweight.wire.http1.response import BodyBuffer

LARGE = bytes(10_000_000)
"""More than the buffers between two sockets hold."""
Runner = Callable[[Callable[[], Awaitable[Any]]], Any]


@pytest.fixture(params=[run_loop, anyio.run], ids=["the run's loop", "asyncio's own"])
def runner(request: pytest.FixtureRequest) -> Runner:
    found: Runner = request.param
    return found


async def says_its_number(talk: Talk) -> None:
    await talk.answer(body=b"%d" % talk.number)


async def ask(carrier: Http1Transport, url: str, **options: Any) -> tuple[bytes, bool]:
    """The body, and whether a new connection was made for it."""
    events = []

    async def trace(name: str, _: dict[str, Any]) -> None:
        events.append(name)

    request = httpx.Request("POST", url, content=b"{}", extensions={"trace": trace}, **options)
    response = await carrier.handle_async_request(request)
    body = await response.aread()
    await response.aclose()
    return body, "connection.connect_tcp.complete" in events


def tls_pair() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context, and one that trusts its authority."""
    authority = trustme.CA()
    theirs, ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    authority.configure_trust(ours)
    return theirs, ours


def resolving(monkeypatch: pytest.MonkeyPatch, ways: Callable[[int], list[tuple[str, int]]]) -> list[str]:
    """The names that asyncio's own loop is asked for from now on; it thinks, and finds these ways to a port or none."""
    asked = []

    async def getaddrinfo(self: Any, host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        await asyncio.sleep(0.02)
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", way) for way in ways(port)]
        if not found:
            raise socket.gaierror(-2, "Name or service not known")
        return found

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return asked


def with_carrier(
    runner: Runner,
    use: Callable[[Http1Transport, FaultServer], Awaitable[Any]],
    behaviour: Callable[[Talk], Awaitable[None]] = says_its_number,
) -> Any:
    """What ``use`` returns; at its end no connection may be left."""

    async def run() -> Any:
        async with serving(behaviour) as server:
            carrier = Http1Transport(httpx.create_ssl_context())
            try:
                return await use(carrier, server)
            finally:
                await carrier.aclose()
                assert carrier._open == set()

    return runner(run)


def test_a_connection_is_used_again_and_never_by_two_at_once(runner: Runner) -> None:
    """One after the other on one; both at once on two."""

    async def use(carrier: Http1Transport, server: FaultServer) -> None:
        assert [await ask(carrier, server.url) for _ in range(3)] == [(b"0", True), (b"1", False), (b"2", False)]
        found = []

        async def one() -> None:
            found.append(await ask(carrier, server.url))

        async with anyio.create_task_group() as group:
            group.start_soon(one)
            group.start_soon(one)
        assert sorted(found) == [(b"3", False), (b"4", True)]

    with_carrier(runner, use)


class Noting(BodyBuffer):
    """Notes what becomes of its request, and may stop it at its first byte of body."""

    def __init__(self, *, stops: bool = False) -> None:
        super().__init__()
        self.events: list[str] = []
        self.stops = stops
        self.stop: Callable[[], None] = lambda: None

    def connected(self) -> None:
        self.events.append("connected")

    def sending(self, stop: Callable[[], None]) -> None:
        self.events.append("sending")
        self.stop = stop

    def body(self, data: bytes) -> None:
        super().body(data)
        if self.stops:
            self.stop()

    def end(self) -> None:
        self.events.append("end")


async def carry(carrier: Http1Transport, url: str, listener: Noting) -> Noting:
    head = RequestHead("POST", httpx.URL(url), httpx.Headers({"Host": "h", "Content-Length": "2"}))
    await carrier.carry(head, b"{}", listener, 5.0)
    return listener


@pytest.fixture
def no_search_for_cycles() -> Iterator[None]:
    """Python frees only what nothing refers to any more."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_search_for_cycles")
def test_a_response_is_carried_to_a_listener(runner: Runner) -> None:
    """It returns with the end of the response; the second one comes over the connection of the first."""

    async def use(carrier: Http1Transport, server: FaultServer) -> None:
        first, second = [await carry(carrier, server.url, Noting()) for _ in range(2)]
        assert (first.events, first.pieces) == (["connected", "sending", "end"], [b"0"])
        assert (second.events, second.pieces) == (["sending", "end"], [b"1"])
        alive = weakref.ref(second)
        del first, second
        assert alive() is None  # also where Python does not search for reference cycles

    with_carrier(runner, use)


def test_a_listener_ends_an_endless_response(runner: Runner) -> None:
    """At once, though its task waits; the connection is closed, and the next request has another one."""

    async def endless(talk: Talk) -> None:
        await talk.send(b"HTTP/1.1 200 OK\r\n\r\nx")
        await anyio.sleep_forever()

    async def use(carrier: Http1Transport, server: FaultServer) -> None:
        for _ in range(2):
            listener = Noting(stops=True)
            with anyio.fail_after(20), pytest.raises(StoppedError):
                await carry(carrier, server.url, listener)
            assert (listener.events, listener.pieces) == (["connected", "sending"], [b"x"])

    with_carrier(runner, use, endless)


@pytest.mark.usefixtures("no_search_for_cycles")
def test_a_response_that_is_done_with_is_freed_at_once(runner: Runner) -> None:
    """Nothing of a request waits for a search for reference cycles: the search would hold up the event loop."""

    async def use(carrier: Http1Transport, server: FaultServer) -> None:
        listener = BodyBuffer()
        alive = weakref.ref(listener)
        request = httpx.Request("POST", server.url, content=b"{}", extensions={"listener": listener})
        response = await carrier.handle_async_request(request)
        await response.aread()
        await response.aclose()
        assert listener.pieces
        del listener, request, response
        assert alive() is None

    with_carrier(runner, use)


def test_an_answer_that_is_not_read_takes_its_connection_with_it(runner: Runner) -> None:
    """Its rest must not be taken for the next answer."""

    async def slow(talk: Talk) -> None:
        await talk.start_chunks()
        await talk.chunk(b"%d" % talk.number)
        if talk.number == 0:
            await anyio.sleep(0.05)
        await talk.send(b"0\r\n\r\n")

    async def use(carrier: Http1Transport, server: FaultServer) -> None:
        response = await carrier.handle_async_request(httpx.Request("POST", server.url, content=b"{}"))
        await response.aclose()
        await anyio.sleep(0.1)
        assert await ask(carrier, server.url) == (b"1", True)

    with_carrier(runner, use, slow)


@pytest.mark.parametrize("together", [True, False])
def test_bytes_that_nobody_asked_for_are_nobodys_answer(runner: Runner, together: bool) -> None:
    """A second response to one request, with it or later, closes the connection; the next request gets its own."""
    extra = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"

    async def generous(talk: Talk) -> None:
        right = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % talk.number
        await talk.send(right + extra if together else right)
        if not together:
            await anyio.sleep(0.02)
            await talk.send(extra)

    async def use(carrier: Http1Transport, server: FaultServer) -> None:
        assert await ask(carrier, server.url) == (b"0", True)
        await anyio.sleep(0.1)
        assert await ask(carrier, server.url) == (b"1", True)

    with_carrier(runner, use, generous)


def test_a_connection_that_the_server_closes_is_not_used(runner: Runner) -> None:
    """Neither when it says so beforehand nor when it just does it while the connection is idle."""

    async def leaves(talk: Talk) -> None:
        await talk.answer(body=b"%d" % talk.number, **({"Connection": "close"} if talk.number == 0 else {}))
        if talk.number == 1:
            await anyio.sleep(0.02)
            talk.writer.close()

    async def use(carrier: Http1Transport, server: FaultServer) -> None:
        assert await ask(carrier, server.url) == (b"0", True)
        assert await ask(carrier, server.url) == (b"1", True)
        await anyio.sleep(0.1)
        assert await ask(carrier, server.url) == (b"2", True)

    with_carrier(runner, use, leaves)


def test_a_connection_that_was_idle_too_long_is_not_used(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands between may have forgotten it without a word."""
    monkeypatch.setattr(transport, "KEEPALIVE", 0.0)

    async def use(carrier: Http1Transport, server: FaultServer) -> None:
        assert [new for _, new in [await ask(carrier, server.url) for _ in range(2)]] == [True, True]

    with_carrier(runner, use)


@pytest.mark.parametrize("name", ["X-A\r\nX-B", "X-A\n", "X\0"])
def test_a_header_that_would_be_two_is_not_sent(runner: Runner, name: str) -> None:
    """Refused before anything goes out."""

    async def use(carrier: Http1Transport, server: FaultServer) -> None:
        for header in ({name: "v"}, {"v": name}):
            with pytest.raises(httpx.LocalProtocolError):
                await ask(carrier, server.url, headers=header)
        assert server.received == []

    with_carrier(runner, use)


@pytest.mark.parametrize(("method", "more"), [("HEAD", {}), ("POST", {"Transfer-Encoding": "chunked"})])
def test_what_it_could_not_send_or_read_is_refused(runner: Runner, method: str, more: dict[str, str]) -> None:
    """It frames no bodies of unknown length, and takes every length that an answer declares for that of its body."""

    async def use(carrier: Http1Transport, server: FaultServer) -> None:
        with pytest.raises(httpx.LocalProtocolError):
            await carrier.handle_async_request(httpx.Request(method, server.url, content=b"{}", headers=more))
        assert server.received == []

    with_carrier(runner, use)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "127.0.0.1/v1", "http:///v1"])
def test_what_is_no_url_of_http_is_refused(runner: Runner, url: str) -> None:
    """With httpx's own error for it."""

    async def use(carrier: Http1Transport, _: FaultServer) -> None:
        with pytest.raises(httpx.UnsupportedProtocol):
            await ask(carrier, url)

    with_carrier(runner, use)


def test_large_bodies_go_both_ways(runner: Runner) -> None:
    """More than any buffer on the way holds at once."""
    large = bytes(range(256)) * 20_000

    async def echoes(talk: Talk) -> None:
        await talk.answer(body=talk.request.body)

    async def use(carrier: Http1Transport, server: FaultServer) -> None:
        request = httpx.Request("POST", server.url, content=large)
        response = await carrier.handle_async_request(request)
        assert await response.aread() == large

    with_carrier(runner, use, echoes)


def test_tls_is_spoken_on_both_loops(runner: Runner) -> None:
    """Kept connections too; and at the end nothing is left open."""
    theirs, ours = tls_pair()

    async def run() -> None:
        async with serving(says_its_number, tls=theirs) as server:
            carrier = Http1Transport(ours)
            assert [await ask(carrier, server.url) for _ in range(2)] == [(b"0", True), (b"1", False)]
            await carrier.aclose()
            assert carrier._open == set()

    runner(run)


def test_a_name_is_looked_up_once_for_many_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """128 workers that start together do not ask the resolver 128 times."""
    asked = resolving(monkeypatch, lambda port: [("127.0.0.1", port)])

    async def use(carrier: Http1Transport, server: FaultServer) -> None:
        asked.clear()
        url = server.url.replace("127.0.0.1", "many.example")
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(ask, carrier, url)
        assert asked == ["many.example"]
        assert {request.header("host") for request in server.received} == {url.split("/")[2]}

    with_carrier(anyio.run, use)


@pytest.mark.skipif(sys.platform != "linux", reason="fills the backlog as Linux counts it")
def test_an_address_that_is_silent_does_not_hold_up_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where IPv6 leads nowhere (RFC 8305): the other address is tried before the first has timed out."""
    with silent_host() as silent:

        async def use(carrier: Http1Transport, server: FaultServer) -> None:
            resolving(monkeypatch, lambda port: [silent, ("127.0.0.1", port)])
            with anyio.fail_after(20):
                assert await ask(carrier, server.url.replace("127.0.0.1", "two.example")) == (b"0", True)

        with_carrier(anyio.run, use)


@pytest.mark.skipif(sys.platform != "linux", reason="fills the backlog as Linux counts it")
def test_whoever_stops_waiting_for_a_connection_leaves_no_socket(runner: Runner) -> None:
    """A socket that is left open is a ResourceWarning, and so an error here."""
    with silent_host() as (host, port):

        async def use(carrier: Http1Transport, _: FaultServer) -> None:
            with anyio.move_on_after(0.05) as scope:
                await ask(carrier, f"http://{host}:{port}/")
            assert scope.cancelled_caught

        with_carrier(runner, use)


def test_a_handshake_that_nobody_waits_for_leaves_no_socket(runner: Runner) -> None:
    """And no socket is closed after its number belongs to another one."""

    async def use(carrier: Http1Transport, server: FaultServer) -> None:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen(8)
            url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
            for wait in (0.0, 0.001, 0.01, 0.05):
                with anyio.move_on_after(wait):
                    await ask(carrier, url)
                assert carrier._open == set()
        assert await ask(carrier, server.url) == (b"0", True)

    with_carrier(runner, use)


def test_an_early_answer_leaves_no_connection_with_half_a_request_in_it(runner: Runner) -> None:
    """The next request would queue behind the rest of this one."""

    async def says_no(talk: Talk) -> None:
        await talk.answer(413, b"{}")
        await anyio.sleep(30)

    async def use(carrier: Http1Transport, _: FaultServer) -> None:
        async with serving(says_no, whole=False) as early:
            for number in (1, 2):
                with anyio.fail_after(20):
                    response = await carrier.handle_async_request(httpx.Request("POST", early.url, content=LARGE))
                    assert (response.status_code, await response.aread()) == (413, b"{}")
                    await response.aclose()
                assert len(early.received) == number

    with_carrier(runner, use)


def test_the_end_of_an_answer_is_not_held_up_by_what_is_unsent(runner: Runner) -> None:
    """A server that says no, closes its side and reads nothing more has answered."""

    async def says_no_and_half_closes(talk: Talk) -> None:
        await talk.send(b"HTTP/1.0 413 Large\r\n\r\n{}")
        talk.writer.write_eof()
        await anyio.sleep(30)

    async def use(carrier: Http1Transport, _: FaultServer) -> None:
        async with serving(says_no_and_half_closes, whole=False) as early:
            with anyio.fail_after(20):
                response = await carrier.handle_async_request(httpx.Request("POST", early.url, content=LARGE))
                assert (response.status_code, await response.aread()) == (413, b"{}")
                await response.aclose()

    with_carrier(runner, use)


def test_closing_ends_what_is_under_way(runner: Runner) -> None:
    """With an error, at once, and without waiting for a server that says nothing."""

    async def never_answers(talk: Talk) -> None:
        await anyio.sleep(30)

    async def use(carrier: Http1Transport, server: FaultServer) -> None:
        found = []

        async def one() -> None:
            with pytest.raises(httpx.ReadError):
                await ask(carrier, server.url)
            found.append(1)

        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(one)
                while not server.received:
                    await anyio.sleep(0.005)
                await carrier.aclose()
        assert found == [1]

    with_carrier(runner, use, never_answers)


def test_a_connection_that_is_done_with_does_not_wait_for_its_server(runner: Runner) -> None:
    """TLS would wait half a minute for the peer's close; a run of many requests would run out of sockets."""
    theirs, ours = tls_pair()

    async def stays(talk: Talk) -> None:
        await talk.answer(Connection="close")
        talk.writer.transport.pause_reading()  # so that TLS's close is never read
        try:
            await anyio.sleep(30)
        finally:
            talk.reset()

    async def run() -> None:
        async with serving(stays, tls=theirs) as server:
            carrier = Http1Transport(ours)
            for _ in range(3):
                assert await ask(carrier, server.url) == (b'{"ok":1}', True)
            with anyio.fail_after(20):
                while carrier._open:
                    await anyio.sleep(0.01)
            await carrier.aclose()

    runner(run)


@pytest.mark.parametrize("how", ["closes", "speaks"])
def test_what_happens_before_anything_is_asked_is_told_to_who_asks(runner: Runner, how: str) -> None:
    """A connection that the server closed, or sent bytes on before any request, takes no request and raises at once."""

    async def run() -> None:
        async def meet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if how == "speaks":
                writer.write(b"HTTP/1.1 408 Too Late\r\n\r\n")
            writer.close()

        async def trace(name: str, _: dict[str, Any]) -> None:
            if name == "connection.connect_tcp.complete":
                await anyio.sleep(0.1)

        server = await asyncio.start_server(meet, "127.0.0.1", 0)
        async with server:
            carrier = Http1Transport(httpx.create_ssl_context())
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            with anyio.fail_after(20), pytest.raises(httpx.TransportError):
                request = httpx.Request("POST", url, content=b"{}", extensions={"trace": trace})
                await carrier.handle_async_request(request)
            await carrier.aclose()

    runner(run)


def test_all_who_wait_for_a_lookup_hear_that_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the same moment: a slow resolver does not make the last of them time out."""
    asked = resolving(monkeypatch, lambda _: [])

    async def run() -> None:
        carrier = Http1Transport(httpx.create_ssl_context())
        found = []

        async def one() -> None:
            with pytest.raises(httpx.ConnectError) as caught:
                await ask(carrier, "http://many.example/")
            found.append(type(caught.value.__cause__))

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(one)
        assert found == [socket.gaierror] * 5
        assert asked == ["many.example"]
        await one()
        assert len(asked) == 2
        await carrier.aclose()

    anyio.run(run)


def test_small_writes_are_not_held_back(runner: Runner) -> None:
    """Nagle's algorithm would add the server's delayed acknowledgement to our times."""

    async def use(carrier: Http1Transport, server: FaultServer) -> None:
        await ask(carrier, server.url)
        (connection,) = carrier._open
        assert connection._transport is not None
        sock = connection._transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    with_carrier(runner, use)


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("name", TransportName)
def test_a_certificate_that_the_server_demands_is_tls(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: TransportName, version: str
) -> None:
    """With TLS 1.3 the refusal comes after the handshake, as an answer to the request; it is of the same kind."""
    authority = trustme.CA()
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    authority.configure_trust(theirs)
    theirs.verify_mode = ssl.CERT_REQUIRED
    theirs.minimum_version = theirs.maximum_version = getattr(ssl.TLSVersion, version)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    def refuse_all() -> None:
        # Not asyncio's TLS: it closes before it sends the alert of a failed handshake, which OpenSSL's servers do send.
        with contextlib.suppress(OSError):
            while True:
                plain, _ = listener.accept()
                with theirs.wrap_socket(plain, server_side=True, do_handshake_on_connect=False) as secure:
                    with contextlib.suppress(ssl.SSLError):
                        secure.do_handshake()
                    secure.settimeout(5)
                    socket.socket.shutdown(secure, socket.SHUT_WR)
                    while socket.socket.recv(secure, 65536):
                        pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=refuse_all)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/v1"
        anyio.run(partial(stage.send, stage.trials(url), retries=0, transport=name))
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    assert stage.kinds() == ["tls"], stage.only.failure


class _Flooded:
    """A socket of which a test sees whether it is read."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def is_closing(self) -> bool:
        return False

    def is_reading(self) -> bool:
        return self.calls[-1:] != ["pause"]

    def write(self, _: bytes) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self.calls.append("pause")

    def resume_reading(self) -> None:
        self.calls.append("resume")


def test_a_connection_that_brings_much_lets_others_read(runner: Runner) -> None:
    """After a large read the socket is read again in the next turn of the loop; a small read changes nothing."""

    async def use() -> None:
        flooded = _Flooded()
        connection = Connection(lambda _: None, ReadTurns())
        connection.connection_made(cast("asyncio.BaseTransport", flooded))
        async with anyio.create_task_group() as group:
            group.start_soon(connection.send, b"GET / HTTP/1.1\r\n\r\n", BodyBuffer())
            await asyncio.sleep(0)
            connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 1000)
            assert flooded.calls == []
            connection.data_received(b"x" * 200_000)
            assert flooded.calls == ["pause"]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert flooded.calls == ["pause", "resume"]

    runner(use)


def test_connections_that_bring_much_are_read_one_in_each_turn(runner: Runner) -> None:
    """However many do so at the same time, and of however many transports: each is read again, one in each turn."""

    async def use() -> None:
        turns = ReadTurns()
        flooded = [_Flooded() for _ in range(3)]
        for one in flooded:
            turns.wait(cast("asyncio.Transport", one))
        read = []
        for _ in range(4):
            read.append(sum("resume" in one.calls for one in flooded))
            await asyncio.sleep(0)
        assert read == [0, 1, 2, 3]

    runner(use)
