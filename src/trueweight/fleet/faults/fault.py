"""The hooks that a fault can override, and the registry of all faults.

Hooks run in this order; each receives the result so far and returns its replacement:

    accept → refuse → request → completion → body (plain) or chunks → frames (streamed) → response

If the request is refused, ``refusal`` runs in place of the hooks after ``accept``. ``models`` changes the model list.
``wire`` changes the bytes below HTTP.

A fault has no state: what varies comes from ``chat.coin`` (the same for the same request), from ``chat.count`` and
``chat.rng`` (different every time), or from ``chat.earlier`` (what the provider answered before), so a provider with
faults behaves the same in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

from trueweight.core import DEFAULT_API, FailureKind
from trueweight.core.json_value import JsonObject
from trueweight.core.registry import Registry
from trueweight.fleet.completion import ChatRequest, Completion, ResponseScript, Step


class Fault:
    """No fault: every hook returns its input. Override one hook in a subclass."""

    name: ClassVar[str] = ""
    api: ClassVar[str] = DEFAULT_API
    """The API whose shape ``body``, ``chunks`` and ``frames`` change. The other hooks of a fault of chat completions
    act through every API; those of a fault of another API act through that one."""
    rows: ClassVar[tuple[int, ...]] = ()
    """Numbers of the failure modes that the fault reproduces."""
    checks: ClassVar[tuple[str, ...]] = ()
    """Checks that must find the fault, each one of them."""
    reports: ClassVar[tuple[str, ...]] = ()
    """Field reports that it reproduces, as ``repository#number``."""
    failures: ClassVar[tuple[FailureKind, ...]] = ()
    """For transport faults: the failure kinds that the client must report, each one of them."""
    raw: ClassVar[bool] = False
    """Whether the fault overrides ``wire``, below HTTP; it is then served by a bare socket."""
    summary: ClassVar[str] = ""
    """What the fault does, in a few words."""

    def accept(self, body: Any, objection: ResponseScript) -> Any:
        """The request body to answer in place of an invalid one; None to refuse it."""
        return None

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """A response that is sent instead of a completion; None to go on."""

    def refusal(self, response: ResponseScript) -> ResponseScript:
        """Change the error response of a refused request."""
        return response

    def request(self, chat: ChatRequest) -> ChatRequest:
        """Change the request that the model receives."""
        return chat

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Change the completion."""
        return completion

    def body(self, chat: ChatRequest, body: JsonObject) -> JsonObject:
        """Change the JSON body of a plain reply."""
        return body

    def chunks(self, chat: ChatRequest, chunks: list[JsonObject]) -> list[JsonObject]:
        """Change the chunks of a streamed reply, before they are written as events."""
        return chunks

    def frames(self, chat: ChatRequest, frames: list[bytes]) -> list[bytes]:
        """Change the bytes of a streamed reply: one item is one write."""
        return frames

    def response(self, chat: ChatRequest, completion: Completion, response: ResponseScript) -> ResponseScript:
        """Change status, headers, timing, or how the connection ends."""
        return response

    def models(self, listed: JsonObject) -> Any:
        """Change the list of models."""
        return listed

    def wire(self, steps: Iterable[Step]) -> Iterable[Step]:
        """Change the raw bytes of an HTTP/1.1 response, status line and headers included. Only if ``raw``."""
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
    reports: tuple[str, ...] = (),
    summary: str = "",
    api: str = DEFAULT_API,
) -> Callable[[_Kind], _Kind]:
    """Name a fault class and register one instance of it.

    Args:
        reports: field reports that it reproduces, as ``repository#number``; each is a row of ``docs/field-reports.md``.
        summary: what the fault does, in a few words; by default the first line of the class's docstring.
        api: the API in whose shape it acts.

    Raises:
        ConfigError: ``registry-duplicate`` if the name is taken.
    """

    def register(kind: _Kind) -> _Kind:
        kind.name, kind.api, kind.rows, kind.checks = name, api, rows, checks
        kind.failures, kind.reports = failures, reports
        kind.summary = summary or (kind.__doc__ or "").strip().splitlines()[0].rstrip(".")
        FAULTS.add(name, kind())
        return kind

    return register
