"""Makers of cases and exchanges, so that a test says only what it is about."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from trueweight.core import (
    Attempt,
    Case,
    Exchange,
    Failure,
    FailureKind,
    Mode,
    Price,
    Provider,
    RequestRecord,
    Role,
    Stamp,
    trial_id,
)

TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
MESSAGES = [{"role": "user", "content": "What is the weather in Paris?"}]
MS = 1_000_000


@pytest.fixture
def make_case() -> Callable[..., Case]:
    """A case that offers the weather tool, asked plainly once."""

    def make(name: str, **said: Any) -> Case:
        plain: dict[str, Any] = {
            "suite": "s",
            "request": {"messages": MESSAGES, "tools": [TOOL]},
            "modes": (Mode.PLAIN,),
        }
        return Case(id=name, **(plain | said))

    return make


@pytest.fixture
def make_provider() -> Callable[..., Provider]:
    """A provider on loopback with a price."""

    def make(name: str, role: Role = Role.CANDIDATE) -> Provider:
        return Provider(name, "http://127.0.0.1:1/v1", "m", role, price=Price(1.0, 2.0))

    return make


def completion(
    content: str | None = None, calls: list[dict[str, Any]] | None = None, finish: str | None = "stop"
) -> bytes:
    """A chat completion as a healthy server writes it."""
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if calls is not None:
        message["tool_calls"] = calls
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
    }
    return json.dumps(body).encode()


def weather(arguments: str = '{"city": "Paris"}', name: str = "weather") -> dict[str, Any]:
    """A tool call."""
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}


@pytest.fixture
def make_exchange() -> Callable[..., Exchange]:
    """An exchange whose final attempt brought these bytes, or failed."""

    def make(
        case: Case,
        provider: Provider,
        body: bytes = b"",
        *,
        repeat: int = 0,
        status: int = 200,
        lost: FailureKind | None = None,
        retries: int = 0,
        early_kind: FailureKind = FailureKind.RESET,
        mode: Mode = Mode.PLAIN,
    ) -> Exchange:
        refused = FailureKind.SERVER_ERROR if status >= 500 and status != 501 else FailureKind.CLIENT_ERROR
        kind = refused if lost is None and status >= 400 else lost
        early = Attempt(0, 0, None, None, 5 * MS, failure=Failure(early_kind))
        final = Attempt(
            0,
            0,
            None,
            10 * MS,
            20 * MS,
            None if lost else status,
            "HTTP/1.1",
            (("content-type", "application/json"),),
            b"" if lost else body,
            (Stamp(20 * MS, 0),),
            Failure(kind) if kind else None,
        )
        return Exchange(
            trial_id(case, provider, repeat, mode),
            provider.name,
            case.suite,
            case.id,
            repeat,
            mode,
            "2026-01-01T00:00:00.000000+00:00",
            RequestRecord("POST", "http://127.0.0.1:1/v1/chat/completions", (), "{}"),
            (*[early] * retries, final),
        )

    return make


@pytest.fixture
def say() -> Callable[..., bytes]:
    """Maker of completions."""
    return completion


@pytest.fixture
def call() -> Callable[..., dict[str, Any]]:
    """Maker of weather calls."""
    return weather
