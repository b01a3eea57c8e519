"""An endpoint on loopback, in a thread of the test, that keeps the requests; and the command line, run against it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from in_process import trueweight
from records import recorded_lines

Responder = Callable[["ReceivedRequest", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class ReceivedRequest:
    """One request: its number on this endpoint from 0, the text of its head, and its body, {} if it has none."""

    number: int
    head: str
    body: dict[str, Any]

    @property
    def case(self) -> str:
        """The content of the only message: in these tests the name of the case."""
        text: str = self.body["messages"][0]["content"]
        return text

    @property
    def key(self) -> str:
        """The bearer token."""
        line = next((line for line in self.head.split("\r\n") if line.lower().startswith("authorization:")), "")
        return line.partition("Bearer ")[2]


async def answer_ok(_: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
    """A healthy response."""
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    message = {"role": "assistant", "content": "Yes."}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    await reply(writer, {"id": "x", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage})


async def reply(writer: asyncio.StreamWriter, value: Any, status: int = 200, *headers: str) -> None:
    """A JSON response."""
    body = json.dumps(value).encode()
    lines = [f"HTTP/1.1 {status} Words", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
    await writer.drain()


@dataclass
class Endpoint:
    """Its URL and the requests it received; ``call`` runs a function in its thread."""

    url: str = ""
    requests: list[ReceivedRequest] = field(default_factory=list)
    call: Callable[[Callable[[], object]], object] = lambda _: None

    def times(self, case: str) -> int:
        """The number of requests of a case."""
        return sum(request.case == case for request in self.requests)


@contextlib.contextmanager
def endpoint(answer: Responder = answer_ok) -> Iterator[Endpoint]:
    """Serve until the block ends."""
    loop = asyncio.new_event_loop()
    place, ready = Endpoint(), threading.Event()
    tasks: set[asyncio.Task[None]] = set()

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while not writer.transport.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = next((line for line in head.lower().split("\r\n") if line.startswith("content-length:")), "")
                body = json.loads(await reader.readexactly(int(length.partition(":")[2] or 0)) or b"{}")
                request = ReceivedRequest(len(place.requests), head, body)
                place.requests.append(request)
                await answer(request, writer)
        tasks.discard(task)
        writer.close()

    async def serve(stop: asyncio.Event) -> None:
        server = await asyncio.start_server(connection, "127.0.0.1", 0)
        place.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        place.call = loop.call_soon_threadsafe
        ready.set()
        await stop.wait()
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve(stop)), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield place
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


@dataclass(frozen=True)
class Workspace:
    """A directory with a ``providers.toml`` and a suite, in which the command line runs."""

    path: Path

    @property
    def run(self) -> Path:
        """The run directory."""
        return self.path / "out"

    def providers(self, urls: Mapping[str, str], *lines: str, role: str = "candidate") -> None:
        """Write ``providers.toml``; ``lines`` go into every entry."""
        entries = [
            "\n".join(
                ["[[provider]]", f'name = "{name}"', f'base_url = "{url}"', 'model = "m"', f'role = "{role}"', *lines]
            )
            for name, url in urls.items()
        ]
        (self.path / "providers.toml").write_text("\n\n".join(entries) + "\n", encoding="utf-8")

    def suite(self, *cases: str, contents: Mapping[str, str] | None = None, **request: Any) -> None:
        """Write a suite of plain cases; the message of a case is its own name, or its entry in ``contents``."""
        lines = ["suite: s", "title: t", "version: 1", "cases:"]
        for case in cases:
            message = [{"role": "user", "content": (contents or {}).get(case, case)}]
            body = json.dumps({"messages": message, "max_tokens": 9, **request})
            lines += [
                f"- id: {case}",
                "  why: test",
                "  modes: [plain]",
                "  severity: INFO",
                "  source: https://e.example",
            ]
            lines += [f"  request: {body}"]
        text = "\n".join(lines) + "\n"
        (self.path / "s.yaml").write_text(text, encoding="utf-8")

    def command(self, *more: object, probe: bool = False) -> list[str]:
        """``trueweight run`` in this directory. Without a probe, so that its requests are those of the suite."""
        fixed = ("run", "--providers", "providers.toml", "--suite", "s.yaml", "--out", "out")
        fixed += () if probe else ("--no-probe",)
        return [sys.executable, "-m", "trueweight", *map(str, (*fixed, *more))]

    def environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """Without a terminal's colours, and without proxies of this machine."""
        proxies = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
        own = {name: value for name, value in os.environ.items() if name.lower() not in proxies}
        return own | {"NO_COLOR": "1", "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"} | dict(env or {})

    def send(self, *more: object, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """``trueweight run`` to its end, inside this process."""
        return self.trueweight(*self.command(*more)[3:], env=env)

    def trueweight(self, *words: object, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Any command to its end, inside this process."""
        return trueweight(*words, cwd=self.path, env=env)

    def send_as_process(self, *more: object, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """``trueweight run`` to its end, as a process, with all that it prints or logs."""
        return subprocess.run(
            self.command(*more), cwd=self.path, env=self.environment(env), capture_output=True, text=True,
            encoding="utf-8", timeout=120, check=False,
        )  # fmt: skip

    def start(self, *more: object, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """``trueweight run``, still running."""
        return subprocess.Popen(
            self.command(*more), cwd=self.path, env=self.environment(env), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip

    def records(self) -> list[dict[str, Any]]:
        """Every whole exchange on record."""
        return recorded_lines(self.run)

    def summary(self) -> dict[str, Any]:
        """``summary.json``."""
        value: dict[str, Any] = json.loads((self.run / "summary.json").read_text("utf-8"))
        return value
