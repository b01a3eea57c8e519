"""Hosts on loopback whose setup is wrong, in as many ways as hosted APIs, gateways, proxies and web servers have."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Request(NamedTuple):
    """One request as a host received it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


class Answer(NamedTuple):
    """Status, body and further headers of a response, ``wait`` seconds after its request; raw bytes in place of all of
    it if ``raw`` is given."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = {}
    raw: bytes = b""
    wait: float = 0.0


Behaviour = Callable[[Request], Answer]


@dataclass
class Host:
    """Its port and what it received."""

    port: int = 0
    scheme: str = "http"
    requests: list[Request] = field(default_factory=list)

    def url(self, path: str = "/v1") -> str:
        """A base URL."""
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"


def completion(request: Request, **changes: Any) -> Answer:
    """A healthy completion, with a call if there is a tool."""
    message: dict[str, Any] = {"role": "assistant", "content": "OK"}
    finish = "stop"
    if request.body.get("tools"):
        function = {"name": "get_time", "arguments": '{"city": "Oslo"}'}
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c", "type": "function", "function": function}],
        }
        finish = "tool_calls"
    message.update(changes.pop("message", {}))
    choice = {"index": 0, "message": message, "finish_reason": changes.pop("finish", finish)}
    usage = changes.pop("usage", {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11})
    return Answer(200, {"id": "x", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage})


def models(*names: str) -> Answer:
    """A list of models."""
    return Answer(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in names]})


def healthy(request: Request, *, base: str = "/v1", model: str = "m") -> Answer:
    """A host whose API is at ``base``, with one model."""
    if request.path == f"{base}/models":
        return models(model)
    if request.path == f"{base}/chat/completions" and request.method == "POST":
        if request.body.get("model") != model:
            return error(404, f"The model `{request.body.get('model')}` does not exist.", code="model_not_found")
        return completion(request)
    return Answer(404, {"detail": "Not Found"})


def error(status: int, message: str, **more: Any) -> Answer:
    """An error object as OpenAI writes it."""
    return Answer(status, {"error": {"message": message, "type": "x", **more}})


def page(status: int, text: str, **headers: str) -> Answer:
    """An HTML page."""
    named = {"Content-Type": "text/html", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Answer(
        status, f"<!DOCTYPE html><html><head><title>{text}</title></head><body><h1>{text}</h1></body></html>", named
    )


def _bytes(answer: Answer) -> bytes:
    if answer.raw:
        return answer.raw
    body = answer.body if isinstance(answer.body, str) else "" if answer.body is None else json.dumps(answer.body)
    headers = {"Content-Type": "application/json", **answer.headers, "Content-Length": str(len(body.encode()))}
    lines = [f"HTTP/1.1 {answer.status} Words", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body.encode()


@contextlib.contextmanager
def serve(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Host]:
    """Serve until the block ends, in a thread of the test."""
    host = Host(scheme="https" if tls else "http")
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()
    tasks: set[asyncio.Task[None]] = set()

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(
            OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError
        ):
            while not writer.transport.is_closing():
                first_byte = await reader.readexactly(1)
                if first_byte == b"\x16":  # a TLS handshake, in plain text as web servers answer it
                    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    break
                head = (first_byte + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.rstrip().split("\r\n")
                headers = {
                    key.strip().lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)
                }
                data = await reader.readexactly(int(headers.get("content-length", "0")))
                method, path, _ = first.split(" ", 2)
                request = Request(method, path, headers, json.loads(data or b"{}"))
                host.requests.append(request)
                answer = behaviour(request)
                await asyncio.sleep(answer.wait)
                writer.write(_bytes(answer))
                await writer.drain()
                if answer.raw:
                    break
        tasks.discard(task)
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(connection, "127.0.0.1", 0, ssl=tls)
        host.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield host
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
