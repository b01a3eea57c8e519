"""The data of one request: the chat request, the completion, and the HTTP response as a script."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from trueweight.core import DEFAULT_API, digest
from trueweight.core.json_value import JsonObject


@dataclass(frozen=True, slots=True)
class CompletionCall:
    """A tool call; ``arguments`` is text, and not always JSON after a fault has changed it."""

    name: str
    arguments: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class CompletionChoice:
    """One choice. ``content`` None means null, and ``stopped_at`` is the stop sequence that ended it."""

    content: str | None
    finish_reason: str | None
    calls: tuple[CompletionCall, ...] = ()
    reasoning: str | None = None
    logprobs: tuple[JsonObject, ...] | None = None
    stopped_at: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """The choices and token counts, before a style writes them as JSON.

    Attributes:
        reasoning_tokens: those of ``completion_tokens`` that are thoughts; None if the model does not think.
    """

    choices: tuple[CompletionChoice, ...]
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int | None = None

    def each(self, edit: Callable[[CompletionChoice], CompletionChoice]) -> Completion:
        """A copy with every choice edited."""
        return replace(self, choices=tuple(map(edit, self.choices)))

    def edited(self, **changes: Any) -> Completion:
        """A copy with these fields changed in every choice."""
        return self.each(lambda choice: replace(choice, **changes))


class Earlier(NamedTuple):
    """A request that was answered, in the shape of chat completions, and the healthy completion of it."""

    body: Mapping[str, Any]
    completion: Completion


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One valid request, as chat completions ask it.

    Attributes:
        body: the chat-completions body, valid.
        count: how many requests this provider has received before.
        rng: randomness of this request (sampling without seed, ids); differs between repeats.
        api: the API through which it came.
        sent: the body as it was sent, in the shape of that API.
        earlier: the last requests that the provider answered, the latest one last.
    """

    body: Mapping[str, Any]
    count: int
    rng: random.Random
    api: str = DEFAULT_API
    sent: Mapping[str, Any] = field(default_factory=dict)
    earlier: tuple[Earlier, ...] = ()

    @property
    def streamed(self) -> bool:
        """Whether the request wants server-sent events."""
        return bool(self.body.get("stream"))

    def coin(self, name: str) -> float:
        """A number in [0, 1) that depends only on the name and the request, plain or streamed."""
        content = {key: self.body[key] for key in self.body if key not in {"model", "stream", "stream_options"}}
        return int(digest([name, content])[:13], 16) / 16**13


class Pause(NamedTuple):
    """Wait that many seconds."""

    seconds: float


class Write(NamedTuple):
    """Send these bytes at once."""

    data: bytes


class Drop(NamedTuple):
    """Close the connection without ending the body."""


class Abort(NamedTuple):
    """Reset the connection (bare sockets only)."""


Step = Pause | Write | Drop | Abort


@dataclass(frozen=True, slots=True)
class ResponseScript:
    """An HTTP response as a script: status and headers, then steps in order."""

    status: int
    headers: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]

    def header(self, name: str, value: str) -> ResponseScript:
        """A copy with one more header."""
        return replace(self, headers=(*self.headers, (name, value)))
