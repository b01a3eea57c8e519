"""Each fault a server can have becomes its own typed failure, on a real socket, with all attempts on record."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import pytest
from fault_servers import NEVER_LATE, Stage, Talk, serving, silent_host

from trueweight.core import Case, FailureKind, Mode, Trial
from trueweight.wire.failures import NotHttp, failure_of_error
from trueweight.wire.http1 import DisconnectedError, NotHttpError
from trueweight.wire.settings import EventKind


async def fine(talk: Talk) -> None:
    await talk.answer()


async def fails_twice(talk: Talk) -> None:
    await talk.answer(500 if talk.number < 2 else 200, b'{"n":%d}' % talk.number)


async def resets_mid_stream(talk: Talk) -> None:
    await talk.start_chunks()
    await talk.chunk(b"data: 1\n\n")
    await anyio.sleep(0.02)
    talk.reset()


async def closes_mid_stream(talk: Talk) -> None:
    await talk.start_chunks()
    await talk.chunk(b"data: 1\n\n")
    talk.writer.close()


async def declares_more_than_it_sends(talk: Talk) -> None:
    await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}")
    talk.writer.close()


async def hangs_up(talk: Talk) -> None:
    talk.writer.close()


async def stalls(talk: Talk) -> None:
    await talk.start_chunks()
    await talk.chunk(b"data: 1\n\n")
    await anyio.sleep(30)


async def never_answers(talk: Talk) -> None:
    await anyio.sleep(30)


async def drips(talk: Talk) -> None:
    await talk.start_chunks()
    while True:
        await talk.chunk(b": still here\n\n")
        await anyio.sleep(0.01)


async def drips_its_head(talk: Talk) -> None:
    await talk.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await talk.send(b"X-A: b\r\n")
        await anyio.sleep(0.01)


async def speaks_garbage(talk: Talk) -> None:
    await talk.send(b"\x00\x01 this is not HTTP\r\n\r\n")


async def endless_head(talk: Talk) -> None:
    await talk.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await talk.send(b"X-A: " + b"b" * 9000 + b"\r\n")


async def endless_body(talk: Talk) -> None:
    await talk.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        await talk.send(b"x" * 65536)


async def refuses_the_key(talk: Talk) -> None:
    await talk.answer(401)


async def rejects_the_request(talk: Talk) -> None:
    await talk.answer(400, b'{"error":{}}')


@pytest.mark.parametrize(
    ("behaviour", "kind", "limits"),
    [
        (resets_mid_stream, "truncated", {}),
        (closes_mid_stream, "truncated", {}),
        (declares_more_than_it_sends, "truncated", {}),
        (hangs_up, "reset", {}),
        (stalls, "timeout-stall", {"stall_timeout": 0.1}),
        (never_answers, "timeout-first-byte", {"first_byte_timeout": 0.1}),
        (drips_its_head, "timeout-first-byte", {"first_byte_timeout": 0.1}),
        (drips, "timeout-total", {"provider": {"timeout": 0.2}, "stall_timeout": 0.15}),
        (never_answers, "timeout-total", {"provider": {"timeout": 0.1}}),
        (speaks_garbage, "protocol", {}),
        (endless_head, "protocol", {}),
        (endless_body, "too-large", {"max_response_bytes": 300_000}),
        (refuses_the_key, "auth", {}),
        (rejects_the_request, "client-error", {}),
    ],
)
def test_a_fault_has_a_name(stage: Stage, behaviour: object, kind: str, limits: dict[str, object]) -> None:
    """A single attempt ends in the typed failure that the fault deserves, and is recorded.

    A busy machine makes the loop of a test late, so lateness is not watched here.
    """
    result = stage.against(behaviour, retries=0, environment=stage.environment(watch=NEVER_LATE), **limits)  # type: ignore[arg-type]
    assert stage.kinds() == [kind]
    assert (result.recorded, result.requests, result.unsent) == (1, {"p": 1}, ())


def test_transient_failures_are_retried_and_all_are_on_record(stage: Stage) -> None:
    """500, 500, 200: three attempts, the waits before the second and third, and the last one's body."""
    stage.against(fails_twice)
    assert stage.kinds() == ["server-error", "server-error", None]
    assert [attempt.body for attempt in stage.only.attempts] == [b'{"n":0}', b'{"n":1}', b'{"n":2}']
    assert [event.kind for event in stage.events] == ["started", "retried", "retried", "finished"]
    assert stage.events[-1].ok
    assert len(stage.slept) == 2
    first, second = stage.slept
    assert 0 <= first <= 0.5
    assert 0 <= second <= 1.0
    assert stage.only.attempts[0].waited == 0


