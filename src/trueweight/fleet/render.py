"""Completions as the API writes them: one JSON body, or chunks as server-sent events."""

from __future__ import annotations

import codecs
import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from trueweight.core.json_value import JsonObject
from trueweight.fleet import tokenizer
from trueweight.fleet.completion import ChatRequest, Completion, CompletionCall, CompletionChoice
from trueweight.fleet.styles import Style
from trueweight.fleet.thinking import ThoughtForm, thought_fields

_CACHED: Final = 16
"""Tokens of a long prompt that come from the cache, in a style that has one."""


@dataclass(frozen=True, slots=True)
class Head:
    """What all chunks of one reply share. ``created`` is Unix time in seconds."""

    id: str
    created: int
    model: str


class TextPiece(NamedTuple):
    """Text of one delta, and the log-probabilities of its tokens."""

    text: str
    entries: tuple[Mapping[str, Any], ...]


def with_ids(completion: Completion, style: Style, chat: ChatRequest) -> Completion:
    """The answer with an id, in the style's format, for each call that has none. A style that numbers calls goes on
    from those of the conversation."""
    earlier = sum(len(message.get("tool_calls") or ()) for message in chat.body["messages"])
    choices = []
    for choice in completion.choices:
        calls = tuple(
            call
            if call.id
            else CompletionCall(call.name, call.arguments, style.call_id(chat.rng, call.name, earlier + at))
            for at, call in enumerate(choice.calls)
        )
        choices.append(replace(choice, calls=calls) if calls else choice)
    return replace(completion, choices=tuple(choices))


def plain_body(completion: Completion, style: Style, head: Head) -> JsonObject:
    """The ``chat.completion`` object."""
    choices = [_plain_choice(at, choice, style) for at, choice in enumerate(completion.choices)]
    body = _ordered(
        {**_top(head, "chat.completion", style), "choices": choices, "usage": usage(completion, style)}, style
    )
    return _edited([body], style)[0]


def body_bytes(body: JsonObject, style: Style) -> bytes:
    """A plain body as it is sent."""
    text = json.dumps(body, ensure_ascii=style.ascii, indent=style.indent)
    return f"{style.before_body}{text}{style.after_body}".encode("utf-8", "backslashreplace")


def chunks(completion: Completion, style: Style, head: Head, *, include_usage: bool) -> list[JsonObject]:
    """The ``chat.completion.chunk`` objects, in order."""
    top = _top(head, "chat.completion.chunk", style)
    nulls = {"usage": None} if include_usage and style.usage_everywhere_null else {}
    out = [
        _ordered({**top, "choices": [part], **nulls}, style)
        for at, choice in enumerate(completion.choices)
        for part in _chunk_choices(at, choice, style)
    ]
    if include_usage and style.usage_with_finish:
        out[-1]["usage"] = usage(completion, style)
    elif include_usage:
        out.append(_ordered({**top, "choices": [], "usage": usage(completion, style)}, style))
    return _edited(out, style)


def _edited(documents: list[JsonObject], style: Style) -> list[JsonObject]:
    if style.edits:
        documents = copy.deepcopy(documents)
    for edit in style.edits:
        documents = edit(documents)
    return documents


def frames(parts: Sequence[Mapping[str, Any]], style: Style) -> list[bytes]:
    """Chunks as events, ``[DONE]`` at the end; one item is one write."""
    end = style.newline
    head = "".join(f"{line}{end}" for line in style.event_lines)
    last = "".join(f"{line}{end}{end}" for line in style.last_lines)
    done = f"{head}{data_field(style)}[DONE]{end}{end}{last}"
    return [*event_frames(parts, style, lambda _: head), done.encode()]


def event_frames(
    documents: Sequence[Mapping[str, Any]], style: Style, head: Callable[[Mapping[str, Any]], str]
) -> list[bytes]:
    """Documents as events, with the style's comments; ``head`` is the lines of an event before its data."""
    end = style.newline
    out = ["".join(f"{line}{end}{end}" for line in style.first_comment).encode()] if style.first_comment else []
    for at, one in enumerate(documents):
        text = json.dumps(one, ensure_ascii=style.ascii, separators=(", ", ": ") if style.spaced else (",", ":"))
        comment = f": keep-alive{end}{end}" if style.comment_every and at % style.comment_every == 0 else ""
        frame = f"{comment}{head(one)}{data_field(style)}{text}{end}{end}"
        # UTF-8 cannot encode a lone surrogate; inside a JSON string its escape means the same.
        out.append(frame.encode("utf-8", "backslashreplace"))
    return out


def data_field(style: Style) -> str:
    """The name of an event's data, as the style writes it."""
    return "data: " if style.data_space else "data:"


def writes(parts: Sequence[bytes], style: Style) -> list[bytes]:
    """Frames as they are written: one each, or cut wherever the style cuts."""
    size = style.bytes_per_write
    if not size:
        return list(parts)
    whole = b"".join(parts)
    return [whole[at : at + size] for at in range(0, len(whole), size)]


