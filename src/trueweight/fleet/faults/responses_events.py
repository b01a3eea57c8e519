"""Streams of Responses whose events lack something, are out of order, or do not join."""

from __future__ import annotations

import copy
import json

from trueweight.core import FailureKind
from trueweight.fleet.completion import ChatRequest
from trueweight.fleet.faults.documents import Json
from trueweight.fleet.faults.fault import Fault, fault

_API = "responses"
_ITEM = "response.output_item."


def _numbered(events: list[Json]) -> list[Json]:
    return [{**event, "sequence_number": at} for at, event in enumerate(events)]


def _without(events: list[Json], *names: str) -> list[Json]:
    return [{key: value for key, value in event.items() if key not in names} for event in events]


@fault("responses-no-sequence", api=_API, checks=("responses-sequence",))
class NoSequence(Fault):
    """Events have no sequence_number."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Leave it out."""
        return _without(chunks, "sequence_number")


@fault("responses-sequence-restarts", api=_API, checks=("responses-sequence",))
class SequenceRestarts(Fault):
    """The last event begins to count again."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Count partial and final events apart."""
        return [*chunks[:-1], {**chunks[-1], "sequence_number": 0}]


@fault("responses-no-type", api=_API, checks=("responses-event-type",))
class NoType(Fault):
    """Deltas have no type; only the name of the event says what they are."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Leave it out."""
        return [_without([one], "type")[0] if "delta" in one else one for one in chunks]


@fault("responses-no-created", api=_API, checks=("responses-first-event",))
class NoCreated(Fault):
    """A stream begins with its first item."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Leave out the events before it."""
        return _numbered(chunks[2:])


@fault("responses-completed-though-cut", api=_API, checks=("responses-last-event",))
class CompletedThoughCut(Fault):
    """A stream that a limit cut ends with response.completed, which has an incomplete response."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Always send the same last event."""
        return [*chunks[:-1], {**chunks[-1], "type": "response.completed"}]


@fault("responses-never-ends", api=_API, checks=("responses-last-event", "stream-complete"))
class NeverEnds(Fault):
    """A stream stops after its last item, without response.completed."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Leave out the last event."""
        return chunks[:-1]


@fault("responses-other-id-at-end", api=_API, checks=("responses-one-response",))
class OtherIdAtEnd(Fault):
    """The last event has another id than the first."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Make a new id."""
        last = chunks[-1]
        return [*chunks[:-1], {**last, "response": {**last["response"], "id": "resp_final"}}]


@fault("responses-no-index", api=_API, checks=("responses-event-place",))
class ResponsesNoIndex(Fault):
    """Events have no output_index."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Leave it out."""
        return _without(chunks, "output_index")


@fault("responses-no-content-index", api=_API, checks=("responses-event-place",))
class NoContentIndex(Fault):
    """Events about content have no content_index."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Leave it out."""
        return _without(chunks, "content_index")


@fault("responses-index-zero", api=_API, checks=("responses-event-place",))
class IndexZero(Fault):
    """All items have output_index 0."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Do not count the items."""
        return [{**one, "output_index": 0} if "output_index" in one else one for one in chunks]


@fault("responses-item-ids-change", api=_API, checks=("responses-event-place",))
class ItemIdsChange(Fault):
    """Deltas name another item_id than the one that was added."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Make an id for each event."""
        return [{**one, "item_id": f"item_{at}"} if "delta" in one else one for at, one in enumerate(chunks)]


@fault("responses-text-not-done", api=_API, checks=("responses-text-done",))
class TextNotDone(Fault):
    """The text of a message has no done event."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Leave it out."""
        return _numbered([one for one in chunks if one.get("type") != "response.output_text.done"])


@fault("responses-no-parts", api=_API, checks=("responses-parts",))
class NoParts(Fault):
    """The content of a message has no beginning and no end: only deltas and the whole text."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Leave out the events of parts."""
        return _numbered([one for one in chunks if not str(one.get("type")).startswith("response.content_part.")])


