"""What is recorded of a request that goes well: its bytes, its stamps, its connection."""

from __future__ import annotations

import json

import anyio
from fault_servers import Stage, Talk, serving

from trueweight.core import Mode, Stamp


async def fine(talk: Talk) -> None:
    await talk.answer(X_Odd="Value", Set_Cookie="session=1; Path=/")


async def streams(talk: Talk) -> None:
    await talk.start_chunks()
    for piece in (b"data: 1\n\n", b"data: \xff", b"\n\n"):
        await talk.chunk(piece)
        await anyio.sleep(0.03)
    await talk.send(b"0\r\n\r\n")


def test_the_request_is_what_the_plan_says(stage: Stage) -> None:
    """The server receives body, path, key and headers; the record has all but the key."""
    provider = {"headers": {"X-Region": "eu"}, "api_key_env": "K"}
    stage.against(fine, provider=provider, keys={"p": "a-key-of-some-length"})
    received = stage.server.received[0]
    assert received.head.startswith("POST /v1/chat/completions HTTP/1.1\r\n")
    assert received.body.decode() == stage.only.request.body
    assert json.loads(received.body) == {"model": "m", "max_tokens": 100}
    assert received.header("authorization") == "Bearer a-key-of-some-length"
    assert (received.header("accept-encoding"), received.header("x-region")) == ("identity", "eu")
    recorded = dict(stage.only.request.headers)
    assert recorded["Authorization"] == "Bearer [REDACTED]"
    for name, value in recorded.items():
        assert name == "Authorization" or received.header(name) == value


def test_a_host_with_other_names_gets_its_own(stage: Stage) -> None:
    """Parameters of the query and the header of the key are as the provider's entry says; the key is not recorded."""
    provider = {"query": {"api-version": "2024-10-21"}, "key_header": "api-key", "api_key_env": "K"}
    stage.against(fine, provider=provider, keys={"p": "a-key-of-some-length"})
    received = stage.server.received[0]
    assert received.head.startswith("POST /v1/chat/completions?api-version=2024-10-21 HTTP/1.1\r\n")
    assert (received.header("api-key"), received.header("authorization")) == ("a-key-of-some-length", None)
    assert stage.only.request.url.endswith("/v1/chat/completions?api-version=2024-10-21")
    assert dict(stage.only.request.headers)["api-key"] == "[REDACTED]"


def test_a_host_that_takes_bearer_only_gets_it_through_every_api(stage: Stage) -> None:
    """``key_header = "Authorization"`` sends the key as Bearer, whatever the API's header for keys is."""
    provider = {"key_header": "authorization", "api_key_env": "K"}
    stage.against(fine, provider=provider, keys={"p": "a-key-of-some-length"})
    assert stage.server.received[0].header("authorization") == "Bearer a-key-of-some-length"


def test_no_key_no_authorization(stage: Stage) -> None:
    """A provider without a key is sent none."""
    stage.against(fine)
    assert stage.server.received[0].header("authorization") is None


def test_chunks_are_stamped_as_they_arrive(stage: Stage) -> None:
    """Bytes as written, invalid UTF-8 and all, with a stamp and an offset for each chunk, in order of time."""

    async def run() -> None:
        async with serving(streams) as server:
            trial = stage.trials(server.url, mode=Mode.STREAM)[0]
            await stage.send([trial])
            assert server.received[0].body.decode() == trial.body()
            assert server.received[0].header("accept") == "text/event-stream"

    anyio.run(run)
    attempt = stage.only.final
    assert attempt.body == b"data: 1\n\ndata: \xff\n\n"
    assert [stamp.offset for stamp in attempt.stamps] == [0, 9, 16]
    times = [
        attempt.t_send,
        attempt.t_connected,
        attempt.t_headers,
        *(stamp.ns for stamp in attempt.stamps),
        attempt.t_done,
    ]
    known = [time for time in times if time is not None]
    assert len(known) == len(times)
    assert known == sorted(known)
    assert attempt.stamps[1].ns - attempt.stamps[0].ns > 10_000_000  # the server slept 30 ms between them


def test_headers_keep_their_case_and_connections_are_told_apart(stage: Stage) -> None:
    """The first request opens a connection, the next ones find it warm; header names stay as written."""
    stage.against(fine, count=3)
    assert [e.final.t_connected is not None for e in stage.exchanges] == [True, False, False]
    assert ("X-Odd", "Value") in stage.exchanges[0].final.headers
    assert stage.exchanges[0].final.http_version == "HTTP/1.1"


def test_a_cookie_of_one_reply_is_not_sent_with_the_next(stage: Stage) -> None:
    """Law 2: what goes out depends on the plan alone."""
    stage.against(fine, count=2)
    assert [received.header("cookie") for received in stage.server.received] == [None, None]


def test_the_clock_passed_in_is_the_clock_used(stage: Stage) -> None:
    """Law 9: stamps come from the given clock, from the scheduled start on."""
    ticks = iter(range(0, 10**9, 10))
    stage.against(fine, environment=stage.environment(clock=lambda: next(ticks)))
    attempt = stage.only.final
    assert attempt.t_send % 10 == 0
    assert attempt.t_done < 10_000
    assert all(isinstance(stamp, Stamp) for stamp in attempt.stamps)


def test_each_provider_is_asked_in_the_order_of_the_plan(stage: Stage) -> None:
    """With one request at a time, arrival order is plan order."""

    async def run() -> None:
        async with serving(fine) as server:
            trials = stage.trials(server.url, 6)[::-1]
            await stage.send(trials, concurrency=1)
            assert [exchange.trial for exchange in stage.exchanges] == [trial.id for trial in trials]

    anyio.run(run)


def test_no_more_than_the_allowed_requests_are_under_way(stage: Stage) -> None:
    """A provider's own concurrency wins over the run's."""
    under_way = most = 0

    async def counts(talk: Talk) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await anyio.sleep(0.01)
        under_way -= 1
        await talk.answer()

    stage.against(counts, count=12, concurrency=8, provider={"concurrency": 3})
    assert most == 3
    assert len(stage.exchanges) == 12
