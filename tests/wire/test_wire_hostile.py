"""Hostile servers meet a limit: memory stays bounded and the failure has a name."""

from __future__ import annotations

import resource
import tracemalloc
import zlib

import anyio
import httpx
import pytest
from fault_servers import NEVER_LATE, Stage, Talk

from trueweight.protocols import read_reply

MB = 1024 * 1024


async def one_endless_line(talk: Talk) -> None:
    """``data: xxxx…`` with never a line end, as fast as it is taken."""
    await talk.start_chunks()
    await talk.chunk(b"data: ")
    block = b"x" * 65536
    for _ in range(1024 * 16):  # 1 GB, if anybody took it
        await talk.chunk(block)


async def bomb(talk: Talk) -> None:
    """128 MB of zeros in a little gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    await talk.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\r\n")
    zeros = bytes(MB)
    for _ in range(128):
        await talk.send(packer.compress(zeros))
    await talk.send(packer.flush())
    talk.writer.close()


async def too_many_headers(talk: Talk) -> None:
    await talk.send(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(5000)) + b"\r\n")


async def one_long_header(talk: Talk) -> None:
    await talk.send(b"HTTP/1.1 200 OK\r\nX: " + b"y" * (10 * MB) + b"\r\n\r\n")


async def endless_trickle(talk: Talk) -> None:
    """Never silent for long, never done."""
    await talk.start_chunks()
    while True:
        await talk.chunk(b'data: {"choices":[]}\n\n')
        await anyio.sleep(0.005)


async def redirects_for_ever(talk: Talk) -> None:
    await talk.answer(302, Location="/v1/chat/completions")


@pytest.mark.parametrize(
    ("behaviour", "kind", "limits"),
    [
        (one_endless_line, "too-large", {"max_response_bytes": 4 * MB}),
        (too_many_headers, "protocol", {}),
        (one_long_header, "protocol", {}),
        (endless_trickle, "timeout-total", {"provider": {"timeout": 0.3}}),
        (redirects_for_ever, "redirect", {}),
    ],
)
def test_a_hostile_server_meets_a_limit(stage: Stage, behaviour: object, kind: str, limits: dict[str, object]) -> None:
    """Each ends in one typed failure, with little more memory than the limit allows."""
    tracemalloc.start()
    stage.against(behaviour, retries=0, environment=stage.environment(watch=NEVER_LATE), **limits)  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert stage.kinds() == [kind]
    assert peak < 40 * MB
    assert len(stage.server.received) == 1


class AllAtOnce(httpx.AsyncBaseTransport):
    """Passes a whole response on before the waiting task can run, as a fast network does."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        listener = request.extensions["listener"]
        listener.begin()
        listener.head(200, "HTTP/1.1", [])
        listener.body(b"x" * 400)
        listener.end()
        return httpx.Response(200)


def test_what_is_too_large_is_so_however_fast_it_came(stage: Stage) -> None:
    """Not a time-out, which would be tried again and paid again, nor an interrupted run."""
    environment = stage.environment(transport=lambda _: AllAtOnce())
    trials = stage.trials("http://127.0.0.1:9/v1")
    anyio.run(lambda: stage.send(trials, environment=environment, max_response_bytes=300))
    assert stage.kinds() == ["too-large"]
    assert len(stage.only.final.body) == 400


def test_a_gzip_bomb_is_kept_packed_and_read_within_a_limit(stage: Stage) -> None:
    """We asked for no compression: what comes is recorded as it came, and reading unpacks 8 MB of it at most."""
    trial_keys = {"p": "key-of-some-length"}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    stage.against(bomb, retries=0, keys={})
    attempt = stage.only.final
    assert len(attempt.body) < 2 * MB
    reply = read_reply(stage.only)
    assert len(reply.body) <= 8 * MB
    assert "compressed-too-large" in {anomaly.kind for anomaly in reply.anomalies}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before < 400
    stage.exchanges.clear()
    stage.against(bomb, retries=0, keys=trial_keys)
    assert stage.only.failure is not None  # it could hide the key, so it is replaced by stars, and the failure says so
    assert set(stage.only.final.body) == {ord("*")}
