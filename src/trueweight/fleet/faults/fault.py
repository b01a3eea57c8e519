"""The places where a fault can bite, and the list of all faults.

Hooks run in this order; each gets what the healthy provider would have done and returns what happens instead:

    accept → refuse → request → answer → body (plain) or chunks → frames (streamed) → response

``refusal`` comes instead of all after ``accept`` where the request is refused; ``models`` alone bites where the list of
models is asked for; ``wire`` is below HTTP.

A fault is without state: what varies comes from ``ask.coin`` (the same for the same question) or ``ask.count`` and
``ask.rng`` (different every time), so a provider with faults behaves the same in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

from trueweight.core import FailureKind
from trueweight.core.registry import Registry
from trueweight.fleet.completion import ChatRequest, Completion, ResponseScript, Step


class Fault:
    """A provider without this fault behaves like this class. Override the one hook where yours bites."""

    name: ClassVar[str] = ""
    rows: ClassVar[tuple[int, ...]] = ()
    """Numbers of the failure modes that it reproduces."""
    checks: ClassVar[tuple[str, ...]] = ()
    """Checks that must find it: each one of them."""
    failures: ClassVar[tuple[FailureKind, ...]] = ()
    """For faults of transport: the kinds of failure that the wire must name, each one of them."""
    raw: ClassVar[bool] = False
    """Whether it bites below HTTP, where ``wire`` is, and so needs a server of its own."""
    summary: ClassVar[str] = ""
    """What it does, in a few words."""

    def accept(self, body: Any, objection: ResponseScript) -> Any:
        """A request body to answer instead of refusing this one; None to refuse it."""
        return None

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Answer before anyone thinks; None to go on."""

    def refusal(self, response: ResponseScript) -> ResponseScript:
        """Change how a refusal is worded."""
        return response

    def request(self, chat: ChatRequest) -> ChatRequest:
        """Change what the model gets to see."""
        return chat

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Change what the model said."""
        return completion

    def body(self, chat: ChatRequest, body: dict[str, Any]) -> dict[str, Any]:
        """Change the JSON body of a plain reply."""
        return body

    def chunks(self, chat: ChatRequest, chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Change the chunks of a streamed reply, before they are written as events."""
        return chunks

    def frames(self, chat: ChatRequest, frames: list[bytes]) -> list[bytes]:
        """Change the bytes of a streamed reply: one item is one write."""
        return frames

    def response(self, chat: ChatRequest, completion: Completion, response: ResponseScript) -> ResponseScript:
        """Change status, headers, timing, or how the connection ends."""
        return response

    def models(self, listed: dict[str, Any]) -> Any:
        """Change the list of models."""
        return listed

    def wire(self, steps: Iterable[Step]) -> Iterable[Step]:
        """Change the raw bytes of an HTTP/1.1 response, its head among them. Only where ``raw``."""
        return steps


FAULTS: Registry[Fault] = Registry("fault", "trueweight.faults")
"""Every fault by name. A fault of another package is found through its entry point in ``trueweight.faults``."""

_Kind = TypeVar("_Kind", bound=type[Fault])


def fault(
    name: str,
    *,
    rows: tuple[int, ...] = (),
    checks: tuple[str, ...] = (),
    failures: tuple[FailureKind, ...] = (),
    summary: str = "",
) -> Callable[[_Kind], _Kind]:
    """Name a fault class and register one instance of it.

    Args:
        summary: what the fault does, in a few words; by default the first line of the class's docstring.

    Raises:
        ConfigError: ``registry-duplicate`` if the name is taken.
    """

    def register(kind: _Kind) -> _Kind:
        kind.name, kind.rows, kind.checks, kind.failures = name, rows, checks, failures
        kind.summary = summary or (kind.__doc__ or "").strip().splitlines()[0].rstrip(".")
        FAULTS.add(name, kind())
        return kind

    return register
