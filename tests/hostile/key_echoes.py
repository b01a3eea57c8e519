"""A server in a thread that sends back the key of each request, in the way that its path names.

The form of the key (whole, or a part of twelve characters or more; with escapes, in base64 or in hexadecimal)
and the places where it is cut are drawn from the seed, the path and the request.
"""

from __future__ import annotations

import asyncio
import base64
import bz2
import contextlib
import gzip
import html
import json
import lzma
import random
import threading
import zlib
from collections.abc import Callable, Iterator
from urllib.parse import quote

ESCAPES: tuple[Callable[[str], str], ...] = (
    str,
    lambda c: f"\\u{ord(c):04x}",
    lambda c: f"\\u{ord(c):04X}",
    lambda c: f"%{ord(c):02x}",
    lambda c: f"%25{ord(c):02X}",
    lambda c: f"&#{ord(c)};",
    lambda c: f"&#x{ord(c):X};",
    lambda c: f"\\x{ord(c):02x}",
    lambda c: f"={ord(c):02X}",
    lambda c: f"&#{ord(c):012d};",
    lambda c: f"\\u{{{ord(c):x}}}",
    lambda c: f"%u{ord(c):04x}",
)
WHOLE: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    lambda key: quote(key, safe=""),
    html.escape,
    lambda key: key.encode().hex(),
    lambda key: base64.b64encode(f"user:{key}".encode()).decode(),
    lambda key: json.dumps(json.dumps(key)),
)
Draw = random.Random
Answer = Callable[[str, Draw], bytes]


def form_of(key: str, draw: Draw) -> str:
    """The key, or a part of it, in a form that a reader undoes."""
    if draw.random() < 0.3:
        start = draw.randrange(len(key) - 12)
        key = key[start : start + draw.randint(12, len(key) - start)]
    kind = draw.random()
    if kind < 0.3:
        return draw.choice(WHOLE)(key)
    if kind < 0.5:
        return key
    if kind < 0.75:  # one escape for some of the characters
        escape = draw.choice(ESCAPES)
        return "".join(escape(c) if draw.random() < 0.4 else c for c in key)
    return "".join(draw.choice(ESCAPES)(c) for c in key)


def cut(text: str, draw: Draw, most: int = 12) -> list[str]:
    """The text in two pieces or more."""
    places = sorted(draw.sample(range(1, len(text)), min(draw.randint(1, most), len(text) - 1)))
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


def response(body: bytes, *headers: str, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """A whole response with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked(*chunks: bytes, extension: str = "", trailer: str = "") -> bytes:
    """A stream of chunks."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    framed = b"".join(b"%x%s\r\n%s\r\n" % (len(one), extension.encode(), one) for one in chunks)
    return head + framed + b"0\r\n" + trailer.encode() + b"\r\n"


def event(delta: object, finish: str | None = None, **more: object) -> bytes:
    """One chunk of a chat completion as a server-sent event."""
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    fields = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}
    return b"data: " + json.dumps({**fields, **more}).encode() + b"\n\n"


def stream_of(deltas: list[object], **more: object) -> list[bytes]:
    return [event({"role": "assistant"}), *map(event, deltas), event({}, "stop", **more), b"data: [DONE]\n\n"]


def completion(message: object, **more: object) -> bytes:
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    fields = {"id": "c-1", "object": "chat.completion", "created": 1, "model": "m", "choices": choices}
    return json.dumps({**fields, **more}).encode()


def tool_call(name: str, arguments: str, ident: str = "call_1") -> dict[str, object]:
    function = {"name": name, "arguments": arguments}
    return {"tool_calls": [{"index": 0, "id": ident, "type": "function", "function": function}]}


def said(text: str) -> str:
    return f"Your key is {text} , is it not?"


def deltas(make: Callable[[str], object]) -> Answer:
    return lambda text, draw: chunked(*stream_of([make(piece) for piece in cut(said(text), draw, 60)]))


def in_message(make: Callable[[str], object]) -> Answer:
    return lambda text, _: response(completion(make(said(text))))


def packed(*packs: Callable[[bytes], bytes], encoding: str) -> Answer:
    def answer(text: str, draw: Draw) -> bytes:
        body = b"".join(stream_of([{"content": piece} for piece in cut(text, draw)]))
        for pack in packs:
            body = pack(body)
        return response(body, *([f"Content-Encoding: {encoding}"] if encoding else []), kind="text/event-stream")

    return answer


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def with_header(line: Callable[[str], str], status: str = "200 OK") -> Answer:
    return lambda text, _: response(completion({"content": "Oslo"}), line(printable(text)), status=status)


