"""Examples of checks: a reply that breaks the requirement and one that meets it.

The example of a check for any API is a ``SampleReply``, which a protocol turns into bytes. The example of a check for
one API's wire format is an exchange. ``trueweight explain`` shows the examples, and a test runs each check on its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trueweight.core.case import Case, Mode
from trueweight.core.exchange import Exchange

SAMPLE_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 2},
        "unit": {"enum": ["C", "F"]},
        "days": {"type": "integer"},
    },
    "required": ["city"],
}
SAMPLE_TOOLS = (
    {"type": "function", "function": {"name": "weather", "parameters": SAMPLE_SCHEMA}},
    {"type": "function", "function": {"name": "now"}},
)


@dataclass(frozen=True, slots=True)
class SampleCall:
    """One tool call.

    Attributes:
        arguments: their JSON text, a tuple of the pieces of that text as a stream sends them, or a value that is not
        text.
        id: "" stands for an id made from the call's position; None for no id.
    """

    arguments: Any = "{}"
    name: str | None = "weather"
    id: str | None = ""

    @property
    def pieces(self) -> tuple[Any, ...]:
        """The arguments in the pieces of a stream."""
        return self.arguments if isinstance(self.arguments, tuple) else (self.arguments,)

    @property
    def whole(self) -> Any:
        """The arguments as a plain reply has them."""
        return "".join(self.arguments) if isinstance(self.arguments, tuple) else self.arguments


@dataclass(frozen=True, slots=True)
class SampleReply:
    """A reply without the wire format of any API.

    Attributes:
        finish: ``stop``, ``length``, ``calls``, any other text, which is sent as it is, or None for no finish reason.
        usage: prompt and completion tokens. ``total`` None stands for their sum.
        cached, thought_tokens: those of the prompt and of the completion; None if they are not reported.
        mode: the requested mode.
        streamed: whether a stream is sent; None for what ``mode`` requests.
        error: the message of an error in the reply.
        arrives: nanoseconds at which the bytes of a stream arrive, all at the first one; () for the usual times.
        body: the bytes of the body, in place of a completion; the other fields of the content are then ignored.
    """

    content: str | None = None
    calls: tuple[SampleCall, ...] = ()
    finish: str | None = "stop"
    reasoning: str | None = None
    usage: tuple[int, int] | None = (10, 5)
    total: int | None = None
    cached: int | None = None
    thought_tokens: int | None = None
    mode: Mode = Mode.PLAIN
    streamed: bool | None = None
    error: str | None = None
    status: int = 200
    arrives: tuple[int, ...] = ()
    body: bytes | None = None
    content_type: str = "application/json"
    encoding: str | None = None

    @property
    def is_stream(self) -> bool:
        """Whether a stream is sent."""
        return self.mode is Mode.STREAM if self.streamed is None else self.streamed


def says(content: str | None, finish: str | None = "stop", **more: Any) -> SampleReply:
    """A reply with this content; ``more`` are attributes of ``SampleReply``."""
    return SampleReply(content, finish=finish, **more)


def calls(*arguments: Any, name: str | None = "weather", finish: str = "calls", **more: Any) -> SampleReply:
    """A reply with one call for each of ``arguments``; ``more`` are attributes of ``SampleReply``."""
    return SampleReply(calls=tuple(SampleCall(text, name) for text in arguments), finish=finish, **more)


def refuses(message: str, status: int = 400) -> SampleReply:
    """A response that refuses the request with an error message."""
    return SampleReply(error=message, status=status)


def sample_case(
    checks: Mapping[str, Any] | None = None, answer: Any = None, *, name: str = "c", words: str = "hi", **request: Any
) -> Case:
    """A case with the sample tools; ``request`` adds to its request or replaces parts of it."""
    body = {"messages": [{"role": "user", "content": words}], "tools": list(SAMPLE_TOOLS)} | request
    return Case("s", name, body, checks=checks or {}, answer=answer)


SAMPLE_TEXT = says("hello")
SAMPLE_CALL = calls('{"city":"Oslo"}')
SAMPLE_STREAM = says("hello", mode=Mode.STREAM)


@dataclass(frozen=True, slots=True)
class Example:
    """A reply that breaks the requirement of a check, and one that meets it.

    Attributes:
        evidence: text that the spans of the finding must contain; "" if the finding has no place in the body.
        good_case: the case that the good reply answers; None if it is ``case``.
    """

    bad: SampleReply | Exchange
    evidence: str = ""
    good: SampleReply | Exchange = SAMPLE_TEXT
    case: Case = field(default_factory=sample_case)
    good_case: Case | None = None


@dataclass(frozen=True, slots=True)
class SampleTrial:
    """One of several replies. ``broken``: whether the check must fail on it."""

    case: Case
    reply: SampleReply
    broken: bool = False


@dataclass(frozen=True, slots=True)
class PairedExample:
    """Replies of one provider that together break a requirement, replies that meet it, and replies of the reference."""

    bad: tuple[SampleTrial, ...]
    good: tuple[SampleTrial, ...]
    reference: tuple[SampleTrial, ...] = ()