@fault("responses-item-not-added", api=_API, checks=("responses-event-order",))
class ItemNotAdded(Fault):
    """Deltas come before any item was added."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Leave out the beginnings of items."""
        return _numbered([one for one in chunks if one.get("type") != f"{_ITEM}added"])


@fault("responses-delta-lost", api=_API, checks=("responses-deltas-join",))
class DeltaLost(Fault):
    """The last delta of each text and each call is missing; the final text has it."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Flush too late."""
        lost = {at for at, one in enumerate(chunks[:-1]) if "delta" in one and "delta" not in chunks[at + 1]}
        return _numbered([one for at, one in enumerate(chunks) if at not in lost])


@fault("responses-no-deltas", api=_API, checks=("responses-deltas",))
class NoDeltas(Fault):
    """A text comes whole, at the end of its item."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Leave out its deltas."""
        return _numbered([one for one in chunks if one.get("type") != "response.output_text.delta"])


@fault("responses-items-unstreamed", api=_API, checks=("responses-final-output",))
class ItemsUnstreamed(Fault):
    """A stream has its first events and its last one, with the whole response, and nothing between them."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Leave out all events of items."""
        return _numbered([one for one in chunks if "response" in one])


@fault("responses-final-empty", api=_API, checks=("responses-final-output",))
class FinalEmpty(Fault):
    """The response in the last event has no output."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Forget the items."""
        last = chunks[-1]
        return [*chunks[:-1], {**last, "response": {**last["response"], "output": []}}]


@fault("responses-calls-unstreamed", api=_API, checks=("responses-final-output", "tool-call-matches"))
class CallsUnstreamed(Fault):
    """Calls are only in the last event; no event of their items was sent."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Leave out the events of calls."""
        calls = {one["output_index"] for one in chunks if "item" in one and one["item"].get("type") == "function_call"}
        if all(one.get("output_index") is None or one["output_index"] in calls for one in chunks):
            return chunks
        return _numbered([one for one in chunks if one.get("output_index") not in calls])


@fault("responses-no-call-id", api=_API, checks=("call-id-present",))
class ResponsesNoCallId(Fault):
    """Calls have an id and no call_id."""

    def body(self, chat: ChatRequest, body: Json) -> Json:
        """Leave it out."""
        return {**body, "output": [_without([item], "call_id")[0] for item in body["output"]]}

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Leave it out everywhere."""
        out = copy.deepcopy(chunks)
        for one in out:
            for item in (one.get("item") or {}, *(one.get("response") or {}).get("output", ())):
                item.pop("call_id", None)
        return out


@fault("responses-call-id-changes", api=_API, checks=("responses-call-constant",))
class CallIdChanges(Fault):
    """A call is done, and stands in the last event, under another call_id than it was added."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Make an id when the call begins and another one when it is complete."""
        out = copy.deepcopy(chunks)
        for one in out:
            if one.get("type") == f"{_ITEM}added" and "call_id" in one["item"]:
                one["item"]["call_id"] += "_begun"
        return out


@fault("responses-item-ids-new-at-end", api=_API, checks=("responses-item-constant",))
class ItemIdsNewAtEnd(Fault):
    """The items of the last event have other ids than in the events before."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Make the items again for the last event."""
        last = copy.deepcopy(chunks[-1])
        for item in last["response"]["output"]:
            item["id"] += "_again"
        return [*chunks[:-1], last]


@fault(
    "responses-error-without-type",
    api=_API,
    checks=("responses-error-event", "error-in-stream"),
    failures=(FailureKind.ERROR_IN_BODY,),
)
class ErrorWithoutType(Fault):
    """The engine fails in the middle of a stream, and sends an error in the shape of chat completions."""

    def frames(self, chat: ChatRequest, frames: list[bytes]) -> list[bytes]:
        """Send the error after half of the events, and end."""
        error: Json = {"error": {"message": "Worker died.", "type": "server_error", "code": 500}}
        return [*frames[: len(frames) // 2], f"data: {json.dumps(error)}\n\n".encode()]
