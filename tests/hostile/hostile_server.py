"""Providers in a process of their own: ``/NAME/v1/chat/completions`` answers as NAME says. Prints its port.

``honest`` and ``honest-too`` answer at once, and slowly in pieces, as a healthy server does. Names of `hostile_replies`
send that body. The others below misbehave on the connection. All of them list their model, so a probe finds the API.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import cache

from hostile_replies import JSON, MB, REPLIES, SSE, HostileReply

SIZE = int(sys.argv[1]) if len(sys.argv) > 1 else 2 * MB
WORDS = ["The", " capital", " of", " Norway", " is", " Oslo", "."]
Write = Callable[[bytes], Awaitable[None]]


@cache
def body_of(name: str) -> HostileReply:
    return REPLIES[name](SIZE)


def chunk(delta: object, finish: object = None, **more: object) -> bytes:
    fields = {"id": "c-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "m"}
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return b"data: " + json.dumps({**fields, "choices": choices, **more}).encode() + b"\n\n"


def usage() -> dict[str, int]:
    return {"prompt_tokens": 20, "completion_tokens": 7, "total_tokens": 27}


async def honest(write: Write, streamed: bool) -> None:
    """A healthy answer; a stream takes a quarter of a second."""
    if not streamed:
        message = {"role": "assistant", "content": "".join(WORDS)}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        fields = {"id": "c-1", "object": "chat.completion", "created": 1_700_000_000, "model": "m"}
        body = json.dumps({**fields, "choices": choices, "usage": usage()}).encode()
        await send(write, HostileReply(body, "application/json"))
        return
    await write(head(SSE) + b"Transfer-Encoding: chunked\r\n\r\n")
    last = {"id": "c-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "m"}
    last |= {"choices": [], "usage": usage()}
    pieces = [chunk({"role": "assistant", "content": ""}), *(chunk({"content": word}) for word in WORDS)]
    pieces += [chunk({}, "stop"), b"data: " + json.dumps(last).encode() + b"\n\n"]
    for piece in [*pieces, b"data: [DONE]\n\n"]:
        await write(b"%x\r\n%s\r\n" % (len(piece), piece))
        await asyncio.sleep(0.02)
    await write(b"0\r\n\r\n")


def head(content_type: str, encoding: str = "") -> bytes:
    extra = f"Content-Encoding: {encoding}\r\n" if encoding else ""
    return f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n{extra}".encode()


async def send(write: Write, reply: HostileReply) -> None:
    await write(head(reply.content_type, reply.encoding) + b"Content-Length: %d\r\n\r\n" % len(reply.body) + reply.body)


async def never_ends(write: Write, _: bool) -> None:
    await write(head(SSE) + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")


async def trickles(write: Write, _: bool) -> None:
    await write(head(SSE) + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await write(b"1\r\n:\r\n")
        await asyncio.sleep(0.001)


async def sends_chunks_of_one_byte(write: Write, _: bool) -> None:
    await write(head(SSE) + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 300_000 + b"0\r\n\r\n")


async def sends_a_body_with_an_interim_response(write: Write, _: bool) -> None:
    await write(b"HTTP/1.1 103 Early\r\nContent-Length: 5\r\n\r\nfirst")


async def hangs_up(write: Write, _: bool) -> None:
    await write(head(SSE) + b"Content-Length: 1000\r\n\r\ndata: ")
    raise ConnectionResetError


async def says_nothing(write: Write, _: bool) -> None:
    await asyncio.sleep(60)


CONNECTIONS = {
    "never-ends": never_ends,
    "trickles": trickles,
    "sends-chunks-of-one-byte": sends_chunks_of_one_byte,
    "sends-a-body-with-an-interim-response": sends_a_body_with_an_interim_response,
    "hangs-up": hangs_up,
    "says-nothing": says_nothing,
}


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    async def write(data: bytes) -> None:
        writer.write(data)
        await writer.drain()

    # A cancelled handler is the end of this process, which asyncio would report with a traceback.
    with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
        while True:
            request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            name = request.split(" ")[1].split("/")[1]
            fields = [line.lower().partition(":") for line in request.split("\r\n")]
            length = next((int(value) for field, _, value in fields if field == "content-length"), 0)
            streamed = b'"stream": true' in (body := await reader.readexactly(length)) or b'"stream":true' in body
            if request.startswith("GET"):
                await send(write, HostileReply(b'{"object":"list","data":[{"id":"m","object":"model"}]}', JSON))
            elif not (name.startswith("honest") or name in {*CONNECTIONS, *REPLIES}):
                await write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            elif name.startswith("honest"):
                await honest(write, streamed)
            elif name in CONNECTIONS:
                await CONNECTIONS[name](write, streamed)
            else:
                await send(write, body_of(name))
    writer.close()


async def main() -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    with suppress(OSError):
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until the parent closes it


if __name__ == "__main__":
    asyncio.run(main())
