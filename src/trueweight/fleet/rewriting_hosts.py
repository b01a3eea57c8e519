"""Habits of hosts and gateways: what they write beside the fields of the API, as an honest server may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trueweight.core.json_value import JsonObject
from trueweight.fleet.rewriting import Documents, choices_of, is_stream

_SAFE: Final[Mapping[str, Any]] = {
    "hate": {"filtered": False, "severity": "safe"},
    "violence": {"filtered": False, "severity": "safe"},
}
_UNNAMED: Final[JsonObject] = {"id": "", "object": "", "created": 0, "model": ""}
"""Top of a chunk that a filter writes: it has the field names, without values."""


def filter_notes(documents: Documents) -> Documents:
    """Say what a content filter found of the prompt, in a stream before all else, and of each choice."""
    note = [{"prompt_index": 0, "content_filter_results": _SAFE}]
    for choice in choices_of(documents):
        choice["content_filter_results"] = _SAFE
    if is_stream(documents):
        return [{**_UNNAMED, "choices": [], "prompt_filter_results": note}, *documents]
    return [{**document, "prompt_filter_results": note} for document in documents]


def filter_notes_late(documents: Documents) -> Documents:
    """Say in chunks without a delta what a content filter found of the text so far."""
    documents = filter_notes(documents)
    if not is_stream(documents):
        return documents
    where = {"check_offset": 44, "start_offset": 44, "end_offset": 198}
    choice = {"index": 0, "finish_reason": None, "content_filter_results": _SAFE, "content_filter_offsets": where}
    return [*documents[:2], {**_UNNAMED, "choices": [choice], "usage": None}, *documents[2:]]


def text_beside_delta(documents: Documents) -> Documents:
    """Write each delta's text beside it too, with the id of its token, and an empty prompt."""
    for document in documents:
        document["prompt"] = []
        for choice in document["choices"]:
            choice["seed"] = 7
            if "delta" in choice:
                content = choice["delta"].get("content") or ""
                choice["text"] = content
                choice["delta"] = {"token_id": 9, "role": "assistant", **choice["delta"], "content": content}
    return documents


def usage_in_metrics(documents: Documents) -> Documents:
    """Write the usage into a field of the host's own as well, with times."""
    counts: JsonObject = next((document["usage"] for document in reversed(documents) if document.get("usage")), {})
    for at, document in enumerate(documents):
        ends = at == len(documents) - 1 or any(choice.get("finish_reason") for choice in document["choices"])
        if at == 0 or ends:
            document["x_metrics"] = {"id": "req_1", **({"usage": {**counts, "queue_time": 0.1}} if ends else {})}
    return documents


def all_fields_null(documents: Documents) -> Documents:
    """Write every field that a delta may have, null where there is nothing."""
    names = ("content", "role", "function_call", "tool_calls", "refusal", "audio", "reasoning_content")
    for choice in choices_of(documents):
        if "delta" in choice:
            choice["delta"] = {**dict.fromkeys(names), **choice["delta"], "provider_specific_fields": None}
    return documents
