"""Fields with values that the API does not have, or that change in a stream."""

from __future__ import annotations

from trueweight.fleet.completion import ChatRequest
from trueweight.fleet.faults.documents import Choices, Documents, Json, Messages
from trueweight.fleet.faults.fault import Fault, fault


@fault("created-in-milliseconds", checks=("created-in-seconds",), reports=("xinfer#129",))
class CreatedInMilliseconds(Documents):
    """The time of creation is in milliseconds."""

    def document(self, chat: ChatRequest, document: Json) -> None:
        """Multiply by a thousand."""
        document["created"] = 1_700_000_000_123


@fault("created-moves", checks=("stream-created-once",), reports=("sglang#39864",))
class CreatedMoves(Fault):
    """Each chunk of a stream has the time of that chunk."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Take the time again."""
        return [{**chunk, "created": 1_700_000_000 + at} for at, chunk in enumerate(chunks)]


@fault("role-empty", checks=("role-known",), reports=("opencode#28427",))
class RoleEmpty(Messages):
    """The role is an empty text."""

    def message(self, chat: ChatRequest, message: Json) -> None:
        """Write the field without its value."""
        message["role"] = ""


@fault("role-of-model", checks=("role-known",))
class RoleOfModel(Messages):
    """The role is model, as another API has it."""

    def message(self, chat: ChatRequest, message: Json) -> None:
        """Pass the engine's role through."""
        if "role" in message:
            message["role"] = "model"


@fault("role-absent", checks=("role-known",))
class RoleAbsent(Messages):
    """Messages have no role."""

    def message(self, chat: ChatRequest, message: Json) -> None:
        """Leave it out."""
        message.pop("role", None)


@fault("delta-null", checks=("delta-object",), reports=("agent-framework#5734",))
class DeltaNull(Fault):
    """The chunk with the finish reason has ``delta: null``."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Write null for an empty delta."""
        return [
            {**chunk, "choices": [{**one, "delta": one["delta"] or None} for one in chunk["choices"]]}
            for chunk in chunks
        ]


@fault("service-tier-blank", checks=("optional-fields",))
class ServiceTierBlank(Documents):
    """The service tier is an empty text."""

    def document(self, chat: ChatRequest, document: Json) -> None:
        """Write the field without its value."""
        document["service_tier"] = ""


@fault("fingerprint-changes", checks=("stream-one-response",))
class FingerprintChanges(Fault):
    """The fingerprint changes in the middle of a stream."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Let two workers write one stream."""
        return [{**chunk, "system_fingerprint": f"fp_{at % 2}"} for at, chunk in enumerate(chunks)]


@fault("model-changes", checks=("stream-one-response",))
class ModelChanges(Fault):
    """The model's name changes in the middle of a stream."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Name the internal deployment in all chunks but the first."""
        return [{**chunk, "model": "deployment-7"} if at else chunk for at, chunk in enumerate(chunks)]


@fault("choices-one-index", checks=("choice-index-unique",))
class ChoicesOneIndex(Choices):
    """All choices have the index 0."""

    def choice(self, chat: ChatRequest, choice: Json) -> None:
        """Write it as a constant."""
        choice["index"] = 0


@fault("choice-index-counts-chunks", checks=("choice-index-range",), reports=("foundry-local#144",))
class ChoiceIndexCountsChunks(Fault):
    """The index of a choice counts the chunks of the stream."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Number the chunks."""
        return [
            {**chunk, "choices": [{**one, "index": at} for one in chunk["choices"]]} for at, chunk in enumerate(chunks)
        ]
