"""Habits of hosts and gateways: what they write beside the fields of the API, as an honest server may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trueweight.core.json_value import JsonObject
from trueweight.fleet.rewriting import Documents, choices_of, is_stream, message_of

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


def native_reasons(documents: Documents) -> Documents:
    """Write the finish reason of the host behind a gateway beside that of the API."""
    for choice in choices_of(documents):
        choice["native_finish_reason"] = choice.get("finish_reason")
    return documents


def message_beside_delta(documents: Documents) -> Documents:
    """Write all text so far as a message beside each delta."""
    so_far: dict[int, str] = {}
    for choice in choices_of(documents):
        if "delta" in choice:
            at = choice["index"]
            so_far[at] = so_far.get(at, "") + (choice["delta"].get("content") or "")
            choice["message"] = {"role": "assistant", "content": so_far[at]}
    return documents


def empty_fields_absent(documents: Documents) -> Documents:
    """Leave out the empty content of a first delta, and the empty arguments beside a call's name."""
    for choice in choices_of(documents):
        delta = choice.get("delta") or {}
        if delta.get("content") == "":
            del delta["content"]
        for call in delta.get("tool_calls") or ():
            if call["function"].get("name") and call["function"].get("arguments") == "":
                del call["function"]["arguments"]
    return documents


def bytes_null(documents: Documents) -> Documents:
    """Write null for the bytes of tokens in ASCII."""
    for choice in choices_of(documents):
        for entry in (choice.get("logprobs") or {}).get("content") or ():
            for token in (entry, *entry["top_logprobs"]):
                if all(byte < 128 for byte in token["bytes"]):
                    token["bytes"] = None
    return documents


def choices_together(documents: Documents) -> Documents:
    """Send the deltas of several choices in one chunk, the last choice first."""
    out: Documents = []
    for document in documents:
        taken = {choice["index"] for choice in out[-1]["choices"]} if out else set()
        if taken and document["choices"] and not taken & {choice["index"] for choice in document["choices"]}:
            out[-1]["choices"] = [*document["choices"], *out[-1]["choices"]]
        else:
            out.append(document)
    return out


def thought_in_both_fields(documents: Documents) -> Documents:
    """Write the thought under both names that clients know."""
    for choice in choices_of(documents):
        said = message_of(choice)
        if "reasoning_content" in said:
            said["reasoning"] = said["reasoning_content"]
    return documents


def lines_before_text(documents: Documents) -> Documents:
    """Begin the text of each choice with two line breaks, as a model does behind its thought."""
    begun: set[int] = set()
    for choice in choices_of(documents):
        said = message_of(choice)
        if said.get("content") and choice["index"] not in begun and not choice.get("logprobs"):
            begun.add(choice["index"])
            said["content"] = f"\n\n{said['content']}"
    return documents


def call_id_everywhere(documents: Documents) -> Documents:
    """Write the id of a call into each fragment of it."""
    ids: dict[tuple[int, int], str] = {}
    for choice in choices_of(documents):
        for part in message_of(choice).get("tool_calls") or ():
            place = choice["index"], part.get("index", 0)
            part["id"] = ids.setdefault(place, part["id"]) if part.get("id") else ids.get(place)
    return documents


def text_beside_finish(documents: Documents) -> Documents:
    """Write a role and an empty text into the delta that comes with the finish reason."""
    for choice in choices_of(documents):
        if "delta" in choice and choice.get("finish_reason"):
            choice["delta"] = {"role": "assistant", "content": "", **choice["delta"]}
    return documents
