"""Responses: the completion as output items, whole or as events."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from trueweight.core.json_value import JsonObject
from trueweight.fleet import render
from trueweight.fleet.apis import responses_request
from trueweight.fleet.apis.responses_state import stored_id
from trueweight.fleet.apis.served import ServedApi
from trueweight.fleet.completion import ChatRequest, Completion
from trueweight.fleet.styles import Style
from trueweight.fleet.thinking import ThoughtForm

_ECHOED: Final = (
    "instructions", "max_output_tokens", "previous_response_id", "temperature", "top_p", "reasoning", "metadata",
)  # fmt: skip
_REASONS: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}


@dataclass(frozen=True, slots=True)
class _Item:
    """One output item: whole, and its text with the log-probabilities of its tokens."""

    whole: JsonObject
    text: str = ""
    entries: tuple[Mapping[str, Any], ...] | None = None


class ResponsesApi(ServedApi):
    """See `ServedApi`."""

    name = "responses"
    path = "/v1/responses"

    def chat_body(self, body: Any) -> Any:
        return responses_request.chat_body(body)

    def messages_of(self, request: Mapping[str, Any]) -> list[Any]:
        return responses_request.messages_of(request) if "input" in request else list(request.get("messages") or ())

    def plain(self, chat: ChatRequest, completion: Completion, style: Style, head: render.Head) -> JsonObject:
        items = _items(chat, completion, style)
        return _response(chat, completion, style, head, [one.whole for one in items])

    def chunks(self, chat: ChatRequest, completion: Completion, style: Style, head: render.Head) -> list[JsonObject]:
        items = _items(chat, completion, style)
        final = _response(chat, completion, style, head, [one.whole for one in items])
        open_fields: JsonObject = {"status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
        begun = {**final, **open_fields}
        parts = [{"type": f"response.{name}", "response": begun} for name in ("created", "in_progress")]
        parts += _in_order([list(_events(one, at, style)) for at, one in enumerate(items)], items, style)
        parts.append({"type": f"response.{final['status']}", "response": final})
        return [_ordered({**part, "sequence_number": at}, style) for at, part in enumerate(parts)]

    def frames(self, chunks: list[JsonObject], style: Style) -> list[bytes]:
        end = style.newline
        name = "event: " if style.data_space else "event:"
        out = render.event_frames(chunks, style, lambda part: f"{name}{part.get('type', 'message')}{end}")
        # Open Responses ends its streams so, OpenAI's own server does not.
        return [*out, f"data: [DONE]{end}{end}".encode()] if style.done_after_last else out


def _ordered(part: JsonObject, style: Style) -> JsonObject:
    return dict(reversed(part.items())) if style.reverse_keys else part


def _response(
    chat: ChatRequest, completion: Completion, style: Style, head: render.Head, output: list[JsonObject]
) -> JsonObject:
    """The whole response, with the settings of the request that it answers."""
    sent = chat.sent
    stored = style.stores and sent.get("store") is not False
    reason = _REASONS.get(completion.choices[0].finish_reason or "")
    read, written = completion.prompt_tokens, completion.completion_tokens
    thought = completion.reasoning_tokens if style.counts_thoughts else None
    out: JsonObject = {
        "id": stored_id(after(chat, output)) if stored else f"resp_{head.id.removeprefix('chatcmpl-')}",
        "object": "response",
        "created_at": head.created,
        "status": "completed" if reason is None else "incomplete",
        "error": None,
        "incomplete_details": None if reason is None else {"reason": reason},
        "model": head.model,
        "output": output,
        "parallel_tool_calls": sent.get("parallel_tool_calls") is not False,
        "tool_choice": sent.get("tool_choice") or "auto",
        "tools": sent.get("tools") or [],
        "usage": {
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": render.cached(chat, completion, style), "cache_write_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": thought or 0},
            "total_tokens": read + written,
        },
        **({} if style.terse else {**_echo(sent), "store": stored}),
        **style.extra,
    }
    return _ordered(out, style)


def after(chat: ChatRequest, output: list[JsonObject]) -> list[Any]:
    """The conversation with its answer, without the instructions, which a continuation gives anew."""
    asked = list(chat.body["messages"])[0 if chat.sent.get("instructions") is None else 1 :]
    return [*asked, *responses_request.messages_of({"input": output})]


def _echo(sent: Mapping[str, Any]) -> JsonObject:
    """Further settings of the request, which a terse server leaves out."""
    return {
        **{name: sent.get(name) for name in _ECHOED},
        "text": sent.get("text") or {"format": {"type": "text"}},
        "truncation": "disabled",
    }


def _items(chat: ChatRequest, completion: Completion, style: Style) -> list[_Item]:
    """The thought, the text and the calls, in this order; the last is incomplete if a limit cut it."""
    choice = completion.choices[0]
    rng = random.Random(f"items:{completion.prompt_tokens}:{completion.completion_tokens}:{chat.coin('items')}")
    found: list[_Item] = []
    if choice.reasoning:
        found.append(_thought(choice.reasoning, style, f"rs_{rng.getrandbits(96):024x}"))
    if choice.content is not None and (choice.content or not choice.calls):
        entries = choice.logprobs
        part = {"type": "output_text", "text": choice.content, "annotations": [], "logprobs": list(entries or ())}
        whole: JsonObject = {"type": "message", "id": f"msg_{rng.getrandbits(96):024x}", "status": "completed"}
        found.append(_Item({**whole, "role": "assistant", "content": [part]}, choice.content, entries))
    for call in choice.calls:
        whole = {"type": "function_call", "id": f"fc_{rng.getrandbits(96):024x}", "status": "completed"}
        whole |= {"call_id": call.id, "name": call.name, "arguments": call.arguments}
        found.append(_Item(whole, call.arguments))
    if found and _REASONS.get(choice.finish_reason or "") is not None:
        last = found[-1]
        found[-1] = _Item({**last.whole, "status": "incomplete"}, last.text, last.entries)
    return found


def _thought(text: str, style: Style, item_id: str) -> _Item:
    whole: JsonObject = {"type": "reasoning", "id": item_id, "status": "completed", "summary": []}
    if style.thought is ThoughtForm.SUMMARY:
        return _Item({**whole, "summary": [{"type": "summary_text", "text": text}]}, text)
    if style.thought is ThoughtForm.ENCRYPTED:
        sealed = base64.b64encode(text.encode("utf-8", "surrogatepass")[::-1]).decode("ascii")
        return _Item({**whole, "encrypted_content": sealed})
    return _Item({**whole, "content": [{"type": "reasoning_text", "text": text}]}, text)


def _in_order(events: list[list[JsonObject]], items: list[_Item], style: Style) -> list[JsonObject]:
    """The events of all items: one item after the other, or parallel calls in turn."""
    calls = [at for at, one in enumerate(items) if one.whole["type"] == "function_call"]
    if not style.interleaved_calls or len(calls) < 2:
        return [event for some in events for event in some]
    before = [event for some in events[: calls[0]] for event in some]
    turns = zip_longest(*(events[at] for at in calls))
    return [*before, *(event for turn in turns for event in turn if event is not None)]


def _events(item: _Item, at: int, style: Style) -> Iterator[JsonObject]:
    """The events of one item."""
    whole = item.whole
    where = {"item_id": whole["id"], "output_index": at}
    empty: JsonObject = {name: [] for name in ("content", "summary") if name in whole}
    begun = {**whole, **empty, "status": "in_progress", **({"arguments": ""} if "arguments" in whole else {})}
    yield {"type": "response.output_item.added", "output_index": at, "item": begun}
    if whole["type"] == "function_call":
        yield from _of_call(item, where, style)
    for place, part in enumerate(whole.get("content") or ()):
        yield from _of_part(item, part, {**where, "content_index": place}, style)
    for place, part in enumerate(whole.get("summary") or ()):
        yield from _of_summary(item, part, {**where, "summary_index": place}, style)
    yield {"type": "response.output_item.done", "output_index": at, "item": whole}


def _of_call(item: _Item, where: JsonObject, style: Style) -> Iterator[JsonObject]:
    named = "response.function_call_arguments"
    pieces = [item.text] if style.whole_calls else [one.text for one in render.pieces(item.text, None, style)]
    yield from ({"type": f"{named}.delta", **where, "delta": piece} for piece in pieces)
    yield {"type": f"{named}.done", **where, "name": item.whole["name"], "arguments": item.text}


def _of_part(item: _Item, part: JsonObject, where: JsonObject, style: Style) -> Iterator[JsonObject]:
    text = part["type"] == "output_text"
    named = f"response.{part['type']}"
    empty: JsonObject = {"logprobs": []} if text else {}
    yield {"type": "response.content_part.added", **where, "part": {**part, "text": "", **empty}}
    for piece in render.pieces(item.text, item.entries, style):
        entries = {"logprobs": list(piece.entries)} if text else {}
        yield {"type": f"{named}.delta", **where, "delta": piece.text, **entries}
    yield {"type": f"{named}.done", **where, "text": item.text, **({"logprobs": part["logprobs"]} if text else {})}
    yield {"type": "response.content_part.done", **where, "part": part}


def _of_summary(item: _Item, part: JsonObject, where: JsonObject, style: Style) -> Iterator[JsonObject]:
    named = "response.reasoning_summary"
    yield {"type": f"{named}_part.added", **where, "part": {**part, "text": ""}}
    for piece in render.pieces(item.text, None, style):
        yield {"type": f"{named}_text.delta", **where, "delta": piece.text}
    yield {"type": f"{named}_text.done", **where, "text": item.text}
    yield {"type": f"{named}_part.done", **where, "part": part}
