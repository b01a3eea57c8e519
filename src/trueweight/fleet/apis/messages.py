"""The Messages API, and its count of tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from trueweight.core.json_value import JsonObject
from trueweight.fleet import render
from trueweight.fleet.apis.messages_request import chat_messages, chat_settings, chat_tools, refuse
from trueweight.fleet.apis.served import ServedApi
from trueweight.fleet.completion import ChatRequest, Completion, CompletionCall, CompletionChoice, ResponseScript
from trueweight.fleet.errors import RefusedError, json_response
from trueweight.fleet.styles import Style
from trueweight.fleet.thinking import ThoughtForm

_STOPS: Final = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
_ERRORS: Final = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class MessagesServed(ServedApi):
    """See `ServedApi`."""

    name = "messages"
    path = "/v1/messages"

    def has_key(self, headers: Mapping[str, str], key: str) -> bool:
        return headers.get("x-api-key") == key or super().has_key(headers, key)

    def chat_body(self, body: Any) -> Any:
        if not isinstance(body, Mapping):
            raise RefusedError("The request body must be a JSON object.")
        limit = body.get("max_tokens")
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
            refuse("max_tokens", "a positive integer is required.")
        return _chat_body(body) | {"max_tokens": limit}

    def messages_of(self, request: Mapping[str, Any]) -> list[Any]:
        return [_with_thought(message) for message in request["messages"]]

    def plain(self, chat: ChatRequest, completion: Completion, style: Style, head: render.Head) -> JsonObject:
        choice = completion.choices[0]
        blocks = [*_thought(choice, style), *_text(choice), *_calls(choice)]
        out = _message(head, style) | {"content": blocks} | _stop(choice, style)
        return _ordered(out | {"usage": _usage(chat, completion, style)}, style)

    def chunks(self, chat: ChatRequest, completion: Completion, style: Style, head: render.Head) -> list[JsonObject]:
        choice = completion.choices[0]
        start = _message(head, style) | {"content": [], "stop_reason": None, "stop_sequence": None}
        usage = _usage(chat, completion, style)
        blocks = (
            [(block, "thinking_delta", "thinking", choice.reasoning or "") for block in _thought(choice, style)]
            + [(block, "text_delta", "text", choice.content or "") for block in _text(choice)]
            + [(_start_of(call), "input_json_delta", "partial_json", call.arguments) for call in choice.calls]
        )
        inner = [event for at, (block, *how) in enumerate(blocks) for event in _block(at, block, (*how,), style)]
        last = {"type": "message_delta", "delta": _stop(choice, style)}
        delta_usage = usage if style.usage_everywhere_null else {"output_tokens": usage["output_tokens"]}
        return [
            {"type": "message_start", "message": _ordered(start | {"usage": usage | {"output_tokens": 1}}, style)},
            *([] if style.terse else [{"type": "ping"}]),
            *inner,
            last | {"usage": delta_usage},
            {"type": "message_stop"},
        ]

    def frames(self, chunks: list[JsonObject], style: Style) -> list[bytes]:
        end = style.newline
        other = "".join(f"{line}{end}" for line in style.event_lines if not line.startswith("event:"))
        return render.event_frames(chunks, style, lambda event: f"event: {event['type']}{end}{other}")

    def refusal(self, refused: RefusedError) -> ResponseScript:
        kind = _ERRORS.get(refused.status, "api_error" if refused.status >= 500 else "invalid_request_error")
        error = {"type": kind, "message": refused.message}
        return json_response({"type": "error", "error": error, "request_id": "req_fleet"}, status=refused.status)


class CountTokensServed(MessagesServed):
    """The tokens of the prompt of a request, as its reply would report them."""

    name = "count-tokens"
    path = "/v1/messages/count_tokens"

    def chat_body(self, body: Any) -> Any:
        if not isinstance(body, Mapping):
            raise RefusedError("The request body must be a JSON object.")
        return _chat_body(body) | {"max_tokens": 1, "stream": False}

    def plain(self, chat: ChatRequest, completion: Completion, style: Style, head: render.Head) -> JsonObject:  # noqa: ARG002 - as declared
        return {"input_tokens": completion.prompt_tokens}


def _chat_body(body: Mapping[str, Any]) -> JsonObject:
    kept = {name: body[name] for name in body if name not in _READ}
    return kept | chat_settings(body) | chat_tools(body) | {"messages": chat_messages(body)}


_READ: Final = frozenset(
    {"max_tokens", "messages", "output_config", "stop_sequences", "system", "tool_choice", "tools"}
)


def _with_thought(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """A message of a case with its signed thought as the text that the model reads."""
    texts = [part["text"] for part in message.get("reasoning_details") or () if "text" in part]
    return {**message, "reasoning_content": "".join(texts)} if texts else message


def _message(head: render.Head, style: Style) -> JsonObject:
    name = "msg_" + head.id.rpartition("-")[2]
    return {"id": name, "type": "message", "role": "assistant", "model": head.model, **style.extra}


def _ordered(body: JsonObject, style: Style) -> JsonObject:
    return dict(reversed(body.items())) if style.reverse_keys else body


def _stop(choice: CompletionChoice, style: Style) -> JsonObject:
    if choice.stopped_at is not None and choice.finish_reason == "stop":
        return {"stop_reason": "stop_sequence", "stop_sequence": choice.stopped_at}
    reason = _STOPS.get(choice.finish_reason or "", choice.finish_reason)
    return {"stop_reason": reason} | ({} if style.terse else {"stop_sequence": None})


def _usage(chat: ChatRequest, completion: Completion, style: Style) -> JsonObject:
    cached = render.cached(chat, completion, style)
    counts: JsonObject = {"input_tokens": completion.prompt_tokens - cached}
    counts |= {} if style.terse else {"cache_creation_input_tokens": 0, "cache_read_input_tokens": cached}
    counts["output_tokens"] = completion.completion_tokens
    thought = completion.reasoning_tokens if style.counts_thoughts else None
    return counts | ({} if thought is None else {"output_tokens_details": {"thinking_tokens": thought}})


def _signature(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")[:48][::-1]).decode("ascii")


def _thought(choice: CompletionChoice, style: Style) -> Iterator[JsonObject]:
    if choice.reasoning and style.thought is ThoughtForm.ENCRYPTED:
        yield {"type": "redacted_thinking", "data": _signature(choice.reasoning)}
    elif choice.reasoning:
        yield {"type": "thinking", "thinking": choice.reasoning, "signature": _signature(choice.reasoning)}


def _text(choice: CompletionChoice) -> Iterator[JsonObject]:
    if choice.content:
        yield {"type": "text", "text": choice.content}


def _calls(choice: CompletionChoice) -> Iterator[JsonObject]:
    """The calls of a plain message; one that the limit of tokens cut has no input that could be written."""
    for call in choice.calls:
        try:
            given = json.loads(call.arguments)
        except ValueError:
            if choice.finish_reason == "length":
                continue
            given = call.arguments
        yield _start_of(call) | {"input": given}


def _start_of(call: CompletionCall) -> JsonObject:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}


def _block(at: int, block: JsonObject, how: tuple[str, ...], style: Style) -> Iterator[JsonObject]:
    """The events of one block: its start without text, its deltas, its stop."""
    delta, field, text = how
    signature = block.get("signature")
    empty = {name: "" for name in (field, "signature") if name in block}
    yield {"type": "content_block_start", "index": at, "content_block": block | empty}
    parts = [] if block["type"] == "redacted_thinking" else [piece.text for piece in render.pieces(text, None, style)]
    if field == "partial_json" and style.whole_calls:
        parts = [text] if text != "{}" else []
    for part in parts:
        yield {"type": "content_block_delta", "index": at, "delta": {"type": delta, field: part}}
    if signature is not None:
        end = {"type": "signature_delta", "signature": signature}
        yield {"type": "content_block_delta", "index": at, "delta": end}
    yield {"type": "content_block_stop", "index": at}