def test_retries_end(stage: Stage) -> None:
    """After ``retries`` more attempts the failure stands."""

    async def always_500(talk: Talk) -> None:
        await talk.answer(503)

    result = stage.against(always_500, retries=2)
    assert stage.kinds() == ["server-error"] * 3
    assert result.requests == {"p": 3}


@pytest.mark.parametrize("after", ["7", "date"])
def test_retry_after_is_honoured_as_seconds_and_as_date(stage: Stage, after: str) -> None:
    """429 with Retry-After: exactly that wait, not a guess."""
    now = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
    value = after if after == "7" else "Thu, 01 Jan 2026 12:00:07 GMT"

    async def limited_once(talk: Talk) -> None:
        if talk.number == 0:
            await talk.answer(429, Retry_After=value)
        else:
            await talk.answer()

    stage.against(limited_once, environment=stage.environment(now=lambda: now))
    assert stage.kinds() == ["rate-limited", None]
    assert stage.slept[0] == 7.0


def test_a_wait_beyond_the_budget_is_not_waited(stage: Stage) -> None:
    """Retry-After of an hour stops that provider instead of eating the user's evening, trial by trial."""

    async def come_back_tomorrow(talk: Talk) -> None:
        await talk.answer(429, Retry_After="3600")

    result = stage.against(come_back_tomorrow, count=3)
    assert stage.kinds() == ["rate-limited"]
    assert result.stopped == {"p": "rate-limited: it asks to wait 3600 s"}
    assert len(result.unsent) == 2
    assert stage.slept == []


def test_what_came_before_the_reset_is_kept(stage: Stage) -> None:
    """The status, the bytes and their stamps of a cut stream are on record."""
    stage.against(resets_mid_stream, retries=0, provider={})
    attempt = stage.only.final
    assert (attempt.status, attempt.body) == (200, b"data: 1\n\n")
    assert [stamp.offset for stamp in attempt.stamps] == [0]
    assert not stage.only.judgeable


def test_an_endless_body_is_cut_near_the_limit(stage: Stage) -> None:
    """Memory is bounded: little more than the limit is ever held."""
    stage.against(endless_body, max_response_bytes=300_000)
    assert 300_000 < len(stage.only.final.body) <= 300_000 + 2**18
    assert stage.kinds() == ["too-large"]


def test_a_refused_key_stops_that_provider_and_no_other(stage: Stage) -> None:
    """401: nothing more is sent there, what was not sent is said; the other provider is asked everything."""

    async def run() -> None:
        async with serving(refuses_the_key) as bad, serving(fine) as good:
            trials = stage.trials(bad.url, 5, name="bad", api_key_env="K") + stage.trials(good.url, 5, name="good")
            result = await stage.send(trials, concurrency=1, keys={"bad": "key-of-the-bad-one"})
            assert (len(bad.received), len(good.received)) == (1, 5)
            assert result.stopped == {"bad": "HTTP 401: it refuses the key in K"}
            assert {unsent.trial for unsent in result.unsent} == {trial.id for trial in trials[1:5]}
            assert result.recorded + len(result.unsent) == len(trials)

    anyio.run(run)
    assert {e.provider: e.failure and e.failure.kind.value for e in stage.exchanges} == {"bad": "auth", "good": None}


async def refuses_the_key_of_messages(talk: Talk) -> None:
    await talk.answer(401 if "/v1/messages" in talk.request.head else 200)


def _through(trials: list[Trial], *apis: str) -> list[Trial]:
    """A case of each trial through each API."""
    request = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 100}
    cases = [(Case("s", one.case.id, request), one.provider) for one in trials]
    return [Trial.of(case, provider, 0, Mode.PLAIN, api) for case, provider in cases for api in apis]


