"""Responses that do not have the API's shape."""

from __future__ import annotations

import copy

from trueweight.fleet.completion import ChatRequest
from trueweight.fleet.faults.documents import Choices, Documents, Json, Messages
from trueweight.fleet.faults.fault import Fault, fault


@fault("content-as-parts", checks=("response-shape", "chunk-shape"))
class ContentAsParts(Messages):
    """Content comes as a list of parts instead of a text."""

    def message(self, chat: ChatRequest, message: Json) -> None:
        """Wrap it."""
        if isinstance(message.get("content"), str):
            message["content"] = [{"type": "text", "text": message["content"]}]


@fault("empty-chunks", checks=("choices-not-empty",))
class EmptyChunks(Fault):
    """A stream begins with a chunk without choices."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Add a chunk before the first."""
        return [{**chunks[0], "choices": []}, *chunks]


@fault("no-choice-index", checks=("choice-index",))
class NoChoiceIndex(Choices):
    """Choices have no index."""

    def choice(self, chat: ChatRequest, choice: Json) -> None:
        """Leave it out."""
        del choice["index"]


@fault("wrong-object", checks=("response-fields",))
class WrongObject(Documents):
    """The object type of every response is text_completion."""

    def document(self, chat: ChatRequest, document: Json) -> None:
        """Write another object type."""
        document["object"] = "text_completion"


@fault("wrong-object-in-chunks", checks=("response-fields",), reports=("mini-sglang#126",))
class WrongObjectInChunks(Fault):
    """The object type of each chunk is text_completion.chunk."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Copy what the legacy completions API is thought to have."""
        return [{**chunk, "object": "text_completion.chunk"} for chunk in chunks]


@fault("new-id-each-chunk", checks=("stream-one-response",))
class NewIdEachChunk(Fault):
    """Each chunk of a stream has a different id."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Number them."""
        return [{**chunk, "id": f"{chunk['id']}-{at}"} for at, chunk in enumerate(chunks)]


@fault("legacy-function-call", checks=("no-legacy-function-call",), reports=("opencode#25971",))
class LegacyFunctionCall(Messages):
    """Calls come as the legacy function_call."""

    def choice(self, chat: ChatRequest, choice: Json) -> None:
        """Name them in the finish reason as well."""
        super().choice(chat, choice)
        if choice.get("finish_reason") == "tool_calls":
            choice["finish_reason"] = "function_call"

    def message(self, chat: ChatRequest, message: Json) -> None:
        """Move the first call there."""
        calls = message.pop("tool_calls", None)
        if calls:
            message["function_call"] = copy.deepcopy(calls[0].get("function"))
