"""A loopback server of legacy text completions and chat completions, plain and streamed.

Below ``/leaking/`` the text of text completions has a marker. Below ``/miscounting/`` streamed chat completions report
the prompt tokens of text completions.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PIECES = ("The capital ", "is ", "Oslo.")
LEAK = "<|im_end|>"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.heard.append((self.path, self.headers.get("Authorization"), body))
        if self.path.endswith("/chat/completions"):
            self._chat(body)
            return
        if not self.path.endswith("/completions"):
            self._send(404, "application/json", [b'{"error":{"message":"no such path"}}'])
            return
        pieces = [*PIECES, LEAK] if self.path.startswith("/leaking/") else list(PIECES)
        usage = {"prompt_tokens": 9, "completion_tokens": len(pieces), "total_tokens": 9 + len(pieces)}
        envelope = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": body["model"]}
        if not body.get("stream"):
            whole = envelope | {"choices": [_choice("".join(pieces), "stop")], "usage": usage}
            self._send(200, "application/json", [json.dumps(whole).encode()])
            return
        documents = [envelope | {"choices": [_choice(piece, None)]} for piece in pieces]
        documents += [envelope | {"choices": [_choice("", "stop")]}, envelope | {"choices": [], "usage": usage}]
        lines = [f"data: {json.dumps(document)}\n\n".encode() for document in documents]
        self._send(200, "text/event-stream", [*lines, b"data: [DONE]\n\n"])

    def _chat(self, body: dict[str, Any]) -> None:
        streamed = bool(body.get("stream"))
        prompt = 9 if streamed and self.path.startswith("/miscounting/") else 12
        usage = {"prompt_tokens": prompt, "completion_tokens": 3, "total_tokens": prompt + 3}
        kind = "chat.completion.chunk" if streamed else "chat.completion"
        envelope = {"id": "chatcmpl-1", "object": kind, "created": 1, "model": body["model"]}
        if not streamed:
            message = {"role": "assistant", "content": "".join(PIECES)}
            choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
            self._send(200, "application/json", [json.dumps(envelope | {"choices": [choice], "usage": usage}).encode()])
            return
        deltas = [({"role": "assistant", "content": ""}, None), *(({"content": piece}, None) for piece in PIECES)]
        documents = [
            envelope | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
            for delta, finish in (*deltas, ({}, "stop"))
        ]
        lines = [
            f"data: {json.dumps(one)}\n\n".encode() for one in (*documents, envelope | {"choices": [], "usage": usage})
        ]
        self._send(200, "text/event-stream", [*lines, b"data: [DONE]\n\n"])

    def _send(self, status: int, kind: str, parts: list[bytes]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(sum(map(len, parts))))
        self.end_headers()
        for part in parts:
            self.wfile.write(part)
            self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal of the tests."""


class Server(ThreadingHTTPServer):
    """The server; ``heard`` has path, Authorization and body of each request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[tuple[str, str | None, dict[str, Any]]] = []

    @property
    def url(self) -> str:
        """Without a path."""
        return f"http://127.0.0.1:{self.server_port}"


def _choice(text: str, finish: str | None) -> dict[str, Any]:
    return {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}


@contextmanager
def serving() -> Iterator[Server]:
    """A server on a free port, for as long as it is wanted."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