def test_a_refused_key_stops_one_api_and_the_others_go_on(stage: Stage) -> None:
    """Each API sends the key in its own way: what refuses it is not sent to again, nor what belongs to it; the rest is
    asked everything."""

    async def run() -> None:
        async with serving(refuses_the_key_of_messages) as host:
            trials = _through(stage.trials(host.url, 4, api_key_env="K"), "chat", "messages", "responses")
            trials += _through(trials[-1:], "count-tokens")
            result = await stage.send(trials, concurrency=1, keys={"p": "key"})
            assert Counter(one.head.split()[1] for one in host.received) == {
                "/v1/chat/completions": 4, "/v1/messages": 1, "/v1/responses": 4,
            }  # fmt: skip
            reason = "HTTP 401: it refuses the key in K"
            assert (result.stopped, result.stopped_apis) == ({}, {"p": {"messages": reason}})
            assert len(result.unsent) == 4
            assert {one.reason for one in result.unsent} == {reason}

    anyio.run(run)
    (said,) = [event.detail for event in stage.events if event.kind is EventKind.API_STOPPED]
    assert said == "Messages: HTTP 401: it refuses the key in K; its other APIs go on"


def test_a_key_that_every_api_refuses_stops_the_provider_once(stage: Stage) -> None:
    """One request for each API; then the provider is stopped with one reason."""

    async def run() -> None:
        async with serving(refuses_the_key) as host:
            trials = _through(stage.trials(host.url, 4, api_key_env="K"), "chat", "messages")
            result = await stage.send(trials, concurrency=1, keys={"p": "key"})
            assert len(host.received) == 2
            assert (result.stopped, result.stopped_apis) == ({"p": "HTTP 401: it refuses the key in K"}, {})
            assert len(result.unsent) == 6

    anyio.run(run)
    assert [event.kind for event in stage.events].count(EventKind.STOPPED) == 1


def test_an_api_at_an_address_that_is_not_reached_is_stopped_alone(stage: Stage) -> None:
    """A host may have an address for each API; the limit of trials without a connection counts for each address."""

    async def run() -> None:
        async with serving(fine) as host:
            own = {"base_urls": {"messages": "http://127.0.0.1:9/v1"}}
            trials = _through(stage.trials(host.url, 6, **own), "chat", "messages")
            result = await stage.send(trials, concurrency=1, retries=0, give_up_after=2)
            assert len(host.received) == 6
            assert result.stopped == {}
            assert result.stopped_apis["p"]["messages"].startswith("unreachable: ")
            assert len(result.unsent) == 4

    anyio.run(run)


def test_a_redirect_is_not_followed_and_the_key_goes_nowhere_else(stage: Stage) -> None:
    """A redirect to another host is a failure; the other host receives nothing."""

    async def run() -> None:
        async with serving(fine) as thief:

            async def redirects(talk: Talk) -> None:
                await talk.answer(307, Location=thief.url)

            async with serving(redirects) as server:
                await stage.send(stage.trials(server.url), keys={"p": "key-that-must-stay"})
                assert server.received[0].header("authorization") == "Bearer key-that-must-stay"
            assert thief.received == []

    anyio.run(run)
    assert stage.kinds() == ["redirect"]


def test_a_dead_port_is_connect_and_then_given_up(stage: Stage) -> None:
    """Nothing listens: typed, recorded, and the rest is not tried one by one for ever."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
    result = anyio.run(lambda: stage.send(stage.trials(url, 9), concurrency=1, retries=0, give_up_after=2))
    assert [e.failure and e.failure.kind.value for e in stage.exchanges] == ["connect", "connect"]
    assert len(result.unsent) == 7
    assert result.stopped["p"].startswith("unreachable")


def test_a_name_that_does_not_resolve_is_dns(stage: Stage) -> None:
    """RFC 6761 keeps .invalid from ever resolving."""
    anyio.run(lambda: stage.send(stage.trials("http://nowhere.invalid/v1"), retries=0))
    assert stage.kinds() == ["dns"]


def test_a_server_without_tls_is_tls(stage: Stage) -> None:
    """https against a plain port fails as TLS, and is not retried."""

    async def run() -> None:
        async def speak_plainly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 This is no TLS\r\n\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(speak_plainly, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            await stage.send(stage.trials(f"https://127.0.0.1:{port}/v1"))

    anyio.run(run)
    assert stage.kinds() == ["tls"]


def test_a_kept_connection_that_was_closed_is_nobodys_failure(stage: Stage) -> None:
    """A server that hangs up on every second request of a connection is asked again at once, on a new one, even
    without retries; one that hangs up on a fresh connection has failed."""

    async def closes_kept_connections(talk: Talk) -> None:
        await (hangs_up(talk) if talk.number % 2 else talk.answer())

    stage.against(closes_kept_connections, count=3, retries=0)
    kinds = [[attempt.failure and attempt.failure.kind.value for attempt in e.attempts] for e in stage.exchanges]
    assert kinds == [[None], ["stale-connection", None], ["stale-connection", None]]
    assert sum(stage.slept) == 0


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_who_left_within_a_head_had_begun_to_answer(stage: Stage, leave: str) -> None:
    """A kept connection or not: that is the server's failure, and it counts as a retry."""

    async def leaves_within_the_head(talk: Talk) -> None:
        if talk.number == 0:
            await talk.answer()
            return
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-")
        await anyio.sleep(0.05)
        talk.reset() if leave == "reset" else talk.writer.close()

    stage.against(leaves_within_the_head, count=2, retries=0)
    kinds = [[attempt.failure and attempt.failure.kind.value for attempt in e.attempts] for e in stage.exchanges]
    assert kinds == [[None], ["reset"]]


