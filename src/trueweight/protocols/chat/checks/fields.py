"""Fields of responses and chunks that few clients read: each is absent or valid, and the same in all chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from trueweight.core import Case, Reply, Severity, Span
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import quote, spans_of
from trueweight.core.example import SAMPLE_STREAM, Example
from trueweight.core.json_value import JsonObject
from trueweight.protocols import narrow
from trueweight.protocols.chat.checks.parts import Part, documents_of, parts_of
from trueweight.protocols.chat.sample import chunk, message, usage_chunk
from trueweight.protocols.sample import plain, stream

_OBJECT = "https://platform.openai.com/docs/api-reference/chat/object"
_CHUNK = "https://platform.openai.com/docs/api-reference/chat-streaming"
_MILLISECONDS = 1e11
"""As seconds, the year 5138; as milliseconds, 1973."""


@check(
    "created-in-seconds",
    "The time of creation is in seconds.",
    failure="{cases} had a time of creation that is not in seconds",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    source="https://github.com/EricLBuehler/mistral.rs/issues/1805",
    why="Clients show a date thousands of years from now, or raise.",
    fix="Send the Unix time in seconds.",
    example=Example(plain(message(content="x") | {"created": 1_700_000_000_123}), "1700000000123"),
)
def created_in_seconds(_: Case, reply: Reply) -> CheckResult | None:
    """Judges ``created`` where it is a number; ``response-fields`` judges whether it is one."""
    times = [(number, span) for document, span in _documents(reply) if (number := _time(document)) is not None]
    wrong = [(number, span) for number, span in times if not 0 <= number < _MILLISECONDS]
    if wrong:
        number, span = wrong[0]
        return Fail(
            "created is not in seconds", "Unix time in seconds", f"{number:.0f}", narrow(reply, span, f"{number:.0f}")
        )
    return Pass() if times else None


@check(
    "stream-created-once",
    "All chunks of a stream have one time of creation.",
    failure="{cases} had a stream whose chunks have several times of creation",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    source="https://github.com/sgl-project/sglang/issues/39864",
    why="The API says that each chunk has the same timestamp: logs that are joined by it fall apart.",
    fix="Take the time once for each request.",
    example=Example(stream([chunk(content="x"), chunk("stop") | {"created": 1_700_000_009}]), "1700000009"),
)
def stream_created_once(_: Case, reply: Reply) -> CheckResult | None:
    """Judges streams. A gateway's own chunk, with a time of 0 or without choices, is not compared."""
    if not reply.streamed:
        return None
    times = [
        (number, span)
        for document, span in _documents(reply)
        if document.get("choices") and (number := _time(document))
    ]
    other = next(((number, span) for number, span in times if number != times[0][0]), None)
    if other is not None:
        words = f"created is {times[0][0]:.0f}, then {other[0]:.0f}"
        return Fail(words, "one time", f"{other[0]:.0f}", narrow(reply, other[1], f"{other[0]:.0f}"))
    return Pass() if times else None


@check(
    "role-known",
    "The role of a reply is assistant.",
    failure="{cases} had no role, an empty one, or another role than assistant",
    protocol="chat",
    engine=True,
    source="https://github.com/anomalyco/opencode/issues/28427",
    why="Clients that keep the message send an invalid role back in the next request; typed ones raise.",
    fix="Send the role assistant in the message, and in the first delta; leave it out of the others.",
    example=Example(stream([chunk(role="", content="x"), chunk("stop"), usage_chunk()]), '""', SAMPLE_STREAM),
)
def role_known(_: Case, reply: Reply) -> CheckResult | None:
    """A delta may lack a role, or have null; a plain message must have one."""
    judged = False
    for said, span in _messages(reply):
        role = said.get("role")
        if role is None and not reply.streamed:
            return Fail("the message has no role", "assistant", quote(role), (span,))
        judged |= role is not None
        if role not in (None, "assistant"):
            return Fail("the role is not assistant", "assistant", quote(role), narrow(reply, span, '"role"'))
    return Pass() if judged else None


@check(
    "delta-object",
    "The delta of a chunk is an object, and never null.",
    failure="{cases} had a chunk whose delta is null",
    protocol="chat",
    engine=True,
    source="https://github.com/microsoft/agent-framework/issues/5734",
    why="Clients that read choices[0].delta.content raise on the last chunk.",
    fix="Send an empty object where there is nothing more to say.",
    example=Example(
        stream([chunk(content="x"), chunk() | {"choices": [{"index": 0, "delta": None, "finish_reason": "stop"}]}]),
        "delta",
        SAMPLE_STREAM,
    ),
)
def delta_object(_: Case, reply: Reply) -> CheckResult | None:
    """``chunk-shape`` judges a delta of another type. Some servers leave it out beside their own fields."""
    if not reply.streamed:
        return None
    choices = _choices(reply)
    null = [one.span for one in choices if "delta" in one.choice and one.choice["delta"] is None]
    if null:
        return Fail("the delta of a choice is null", "an object", "null", spans_of(null))
    return Pass() if choices else None


@check(
    "optional-fields",
    "An optional field is absent, null, or valid.",
    failure="{cases} had an optional field whose value is not valid",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    source=_OBJECT,
    why="Typed clients raise on a value that the API does not have, such as an empty text for one of several words.",
    fix="Leave out fields that have no value, or send null.",
    example=Example(plain(message(content="x") | {"service_tier": ""}), "service_tier"),
)
def optional_fields(_: Case, reply: Reply) -> CheckResult | None:
    """Looks at the service tier, the fingerprint, annotations, audio and the parts of log-probabilities."""
    for document, span in _documents(reply):
        for name, value in _invalid(document):
            spans = narrow(reply, span, name)
            return Fail(f"{name} is not valid", "absent, null, or a valid value", quote(value), spans)
    return Pass() if reply.choices else None


def _invalid(document: JsonObject) -> Iterator[tuple[str, Any]]:
    tier, fingerprint = document.get("service_tier"), document.get("system_fingerprint")
    if tier is not None and (not isinstance(tier, str) or not tier):
        yield "service_tier", tier
    if fingerprint is not None and not isinstance(fingerprint, str):
        yield "system_fingerprint", fingerprint
    for choice in _listed(document):
        said = choice.get("message") or choice.get("delta")
        if not isinstance(said, dict):
            continue
        annotations, audio = said.get("annotations"), said.get("audio")
        if annotations is not None and not isinstance(annotations, list):
            yield "annotations", annotations
        if audio is not None and not isinstance(audio, dict):
            yield "audio", audio


def _documents(reply: Reply) -> Iterable[tuple[JsonObject, Span]]:
    """Every JSON object of the body, with its span; none of an error."""
    return documents_of(reply) if reply.streamed or reply.error is None else ()


def _listed(document: JsonObject) -> list[JsonObject]:
    choices = document.get("choices")
    return [one for one in choices if isinstance(one, dict)] if isinstance(choices, list) else []


def _choices(reply: Reply) -> Sequence[Part]:
    """The parts of the choice in view; none of an error."""
    return parts_of(reply) if reply.streamed or reply.error is None else ()


def _messages(reply: Reply) -> Iterator[tuple[JsonObject, Span]]:
    for choice, span in _choices(reply):
        said = choice.get("message") if choice.get("delta") is None else choice["delta"]
        if isinstance(said, dict):
            yield said, span


def _time(document: JsonObject) -> float | None:
    created = document.get("created")
    if isinstance(created, bool) or not isinstance(created, int | float):
        return None
    try:
        return float(created)
    except OverflowError:
        return float("inf")
