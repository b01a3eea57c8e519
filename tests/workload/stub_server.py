"""A stub of a chat-completions API on loopback that answers by a function; one of an LLM judge."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Asked(NamedTuple):
    """One request that the stub got."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


Answer = Callable[[Asked], "str | tuple[int, str]"]
"""A request → the content of its answer, or a status and the message of an error."""
Decide = Callable[[str, str], str]
"""First and second answer → ``first``, ``second``, ``equal``, or a whole content that is no verdict."""


class _Server(ThreadingHTTPServer):
    answer: Answer
    seen: list[Asked]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *args: object) -> None:
        """Nothing."""

    def do_POST(self) -> None:
        """A chat completion, or an error."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        self.server.seen.append(asked)
        found = self.server.answer(asked)
        status, reply = (200, _completion(body, found)) if isinstance(found, str) else (found[0], _error(found[1]))
        text = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def _completion(body: dict[str, Any], content: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    return {
        "id": "j",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 200, "completion_tokens": 8, "total_tokens": 208},
    }


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error"}}


@contextlib.contextmanager
def stub_server(answer: Answer) -> Iterator[tuple[str, list[Asked]]]:
    """Its base URL, and the requests that it got."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.answer, server.seen = answer, []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", server.seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def judge_server(decide: Decide) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The base URL of a judge, and the bodies of the requests that it got."""
    bodies: list[dict[str, Any]] = []

    def answer(asked: Asked) -> str:
        bodies.append(asked.body)
        pair = json.loads(asked.body["messages"][-1]["content"])
        said = decide(pair["first"], pair["second"])
        return json.dumps({"better": said}) if said in ("first", "second", "equal") else said

    with stub_server(answer) as (url, _):
        yield url, bodies