def test_the_limit_for_the_first_byte_does_not_count_the_connecting(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow resolver is not a slow server."""
    known = asyncio.base_events.BaseEventLoop.getaddrinfo

    async def slow(self: Any, *arguments: Any, **options: Any) -> Any:
        await asyncio.sleep(0.6)
        return await known(self, *arguments, **options)

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", slow)
    stage.against(fine, retries=0, first_byte_timeout=0.5)
    assert stage.kinds() == [None]


def test_a_provider_that_says_nothing_is_left_is_given_its_pause(stage: Stage) -> None:
    """A success whose rate-limit headers say that no request is left: the next one waits for the reset, unasked-for
    refusals are not provoked, and nothing is counted as a retry."""

    async def none_left(talk: Talk) -> None:
        await talk.answer(x_ratelimit_remaining_requests="0", x_ratelimit_reset_requests="7s")

    stage.against(none_left, count=2, environment=stage.environment(clock=lambda: 0))
    assert stage.slept == [7.0]
    assert [len(exchange.attempts) for exchange in stage.exchanges] == [1, 1]


@pytest.mark.skipif(sys.platform != "linux", reason="fills the backlog as Linux counts it")
def test_a_host_that_never_accepts_is_a_connect_timeout(stage: Stage) -> None:
    """Neither refused nor reset, only silent before any connection stands."""
    with silent_host() as (host, port):
        trials = stage.trials(f"http://{host}:{port}/v1")
        environment = stage.environment(watch=NEVER_LATE)
        anyio.run(lambda: stage.send(trials, retries=0, connect_timeout=0.2, environment=environment))
    assert stage.kinds() == ["timeout-connect"]


@pytest.mark.skipif(sys.platform != "linux", reason="fills the backlog as Linux counts it")
def test_the_limit_for_all_of_an_attempt_holds_while_it_connects(stage: Stage) -> None:
    """It is shorter than the one for a connection, so it is the one that is reported."""
    with silent_host() as (host, port):
        trials = stage.trials(f"http://{host}:{port}/v1", timeout=0.2)
        environment = stage.environment(watch=NEVER_LATE)
        anyio.run(lambda: stage.send(trials, retries=0, connect_timeout=3, environment=environment))
    assert stage.kinds() == ["timeout-total"]


@pytest.mark.parametrize(
    ("error", "kind", "not_http"),
    [
        (DisconnectedError("any words"), FailureKind.RESET, False),
        (NotHttpError("not a response: b'server disconnected'"), FailureKind.PROTOCOL, True),
        (httpx.RemoteProtocolError("a malformed response"), FailureKind.PROTOCOL, False),
        (httpx.RemoteProtocolError("illegal status line: bytearray(b'SSH-2.0')"), FailureKind.PROTOCOL, True),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), FailureKind.RESET, False),
    ],
)
def test_our_transport_says_by_types_what_failed(error: Exception, kind: FailureKind, not_http: bool) -> None:
    """Its words are not read; those of h11 and httpcore are, whose transport has one type for all of it."""
    failure = failure_of_error(error)
    assert (failure.kind, isinstance(failure, NotHttp)) == (kind, not_http)
