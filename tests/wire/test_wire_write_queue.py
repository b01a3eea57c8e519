"""Bytes that arrive never wait for more than one exchange to be written."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import anyio
import httpx
import pytest
from fault_servers import Stage, Talk, serving

from trueweight.core import Attempt, Exchange, Mode
from trueweight.wire.redact import Redactor
from trueweight.wire.trial_sender import WriteQueue


def test_other_tasks_run_between_two_turns() -> None:
    """However many exchanges finish at once, other tasks run between any two of them."""
    seen: list[str] = []

    async def finish(queue: WriteQueue) -> None:
        await queue.wait_turn()
        seen.append("record")

    async def arrive() -> None:
        while seen.count("record") < 5:
            seen.append("bytes")
            await anyio.sleep(0)

    async def run() -> None:
        queue = WriteQueue()
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(finish, queue)
            group.start_soon(arrive)

    anyio.run(run)
    assert seen.count("record") == 5
    assert ("record", "record") not in set(pairwise(seen))


def test_other_tasks_run_between_two_requests_that_begin_and_between_two_that_end(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All workers may begin at once, and all streams may end at once: bytes wait for one of them at most."""
    seen: list[str] = []
    search = Redactor.attempt

    def searched(*arguments: Any) -> Attempt:
        seen.append("search")
        return search(*arguments)

    monkeypatch.setattr(Redactor, "attempt", searched)

    async def run() -> None:
        all_begun = anyio.Event()

        async def answer(_: httpx.Request) -> httpx.Response:
            seen.append("begin")
            if seen.count("begin") == 8:
                all_begun.set()
            await all_begun.wait()
            return httpx.Response(200, text="data: [DONE]")

        async def bytes_arrive() -> None:
            while seen.count("search") < 8:
                seen.append("bytes")
                await anyio.sleep(0)

        trials = [trial for name in "ab" for trial in stage.trials("http://host", 4, mode=Mode.STREAM, name=name)]
        environment = stage.environment(transport=lambda _: httpx.MockTransport(answer))
        async with anyio.create_task_group() as group:
            group.start_soon(bytes_arrive)
            await stage.send(trials, concurrency=4, environment=environment)

    anyio.run(run)
    assert (seen.count("begin"), seen.count("search")) == (8, 8)
    assert {("begin", "begin"), ("search", "search")}.isdisjoint(pairwise(seen))


def test_plain_requests_take_no_turns(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn takes a twentieth of a plain request's time; one that waited would make those that end meanwhile wait."""
    turns: list[object] = []
    wait_turn = WriteQueue.wait_turn

    async def counted(queue: WriteQueue) -> None:
        turns.append(queue)
        await wait_turn(queue)

    monkeypatch.setattr(WriteQueue, "wait_turn", counted)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text="{}"))
    trials = stage.trials("http://host", 40)
    anyio.run(lambda: stage.send(trials, concurrency=4, environment=stage.environment(transport=lambda _: transport)))
    assert len(stage.exchanges) == 40
    assert len(turns) == 4  # each worker began in one


def test_what_waits_for_its_turn_when_the_run_is_left_is_recorded_whole(stage: Stage) -> None:
    """All has arrived, and the sink of another one raises: no finished exchange is lost, or called cut short."""
    kept: list[Exchange] = []

    async def streams(talk: Talk) -> None:
        await talk.start_chunks()
        await talk.send(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")

    def sink(exchange: Exchange) -> None:
        kept.append(exchange)
        raise OSError("disk full")

    async def run() -> None:
        async with serving(streams) as server:
            trials = stage.trials(server.url, 8, mode=Mode.STREAM)
            try:
                await stage.send(trials, concurrency=8, sink=sink)
            except OSError:
                return
            raise AssertionError("the sink's error must be raised")

    anyio.run(run)
    assert len(kept) == 8
    whole = [exchange for exchange in kept if exchange.final.body.endswith(b"[DONE]\n\n")]
    assert whole
    assert all(exchange.failure is None for exchange in whole)
