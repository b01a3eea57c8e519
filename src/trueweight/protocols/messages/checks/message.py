"""A message: its fields, its blocks, and the inputs of its calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trueweight.core import Case, Reply, Severity, Span
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import fail_on, quote, spans_of, whole
from trueweight.core.example import Example
from trueweight.core.json_value import JsonObject
from trueweight.protocols import Kind
from trueweight.protocols.fields import json_type
from trueweight.protocols.messages.checks.stream import GOOD
from trueweight.protocols.messages.flaws import flaws_of_block
from trueweight.protocols.messages.sample import answered, events, message, stream, text, thinking, tool_use
from trueweight.protocols.reading import kept_for_reply
from trueweight.protocols.sample import plain

_CREATE = "https://platform.claude.com/docs/en/api/messages"
_THINKING = "https://platform.claude.com/docs/en/build-with-claude/extended-thinking"
_HELLO = answered(text("hello"))
_BARE_START = {
    "type": "content_block_start",
    "index": 0,
    "content_block": {"type": "tool_use", "id": "toolu_1", "name": "weather"},
}
_CALL = answered(tool_use(given={"city": "Oslo"}), stop="tool_use")


def documents(reply: Reply) -> Iterator[tuple[JsonObject, Span]]:
    """The message of a plain reply, or of the ``message_start`` of a stream, with its place."""
    if not reply.streamed and isinstance(reply.json, dict):
        yield reply.json, Span(0, len(reply.body))
    for event in reply.events:
        if isinstance(event.data, dict) and event.data.get("type") == "message_start":
            start = event.data.get("message")
            yield start if isinstance(start, dict) else {}, event.span


@check(
    "messages-shape",
    "A response is a message of the assistant whose content is a list of blocks.",
    failure="{cases} had a response that is no message, or a block without its parts",
    protocol="messages",
    scope=Scope.COMPLETION,
    engine=True,
    source=_CREATE,
    why="Typed clients raise; untyped ones fail later and elsewhere.",
    fix="Validate responses against the API's schema before they are sent.",
    explains=("finish-without-calls", "messages-stop-with-calls", "reply-not-empty"),
    example=Example(plain(message() | {"content": "hello"}, api="messages"), '"hello"', _HELLO),
)
def messages_shape(_: Case, reply: Reply) -> CheckResult | None:
    """Judges plain replies. Unknown fields and unknown types of blocks are allowed."""
    if reply.streamed or not isinstance(reply.json, dict) or reply.error is not None:
        return None
    found = next(_shape_flaws(reply.json), None)
    if found is not None:
        return Fail(found, "type=message, role=assistant, content=[blocks]", "", _around(reply))
    return fail_on(reply, Kind.WRONG_TYPE, Kind.CALLS_MANY, expected="the API's types") or Pass()


def _around(reply: Reply) -> tuple[Span, ...]:
    return (Span(0, min(len(reply.body), 2000)),)


def _shape_flaws(body: Mapping[str, Any]) -> Iterator[str]:
    for name, wanted in (("type", "message"), ("role", "assistant")):
        if body.get(name) != wanted:
            yield f"{name} is {quote(body.get(name))}"
    content = body.get("content")
    if not isinstance(content, list):
        yield f"content is {json_type(content)}"
        return
    for at, block in enumerate(content):
        yield from flaws_of_block(block, f"content[{at}]")


@check(
    "messages-fields",
    "A message has id, type, role and model, at the start of a stream too.",
    failure="{cases} had a message without id, type, role or model",
    protocol="messages",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    source="https://github.com/vllm-project/vllm/issues/45367",
    why="Strict clients refuse the message, and logs are joined by the id.",
    fix="Fill in the four fields, in message_start as well.",
    example=Example(answered(text("hello"), id=None), '"id": null', _HELLO),
)
def messages_fields(_: Case, reply: Reply) -> CheckResult | None:
    """Every format of id is accepted."""
    found = list(documents(reply)) if reply.error is None else []
    for document, span in found:
        missing = [name for name in ("id", "type", "role", "model") if not _is_word(document.get(name))]
        if missing:
            return Fail(f"{', '.join(missing)} missing or empty", "id, type, role, model", "", (span,))
    return Pass() if found else None


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and value != ""


@check(
    "messages-input",
    "The input of a call is a JSON object: in a stream {} at the start of its block, then its JSON text in deltas.",
    failure="{cases} had a call whose input is no JSON object, or not in the deltas of its block",
    protocol="messages",
    scope=Scope.COMPLETION,
    engine=True,
    source="https://platform.claude.com/docs/en/build-with-claude/streaming#input-json-delta",
    why="Clients use the input as an object; in streams they join the deltas, and do not look at the start of a block.",
    fix="Send arguments as an object, an empty input as {}, and in streams all of it as input_json_delta.",
    example=Example(answered(tool_use(given='{"city":"Oslo"}'), stop="tool_use"), "Oslo", _CALL),
)
def messages_input(_: Case, reply: Reply) -> CheckResult | None:
    """``tool-arguments-json`` judges the text that the deltas join to, because a model can write what is no JSON;
    ``tool-arguments-schema`` judges an object by its schema."""
    if not reply.calls:
        return None
    flaws = list(_input_flaws(reply))
    if flaws:
        return Fail(flaws[0][0], "a JSON object", "", spans_of(span for _, span in flaws))
    return Pass()


def _input_flaws(reply: Reply) -> Iterator[tuple[str, Span]]:
    if not reply.streamed:
        for block in _plain_blocks(reply):
            if isinstance(block, dict) and block.get("type") == "tool_use" and not isinstance(block.get("input"), dict):
                yield f"the input of {quote(block.get('name'))} is {json_type(block.get('input'))}", whole(reply)[0]
        return
    for block, span in _starts_of_calls(reply):
        if block.get("input", {}) != {}:
            yield f"the block of {quote(block.get('name'))} starts with its input", span


@check(
    "messages-start-input",
    "A streamed call starts with the input {}.",
    failure="{cases} had a streamed call that starts without an input",
    protocol="messages",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    source="https://platform.claude.com/docs/en/build-with-claude/streaming#streaming-request-with-tool-use",
    why="Strictly typed clients refuse the block; others have no input at all if no delta follows.",
    fix='Send "input": {} in content_block_start.',
    example=Example(stream([*events()[:1], _BARE_START, *events(tool_use(), stop="tool_use")[2:]]), "toolu_1", GOOD),
)
def messages_start_input(_: Case, reply: Reply) -> CheckResult | None:
    """``messages-input`` judges the input itself, also if it is in the start."""
    starts = list(_starts_of_calls(reply))
    without = [span for block, span in starts if "input" not in block]
    if without:
        return Fail(f"{len(without)} of {len(starts)} calls start without an input", "{}", "none", spans_of(without))
    return Pass() if starts else None


def _starts_of_calls(reply: Reply) -> Iterator[tuple[JsonObject, Span]]:
    """The start of the block of each streamed call, with its place."""
    for event in reply.events:
        block = event.data.get("content_block") if isinstance(event.data, dict) else None
        if isinstance(block, dict) and block.get("type") == "tool_use":
            yield block, event.span


@check(
    "messages-signature",
    "A thinking block has a signature.",
    failure="{cases} had a thinking block without a signature",
    protocol="messages",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    source=_THINKING,
    why="The block goes back to the server in the history, where the API requires the field: typed clients raise.",
    fix="Send a signature with each thinking block, in streams as signature_delta before the block stops.",
    example=Example(
        answered({"type": "thinking", "thinking": "hm"}, text("hello")), "hm", answered(thinking("hm"), text("a"))
    ),
)
def messages_signature(_: Case, reply: Reply) -> CheckResult | None:
    """Judges whether the field is there, also if it is empty: hosts of open models verify none."""
    thoughts = [block for block in _blocks(reply) if block.type == "thinking"]
    if not thoughts or reply.finish is None:
        return None
    without = [block.span for block in thoughts if block.signature is None]
    return Fail("a thinking block has no signature", "signature", "none", spans_of(without)) if without else Pass()


@check(
    "messages-empty-text",
    "No text block beside other blocks is empty.",
    failure="{cases} had an empty text block beside other blocks",
    protocol="messages",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    source="https://platform.claude.com/docs/en/api/messages",
    why="The block goes back to the server in the history, where the API refuses text blocks without text.",
    fix="Start a text block with its first text, not before.",
    example=Example(answered(text(""), tool_use(), stop="tool_use"), '"text": ""', _CALL),
)
def messages_empty_text(_: Case, reply: Reply) -> CheckResult | None:
    """One empty block alone, which stands for an empty answer, is allowed."""
    found = _blocks(reply)
    if len(found) < 2 or reply.finish is None:
        return None
    empty = [block.span for block in found if block.text == ""]
    return Fail("a text block has no text", "text", '""', spans_of(empty)) if empty else Pass()


@dataclass(slots=True)
class _Block:
    """A block with its place. ``text`` is that of a text block; it and the signature are None where there is none."""

    type: Any
    span: Span
    text: str | None
    signature: str | None

    def extend(self, delta: Mapping[str, Any]) -> None:
        """Take one delta."""
        if delta.get("type") == "text_delta" and isinstance(delta.get("text"), str):
            self.text = (self.text or "") + delta["text"]
        elif delta.get("type") == "signature_delta":
            self.signature = _text_of(delta, "signature")


@kept_for_reply
def _blocks(reply: Reply) -> Sequence[_Block]:
    """The blocks of a message, those of a stream with their deltas."""
    if not reply.streamed:
        return [_block_of(block, _around(reply)[0]) for block in _plain_blocks(reply)]
    found: list[_Block] = []
    by_index: dict[int, _Block] = {}
    for event in reply.events:
        data = event.data if isinstance(event.data, dict) else {}
        index, inner = data.get("index"), data.get("content_block") or data.get("delta")
        if not isinstance(inner, dict) or not isinstance(index, int):
            continue
        if data.get("type") == "content_block_start":
            by_index[index] = _block_of(inner, event.span)
            found.append(by_index[index])
        elif index in by_index:
            by_index[index].extend(inner)
    return found


def _block_of(value: Any, span: Span) -> _Block:
    block = value if isinstance(value, dict) else {}
    text = _text_of(block, "text") if block.get("type") == "text" else None
    return _Block(block.get("type"), span, text, _text_of(block, "signature"))


def _text_of(holder: Mapping[str, Any], name: str) -> str | None:
    value = holder.get(name)
    return value if isinstance(value, str) else None


def _plain_blocks(reply: Reply) -> list[Any]:
    """The entries of a plain message's content."""
    blocks = reply.json.get("content") if isinstance(reply.json, dict) else None
    return blocks if isinstance(blocks, list) else []