def cached(chat: ChatRequest, completion: Completion, style: Style) -> int:
    """Tokens of a prompt that come from the cache: in a style that has one, those of streams."""
    return min(_CACHED, completion.prompt_tokens - 1) if style.caches and chat.streamed else 0


def usage(completion: Completion, style: Style) -> JsonObject:
    """Token counts; the same for plain and streamed replies."""
    read, written = completion.prompt_tokens, completion.completion_tokens
    counts = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    thought = completion.reasoning_tokens if style.counts_thoughts else None
    details = {} if thought is None else {"completion_tokens_details": {"reasoning_tokens": thought}}
    return {**counts, **style.usage_extra, **details}


def _top(head: Head, kind: str, style: Style) -> JsonObject:
    return {"id": head.id, "object": kind, "created": head.created, "model": head.model, **style.extra}


def _ordered(body: JsonObject, style: Style) -> JsonObject:
    return dict(reversed(body.items())) if style.reverse_keys else body


def _logprobs(entries: Sequence[Mapping[str, Any]] | None) -> JsonObject | None:
    return None if entries is None else {"content": list(entries), "refusal": None}


def _plain_choice(at: int, choice: CompletionChoice, style: Style) -> JsonObject:
    message: JsonObject = {"role": "assistant", "content": choice.content, **style.extra_message}
    if not style.terse:
        message["refusal"] = None
    if choice.reasoning is not None:
        message |= thought_fields(choice.reasoning, style.thought)
    if choice.calls:
        if choice.content is None and not style.content_null:
            message["content"] = ""
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in choice.calls
        ]
    elif style.no_calls is not None:
        message["tool_calls"] = []
    out = {"index": at, "message": message, "finish_reason": choice.finish_reason, **style.extra_choice}
    if choice.logprobs is not None or not style.terse:
        out["logprobs"] = _logprobs(choice.logprobs)
    return out


def _chunk_choices(at: int, choice: CompletionChoice, style: Style) -> Iterator[JsonObject]:
    """Every delta of one choice, the role in the first, the finish reason in the last."""
    deltas: list[tuple[JsonObject, tuple[Mapping[str, Any], ...]]] = []
    if style.role_alone:
        silent = {"content": None if choice.calls else "", **({} if style.terse else {"refusal": None})}
        deltas.append(({"role": "assistant", **silent}, ()))
    if choice.reasoning and style.thought is ThoughtForm.ENCRYPTED:
        deltas.append((thought_fields(choice.reasoning, style.thought), ()))
    elif choice.reasoning:
        deltas += [(thought_fields(piece.text, style.thought), ()) for piece in pieces(choice.reasoning, None, style)]
    for piece in pieces(choice.content or "", choice.logprobs, style):
        deltas.append(({"content": piece.text}, piece.entries))
    for index, call in enumerate(choice.calls):
        deltas.extend(({"tool_calls": [part]}, ()) for part in _call_parts(index, call, style))
    if style.finish_alone or not deltas:
        deltas.append(({}, ()))
    if not style.role_alone:
        deltas[0] = ({"role": "assistant", **deltas[0][0]}, deltas[0][1])
    for number, (delta, entries) in enumerate(deltas, start=1):
        out = {"index": at, "delta": {**style.extra_message, **delta}, **style.extra_choice}
        if entries or not style.terse:
            out["logprobs"] = _logprobs(entries) if entries else None
        out["finish_reason"] = choice.finish_reason if number == len(deltas) else None
        yield out


def _call_parts(index: int, call: CompletionCall, style: Style) -> Iterator[JsonObject]:
    head = {"index": index, "id": call.id, "type": "function"}
    if style.whole_calls:
        yield {**head, "function": {"name": call.name, "arguments": call.arguments}}
        return
    yield {**head, "function": {"name": call.name, "arguments": ""}}
    for piece in pieces(call.arguments, None, style):
        yield {"index": index, "function": {"arguments": piece.text}}


def pieces(text: str, entries: Sequence[Mapping[str, Any]] | None, style: Style) -> Iterator[TextPiece]:
    """Text in deltas of so many tokens; a code point is never split, but waits for its last byte."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogatepass")
    raw = [bytes(entry["bytes"]) for entry in entries or ()]
    # Text that no entry covers (no log-probabilities requested, or a stop sequence cut a token) is tokenized again.
    covered = b"".join(raw).decode("utf-8", "ignore")
    rest = [tokenizer.token_bytes(token) for token in tokenizer.encode(text[len(covered) :])]
    held: list[Mapping[str, Any]] = []
    shown, tokens = "", 0
    for at, data in enumerate([*raw, *rest]):
        shown += decoder.decode(data)
        tokens += 1
        if entries is not None and at < len(entries):
            held.append(entries[at])
        if tokens >= style.tokens_per_chunk and shown:
            yield TextPiece(shown, tuple(held))
            held, shown, tokens = [], "", 0
    if shown or held:
        yield TextPiece(shown, tuple(held))
