"""A stub of an LLM judge on loopback: it decides by a function of both answers."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Decide = Callable[[str, str], str]
"""First and second answer → ``first``, ``second``, ``equal``, or a whole content that is no verdict."""


class _Server(ThreadingHTTPServer):
    decide: Decide
    seen: list[dict[str, Any]]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *args: object) -> None:
        """Nothing."""

    def do_POST(self) -> None:
        """A chat completion with the verdict."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append(body)
        try:
            asked = json.loads(body["messages"][-1]["content"])
            said = self.server.decide(asked["first"], asked["second"])
        except (ValueError, KeyError, TypeError):
            said = "equal"  # a probe
        content = json.dumps({"better": said}) if said in ("first", "second", "equal") else said
        message = {"role": "assistant", "content": content}
        reply = {
            "id": "j",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 200, "completion_tokens": 8, "total_tokens": 208},
        }
        text = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@contextlib.contextmanager
def judge_server(decide: Decide) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Its base URL, and the bodies of the requests that it got."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.decide, server.seen = decide, []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", server.seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
