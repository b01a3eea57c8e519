"""Calls with a wrong or missing name, id, type or index."""

from __future__ import annotations

import copy
from dataclasses import replace

from trueweight.fleet.completion import ChatRequest, Completion
from trueweight.fleet.faults.arguments import call_parts, each_call
from trueweight.fleet.faults.documents import Calls, Json, StreamedCalls
from trueweight.fleet.faults.fault import Fault, fault


@fault("control-tokens-in-name", rows=(3,), checks=("tool-name-clean",))
class ControlTokensInName(Fault):
    """The name of a call ends in the model's control token."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Cut one token too late."""
        return each_call(completion, lambda call: replace(call, name=f"{call.name}<|tool_call_argument_begin|>"))


@fault("invented-tool", rows=(5,), checks=("tool-name-declared",))
class InventedTool(Fault):
    """Calls name a tool that the request does not declare."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Make up a name."""
        return each_call(completion, lambda call: replace(call, name=f"{call.name}_v2"))


@fault("no-name", checks=("tool-name-present",))
class NoName(Calls):
    """Calls have no name."""

    def call(self, chat: ChatRequest, call: Json) -> None:
        """Leave it out."""
        call["function"].pop("name", None)


@fault("no-id-streamed", rows=(17,), checks=("call-id-present",))
class NoIdStreamed(StreamedCalls):
    """Streamed calls have no id. Plain replies are correct."""

    def call(self, chat: ChatRequest, call: Json) -> None:
        """Leave it out."""
        call.pop("id", None)


@fault("same-id", checks=("call-id-unique",))
class SameId(Fault):
    """All calls of a reply share one id."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Make the id of the reply."""
        several = any(len(choice.calls) > 1 for choice in completion.choices)
        return each_call(completion, lambda call: replace(call, id="call_0")) if several else completion


@fault("own-call-type", checks=("call-type",))
class OwnCallType(Calls):
    """The type of a call is tool."""

    def call(self, chat: ChatRequest, call: Json) -> None:
        """Write ``tool`` instead of ``function``."""
        if "type" in call:
            call["type"] = "tool"


@fault("shared-index", rows=(15,), checks=("tool-index-unique",))
class SharedIndex(StreamedCalls):
    """Parallel streamed calls all have index 0."""

    def call(self, chat: ChatRequest, call: Json) -> None:
        """Do not count the calls."""
        call["index"] = 0


@fault("no-index", rows=(16,), checks=("tool-index-present",))
class NoIndex(StreamedCalls):
    """Streamed fragments of calls have no index."""

    def call(self, chat: ChatRequest, call: Json) -> None:
        """Leave it out."""
        call.pop("index", None)


@fault("nulls-in-fragments", rows=(18,), checks=("tool-fragment-nulls",))
class NullsInFragments(StreamedCalls):
    """Continuing fragments have null for id, type and name."""

    def call(self, chat: ChatRequest, call: Json) -> None:
        """Write every field of the schema."""
        call.setdefault("id", None)
        call.setdefault("type", None)
        call["function"].setdefault("name", None)


@fault("name-in-every-fragment", checks=("tool-fragment-names",))
class NameInEveryFragment(StreamedCalls):
    """Every fragment of a call repeats its name."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Remember the name of each index."""
        names: dict[int, str] = {}
        out = super().chunks(chat, chunks)
        for chunk in out:
            for choice in chunk["choices"]:
                for part in choice["delta"].get("tool_calls") or ():
                    name = part["function"].get("name") or names.get(part["index"], "")
                    names[part["index"]] = part["function"]["name"] = name
        return out


@fault("name-null-later", checks=("tool-fragment-names",), reports=("litellm#12513",))
class NameNullLater(StreamedCalls):
    """Fragments that continue a call have the name null, as text."""

    def call(self, chat: ChatRequest, call: Json) -> None:
        """Write null in quotes, and no id."""
        if not call["function"].get("name"):
            call["function"]["name"], call["id"] = "null", ""


@fault("name-late", checks=("tool-fragment-names",), reports=("opencode#24137",))
class NameLate(Fault):
    """The name of a streamed call comes after the beginning of its arguments."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Move each name into the last fragment of its call."""
        chunks = copy.deepcopy(chunks)
        names: dict[tuple[int, int], str] = {}
        last: dict[tuple[int, int], Json] = {}
        for choice in (choice for chunk in chunks for choice in chunk["choices"]):
            for call in choice["delta"].get("tool_calls") or ():
                place = choice["index"], call["index"]
                last[place] = call["function"]
                if call["function"].get("name"):
                    names[place] = call["function"].pop("name")
        for place, function in last.items():
            function["name"] = names[place]
        return chunks


@fault("id-changes", checks=("call-id-constant",))
class IdChanges(StreamedCalls):
    """Each fragment of a streamed call has a new id."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Make the id for each event."""
        out = super().chunks(chat, chunks)
        for at, parts in enumerate(call_parts(out)):
            for number, (_, part) in enumerate(parts):
                part["id"] = f"call_{at}_{number}"
        return out


@fault("call-ids-restart", checks=("call-id-new",), reports=("Switchyard#502",))
class CallIdsRestart(Fault):
    """The ids of calls count from 0 in each reply."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Number them without a look at the history."""
        return completion.each(
            lambda choice: replace(
                choice, calls=tuple(replace(call, id=f"call_{at}") for at, call in enumerate(choice.calls))
            )
        )


@fault("id-of-earlier-turn", checks=("call-id-new",), reports=("fireconnect#16",))
class IdOfEarlierTurn(Fault):
    """Calls have the ids of an earlier turn again."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Take the first id of the history."""
        earlier = [call for message in chat.body["messages"] for call in message.get("tool_calls") or ()]
        return each_call(completion, lambda call: replace(call, id=earlier[0]["id"])) if earlier else completion