def printable(text: str) -> str:
    """The text as a header's value may have it."""
    return "".join(c for c in text if " " <= c <= "~")


def token(text: str) -> str:
    """The text as a header's name may have it."""
    return "".join(c for c in text if c.isalnum() or c in "-_.~+")


def error(status: str, document: Callable[[str], object]) -> Answer:
    return lambda text, _: response(json.dumps(document(text)).encode(), status=status)


def logprobs(text: str, draw: Draw) -> bytes:
    content = [{"token": piece, "logprob": -0.1, "top_logprobs": []} for piece in cut(text, draw, 30)]
    choices = [{"index": 0, "message": {"content": "x"}, "finish_reason": "stop", "logprobs": {"content": content}}]
    return response(json.dumps({"id": "c", "object": "chat.completion", "model": "m", "choices": choices}).encode())


ECHOES: dict[str, Answer] = {
    "content-over-deltas": deltas(lambda text: {"content": text}),
    "reasoning-over-deltas": deltas(lambda text: {"reasoning_content": text}),
    "arguments-over-deltas": deltas(lambda text: tool_call("", text)),
    "name-over-deltas": deltas(lambda text: tool_call(text, "")),
    "refusal-over-deltas": deltas(lambda text: {"refusal": text}),
    "content": in_message(lambda text: {"role": "assistant", "content": text}),
    "content-in-parts": lambda text, draw: response(
        completion({"content": [{"type": "text", "text": piece} for piece in cut(text, draw)]})
    ),
    "arguments": in_message(lambda text: tool_call("get_weather", json.dumps({"city": text}))),
    "arguments-not-json": in_message(lambda text: tool_call("get_weather", '{"city": "' + text)),
    "call-id": in_message(lambda text: tool_call("get_weather", "{}", text)),
    "call-name": in_message(lambda text: tool_call(text, "{}")),
    "reasoning": in_message(lambda text: {"content": "Oslo", "reasoning": text}),
    "model": lambda text, _: response(completion({"content": "x"}, model=text, system_fingerprint=text)),
    "finish-reason": lambda text, _: chunked(event({"content": "x"}), event({}, text), b"data: [DONE]\n\n"),
    "usage": lambda text, _: response(completion({"content": "x"}, usage={text: 1, "prompt_tokens": text})),
    "logprobs": logprobs,
    "comments": lambda text, _: chunked(b": " + text.encode() + b"\n\n", *stream_of([{"content": "Oslo"}])),
    "event-names": lambda text, _: chunked(f"event: {text}\nid: {text}\ndata: {text}\n\n".encode()),
    "error-event": lambda text, _: chunked(
        event({"content": "x"}), b"data: " + json.dumps({"error": {"message": said(text)}}).encode() + b"\n\n"
    ),
    "error-400": error("400 Bad Request", lambda text: {"error": {"message": said(text), "code": text}}),
    "error-422": error("422 Unprocessable", lambda text: {"detail": [{"loc": ["body", text], "msg": said(text)}]}),
    "error-429": error("429 Slow Down", lambda text: {"error": said(text)}),
    "error-500-html": lambda text, _: response(
        f"<title>{said(text)}</title><pre>{text}</pre>".encode(), status=f"500 {printable(text)}", kind="text/html"
    ),
    "redirect": lambda text, _: response(
        text.encode(), f"Location: http://127.0.0.1:1/?k={printable(text)}", status="307 Temporary Redirect"
    ),
    "proxy-demands": lambda text, _: response(
        said(text).encode(), f'Proxy-Authenticate: Basic realm="{printable(text)}"', status=f"407 {printable(text)}"
    ),
    "not-json": lambda text, _: response(said(text).encode()),
    "latin-1": lambda text, _: response(b"\xff\xfe " + text.encode()),
    "utf-16": lambda text, _: response(json.dumps({"error": text}).encode("utf-16")),
    "gzip": packed(gzip.compress, encoding="gzip"),
    "gzip-undeclared": packed(gzip.compress, encoding=""),
    "gzip-twice": packed(gzip.compress, gzip.compress, encoding="gzip, gzip"),
    "deflate": packed(zlib.compress, encoding="deflate"),
    "deflate-bare": packed(bare_deflate, encoding="deflate"),
    "deflate-undeclared": packed(zlib.compress, encoding=""),
    "deflate-bare-undeclared": packed(bare_deflate, encoding=""),
    "deflate-in-gzip": packed(zlib.compress, gzip.compress, encoding="deflate, gzip"),
    "gzip-called-identity": packed(gzip.compress, encoding="identity"),
    "bzip2-undeclared": packed(bz2.compress, encoding=""),
    "xz-undeclared": packed(lzma.compress, encoding=""),
    "gzip-cut-off": packed(lambda data: gzip.compress(data)[:-12], encoding="gzip"),
    "header-value": with_header(lambda text: f"X-Echo: {text}"),
    "header-name": with_header(lambda text: f"X-{token(text)}: 1"),
    "header-twice": lambda text, draw: response(
        completion({"content": "x"}), *(f"X-Echo: {piece.strip()}" for piece in cut(printable(text), draw, 3))
    ),
    "cookie": with_header(lambda text: f"Set-Cookie: session={text}; Path=/"),
    "server": with_header(lambda text: f"Server: {text}"),
    "retry-after": with_header(lambda text: f"Retry-After: {text}", status="503 Busy"),
    "content-type": lambda text, _: response(completion({"content": "x"}), kind=f"application/{printable(text)}"),
    "request-id": with_header(lambda text: f"x-request-id: {text}"),
    "unauthorised": with_header(lambda text: f'WWW-Authenticate: Bearer realm="{text}"', status="401 Unauthorized"),
    "status-line": lambda text, _: f"HTTP/1.1 {printable(text)}\r\n\r\n".encode(),
    "not-http": lambda text, _: f"{text}\r\n\r\n".encode(),
    "header-without-colon": lambda text, _: f"HTTP/1.1 200 OK\r\n{printable(text)}\r\n\r\n".encode(),
    "content-length": lambda text, _: f"HTTP/1.1 200 OK\r\nContent-Length: {printable(text)}\r\n\r\n".encode(),
    "transfer-encoding": lambda text, _: f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {printable(text)}\r\n\r\n".encode(),
    "content-encoding": with_header(lambda text: f"Content-Encoding: {text}"),
    "chunk-extension": lambda text, _: chunked(*stream_of([{"content": "x"}]), extension=f";k={printable(text)}"),
    "chunk-size": lambda text, _: chunked() [:-5] + printable(text).encode() + b"\r\n",
    "trailer": lambda text, _: chunked(*stream_of([{"content": "x"}]), trailer=f"X-Echo: {printable(text)}\r\n"),
    "after-the-end": lambda text, _: response(completion({"content": "x"})) + text.encode(),
    "interim": lambda text, _: f"HTTP/1.1 103 {printable(text)}\r\nLink: <{printable(text)}>\r\n\r\n".encode()
    + response(completion({"content": "x"})),
    "cut-off": lambda text, draw: response(completion({"content": text}))[: -draw.randint(1, 60)],
    "models": lambda text, _: response(json.dumps({"object": "list", "data": [{"id": text}]}).encode()),
    "tools-in-content": in_message(lambda text: {"content": json.dumps(json.dumps({"name": "x", "arguments": text}))}),
    "after-done": lambda text, _: chunked(*stream_of([{"content": "x"}]), f"data: {text}\n\n".encode()),
    "json-over-lines": lambda text, draw: chunked(
        *(
            b'data: {"choices": [{"index": 0,\ndata: "delta": {"content": ' + json.dumps(piece).encode() + b"}}]}\n\n"
            for piece in cut(text, draw)
        )
    ),
}  # fmt: skip


class _Echo:
    def __init__(self, seed: int) -> None:
        self._seed = seed

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            fields = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in request.split("\r\n")[1:])
            }
            body = await reader.readexactly(int(fields.get("content-length", "0")))
            name = request.split(" ")[1].split("/")[1]
            key = fields.get("authorization", "").removeprefix("Bearer ")
            draw = random.Random(f"{self._seed} {request.split(' ')[1]} {body!r}")
            if key:
                writer.write(ECHOES.get(name, ECHOES["error-400"])(form_of(key, draw), draw))
                await writer.drain()
        writer.close()


@contextlib.contextmanager
def echoing(seed: int) -> Iterator[str]:
    """The server's address; its thread ends with the block."""
    started: list[str] = []
    ready, over = threading.Event(), threading.Event()

    async def main() -> None:
        server = await asyncio.start_server(_Echo(seed).serve, "127.0.0.1", 0)
        started.append(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        ready.set()
        await asyncio.get_running_loop().run_in_executor(None, over.wait)
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    ready.wait()
    try:
        yield started[0]
    finally:
        over.set()
        thread.join()
