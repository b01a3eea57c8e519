"""What passes between the parts of a fleet provider: the ask, the answer, and the response on its way to the wire."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from trueweight.core import digest


@dataclass(frozen=True, slots=True)
class CompletionCall:
    """A tool call; ``arguments`` is the text, which need not be JSON once a fault has had it."""

    name: str
    arguments: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class CompletionChoice:
    """One completion. ``content`` None means null."""

    content: str | None
    finish_reason: str | None
    calls: tuple[CompletionCall, ...] = ()
    reasoning: str | None = None
    logprobs: tuple[dict[str, Any], ...] | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What the provider says, before it is written in anyone's style."""

    choices: tuple[CompletionChoice, ...]
    prompt_tokens: int
    completion_tokens: int

    def edited(self, **changes: Any) -> Completion:
        """The same with every choice changed: what most faults do."""
        return replace(self, choices=tuple(replace(choice, **changes) for choice in self.choices))


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request as a provider sees it.

    Attributes:
        body: the request body, valid.
        count: how many requests this provider had before, over its lifetime.
        rng: fresh randomness of this request (sampling without seed, ids); differs between repeats.
    """

    body: Mapping[str, Any]
    count: int
    rng: random.Random

    @property
    def streamed(self) -> bool:
        """Whether server-sent events were asked for."""
        return bool(self.body.get("stream"))

    def coin(self, name: str) -> float:
        """A number in [0, 1) by the name and what is asked; not by when, how often, or streamed or not."""
        asked = {key: self.body[key] for key in self.body if key not in {"model", "stream", "stream_options"}}
        return int(digest([name, asked])[:13], 16) / 16**13


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
    """An HTTP response as a script: head, then steps in order."""

    status: int
    headers: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]

    def header(self, name: str, value: str) -> ResponseScript:
        """The same with one more header."""
        return replace(self, headers=(*self.headers, (name, value)))
