"""Changes of a written reply that mean the same to a careful client: the edits of the fleet's handwritings.

An edit takes the documents of a reply, the body of a plain one or the chunks of a stream, and returns others. It may
change those that it is given.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trueweight.core.json_value import JsonObject

Documents = list[JsonObject]
Edit = Callable[[Documents], Documents]
_MOST_PIECES = 400
"""Letters of a text that become pieces; the rest stays whole."""


def choices_of(documents: Documents) -> Iterator[JsonObject]:
    """Every choice of every document, in order."""
    for document in documents:
        yield from document["choices"]


def message_of(choice: JsonObject) -> JsonObject:
    """The message of a choice, or its delta."""
    said: JsonObject = choice["message"] if "message" in choice else choice["delta"]
    return said


def is_stream(documents: Documents) -> bool:
    """Whether the documents are chunks."""
    return any("delta" in choice for choice in choices_of(documents))


def each_document(name: str, value: Any) -> Edit:
    """Set a field of every document."""

    def edit(documents: Documents) -> Documents:
        return [{**document, name: value} for document in documents]

    return edit


def _each_choice(change: Callable[[JsonObject], None]) -> Edit:
    """Change every choice in place."""

    def edit(documents: Documents) -> Documents:
        for choice in choices_of(documents):
            change(choice)
        return documents

    return edit


def each_message(fields: Mapping[str, Any]) -> Edit:
    """Put fields into every message and delta, before its own."""

    def change(choice: JsonObject) -> None:
        choice["message" if "message" in choice else "delta"] = {**fields, **message_of(choice)}

    return _each_choice(change)


def each_delta(fields: Mapping[str, Any]) -> Edit:
    """Put fields into every delta, before its own."""

    def change(choice: JsonObject) -> None:
        if "delta" in choice:
            choice["delta"] = {**fields, **choice["delta"]}

    return _each_choice(change)


def each_usage(converted: Mapping[str, Callable[[Any], Any]]) -> Edit:
    """Convert counts of usage."""

    def edit(documents: Documents) -> Documents:
        for document in documents:
            if document.get("usage"):
                usage = document["usage"]
                document["usage"] = {**usage, **{name: make(usage[name]) for name, make in converted.items()}}
        return documents

    return edit


def logprobs_as(empty: JsonObject) -> Edit:
    """Write these log-probabilities where there are none."""

    def change(choice: JsonObject) -> None:
        if choice.get("logprobs") is None:
            choice["logprobs"] = dict(empty)

    return _each_choice(change)


def content_beside_calls(content: str | None) -> Edit:
    """Write this content beside the calls of a plain body where there is none; None leaves the field out."""

    def change(choice: JsonObject) -> None:
        said = choice.get("message") or {}
        if said.get("tool_calls") and not said.get("content"):
            said.pop("content", None)
            if content is not None:
                said["content"] = content

    return _each_choice(change)


def finish_absent(documents: Documents) -> Documents:
    """Leave the finish reason out where it is null."""
    for choice in choices_of(documents):
        if choice.get("finish_reason") is None:
            choice.pop("finish_reason", None)
    return documents


def empty_after_each(delta: JsonObject) -> Edit:
    """Send a chunk with this delta after each chunk with one, but for the last one of a choice."""

    def edit(documents: Documents) -> Documents:
        if not is_stream(documents):
            return documents
        out: Documents = []
        for document in documents:
            out.append(document)
            if document["choices"] and all(one.get("finish_reason") is None for one in document["choices"]):
                empty = copy.deepcopy(document)
                for one in empty["choices"]:
                    one["delta"] = dict(delta)
                    if "logprobs" in one:
                        one["logprobs"] = None
                out.append(empty)
        return out

    return edit


def merged_last(documents: Documents) -> Documents:
    """Join the last text of a stream of one choice with its finish reason and its usage."""
    if not is_stream(documents) or len({one["index"] for one in choices_of(documents)}) != 1:
        return documents
    last = max(at for at, document in enumerate(documents) if document["choices"])
    finishing, before = documents[last]["choices"][0], documents[last - 1]["choices"]
    if last < 1 or finishing["delta"] or not before:
        return documents
    merged = {**documents[last - 1], "choices": [{**before[0], "finish_reason": finishing["finish_reason"]}]}
    usage = next((one["usage"] for one in documents[last:] if one.get("usage")), None)
    return [*documents[: last - 1], {**merged, "usage": usage} if usage else merged]


def usage_twice(documents: Documents) -> Documents:
    """Write the usage of a stream beside its finish reason as well."""
    if is_stream(documents) and not documents[-1]["choices"]:
        documents[-2]["usage"] = documents[-1]["usage"]
    return documents


def usage_beside(choice: JsonObject) -> Edit:
    """Write the usage of a stream beside this choice, which has no text."""

    def edit(documents: Documents) -> Documents:
        if is_stream(documents) and not documents[-1]["choices"]:
            documents[-1]["choices"] = [copy.deepcopy(choice)]
        return documents

    return edit


def call_index_in_body(documents: Documents) -> Documents:
    """Number the calls of a plain body."""
    if not is_stream(documents):
        for choice in choices_of(documents):
            for at, call in enumerate(message_of(choice).get("tool_calls") or ()):
                call["index"] = at
    return documents


def _fragments(documents: Documents) -> Iterator[JsonObject]:
    for choice in choices_of(documents):
        yield from message_of(choice).get("tool_calls") or ()


def each_fragment(fields: Mapping[str, Any], *, first: bool = False, later: bool = False) -> Edit:
    """Put fields into the fragments of calls: the first ones, the later ones, or all of them."""

    def edit(documents: Documents) -> Documents:
        for part in _fragments(documents):
            begins = bool(part.get("id"))
            if begins if first else not begins if later else True:
                part.update(copy.deepcopy(dict(fields)))
        return documents

    return edit


def calls_counted_from(start: int) -> Edit:
    """Count the calls of a stream from another number than 0."""

    def edit(documents: Documents) -> Documents:
        for part in _fragments(documents):
            if "index" in part:
                part["index"] += start
        return documents

    return edit


def calls_in_one_chunk(documents: Documents) -> Documents:
    """Join the chunks that carry whole calls of one choice."""
    out: Documents = []
    for document in documents:
        calls = _calls_alone(document)
        before = _calls_alone(out[-1]) if out else None
        if calls and before and is_stream(documents) and _indices(document) == _indices(out[-1]):
            before.extend(calls)
        else:
            out.append(document)
    return out


def _calls_alone(document: JsonObject) -> list[JsonObject] | None:
    """The calls of a document with one choice."""
    if len(document["choices"]) != 1:
        return None
    calls: list[JsonObject] | None = message_of(document["choices"][0]).get("tool_calls")
    return calls


def _indices(document: JsonObject) -> list[int]:
    return [one["index"] for one in document["choices"]]


def calls_woven(documents: Documents) -> Documents:
    """Send the fragments of several calls in turns."""
    places = [at for at, one in enumerate(documents) if _is_fragment(one)]
    if not is_stream(documents) or len({one["index"] for one in choices_of(documents)}) != 1:
        return documents
    queues: dict[int, list[JsonObject]] = {}
    for at in places:
        part = message_of(documents[at]["choices"][0])["tool_calls"][0]
        queues.setdefault(part["index"], []).append(documents[at])
    woven = [
        queue[turn]
        for turn in range(max(map(len, queues.values()), default=0))
        for queue in queues.values()
        if turn < len(queue)
    ]
    for at, document in zip(places, woven, strict=True):
        documents[at] = document
    return documents


def _is_fragment(document: JsonObject) -> bool:
    return len(document["choices"]) == 1 and bool(message_of(document["choices"][0]).get("tool_calls"))


def in_letters(documents: Documents) -> Documents:
    """Send each letter of text, and of arguments, in a chunk."""
    if not is_stream(documents):
        return documents
    out: Documents = []
    for document in documents:
        out += _letters(document)
    return out if len(out) <= _MOST_PIECES else documents


def _letters(document: JsonObject) -> Documents:
    if len(document["choices"]) != 1:
        return [document]
    choice = document["choices"][0]
    if choice.get("finish_reason") or choice.get("logprobs"):
        return [document]
    delta = choice["delta"]
    text = delta.get("content")
    if text:
        return [{**document, "choices": [{**choice, "delta": {**delta, "content": letter}}]} for letter in text]
    parts: list[JsonObject] = delta.get("tool_calls") or []
    if len(parts) == 1 and not parts[0].get("id"):
        return [
            {**document, "choices": [{**choice, "delta": {"tool_calls": [_with_arguments(parts[0], letter)]}}]}
            for letter in parts[0]["function"]["arguments"]
        ]
    return [document]


def _with_arguments(part: JsonObject, text: str) -> JsonObject:
    return {**part, "function": {**part["function"], "arguments": text}}


def written_anew(write: Callable[[Any], str]) -> Edit:
    """Write arguments that are JSON in another way: in plain bodies at once, in streams in two fragments."""

    def edit(documents: Documents) -> Documents:
        whole: dict[tuple[int, int], list[JsonObject]] = {}
        for choice in choices_of(documents):
            for place, part in enumerate(message_of(choice).get("tool_calls") or ()):
                whole.setdefault((choice["index"], part.get("index", place)), []).append(part["function"])
        for functions in whole.values():
            _write_anew(functions, write)
        return documents

    return edit


def _write_anew(functions: list[JsonObject], write: Callable[[Any], str]) -> None:
    try:
        value = json.loads("".join(one["arguments"] for one in functions))
    except ValueError:
        return  # max_tokens cut it
    text = write(value)
    for at, one in enumerate(functions):
        start, end = len(text) * at // len(functions), len(text) * (at + 1) // len(functions)
        one["arguments"] = text[start:end]
