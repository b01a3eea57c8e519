"""The server of the bench, in a process of its own: it knows when it wrote each chunk.

A raw ``Protocol`` (on uvloop, if there is one) that writes bytes made beforehand, so that it costs little of the cores
that it shares with the client under test, and its own clock is true. A request whose body says ``"stream": true`` gets
server-sent events at a fixed rate after a random wait, any other an answer at once.
``GET /truth`` gives what happened since the last ``GET /truth``. The clock is the machine's monotonic one, which all
processes share.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from typing import cast

CHUNKS = 100
RATE = 50.0
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nX-Id: %d\r\n%s\r\n\r\n"
_ROLE = {"role": "assistant", "content": ""}
_USAGE = {"prompt_tokens": 10, "completion_tokens": CHUNKS, "total_tokens": 10 + CHUNKS}


class Truth:
    """When each request came and each of its token chunks was written; nanoseconds."""

    def __init__(self) -> None:
        self.streams: dict[int, dict[str, object]] = {}
        self.plain = 0
        self.count = 0


def _event(delta: dict[str, object], finish: str | None = None, **more: object) -> bytes:
    """A whole HTTP chunk with one event; the stream's number goes in where it says ``r_______``."""
    choices = [] if more else [{"index": 0, "delta": delta, "finish_reason": finish}]
    value = {"id": "r_______", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}
    data = b"data: " + json.dumps(value | more, separators=(",", ":")).encode() + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(data), data)


_FIRST = _event(_ROLE)
_TOKENS = [_event({"content": f" word{at}"}) for at in range(CHUNKS)]
_LAST = _event({}, "stop") + _event({}, usage=_USAGE) + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


def _named(chunk: bytes, number: int) -> bytes:
    return chunk.replace(b"r_______", b"r%07d" % number)


class Connection(asyncio.Protocol):
    """One client connection; requests one after the other."""

    def __init__(self, truth: Truth, rng: random.Random) -> None:
        self._truth = truth
        self._rng = rng
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio calls it."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """As asyncio calls it."""
        came = time.monotonic_ns()
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        fields = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
        }
        length = int(fields.get(b"content-length", b"0"))
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        self._answer(head, fields, rest[:length], came)

    def _answer(self, head: bytes, fields: dict[bytes, bytes], body: bytes, came: int) -> None:
        assert self._transport is not None
        truth = self._truth
        if head.startswith(b"GET"):
            text = json.dumps({"streams": truth.streams, "plain": truth.plain}).encode()
            truth.streams, truth.plain = {}, 0
            self._whole(0, text)
        elif b'"stream":true' in body.replace(b" ", b""):
            truth.count += 1
            wrote: list[int] = []
            name = fields.get(b"x-request-id", b"").decode("latin-1")
            truth.streams[truth.count] = {"came": came, "wrote": wrote, "request_id": name}
            framing = b"Transfer-Encoding: chunked"
            self._transport.write(_HEAD % (b"text/event-stream", truth.count, framing))
            self._transport.write(_named(_FIRST, truth.count))
            loop = asyncio.get_running_loop()
            first = loop.time() + self._rng.uniform(0.05, 0.25)
            loop.call_at(first, self._chunk, truth.count, 0, first, wrote, loop)
        else:
            truth.plain += 1
            message = {"role": "assistant", "content": "Yes."}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            usage = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
            value = {
                "id": "p",
                "object": "chat.completion",
                "created": 1,
                "model": "m",
                "choices": [choice],
                "usage": usage,
            }
            self._whole(0, json.dumps(value).encode())

    def _whole(self, number: int, body: bytes) -> None:
        assert self._transport is not None
        self._transport.write(_HEAD % (b"application/json", number, b"Content-Length: %d" % len(body)) + body)

    def _chunk(self, number: int, at: int, first: float, wrote: list[int], loop: asyncio.AbstractEventLoop) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        data = _named(_TOKENS[at], number)
        wrote.append(time.monotonic_ns())
        self._transport.write(data)
        if at + 1 < CHUNKS:
            loop.call_at(first + (at + 1) / RATE, self._chunk, number, at + 1, first, wrote, loop)
            return
        self._transport.write(_named(_LAST, number))


async def _serve() -> None:
    truth, rng = Truth(), random.Random(1)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(truth, rng), "127.0.0.1", 0, backlog=1024
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until our parent ends
    server.close()


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:
        asyncio.run(_serve())
    else:
        uvloop.run(_serve())
