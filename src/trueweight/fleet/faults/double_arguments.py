"""Streams have the arguments of a call twice, or an empty object before them."""

from __future__ import annotations

import copy

from trueweight.core.json_value import JsonObject
from trueweight.fleet.completion import ChatRequest
from trueweight.fleet.faults.arguments import arguments_of, call_parts
from trueweight.fleet.faults.documents import Json, StreamedCalls
from trueweight.fleet.faults.fault import Fault, fault


@fault("double-arguments", rows=(10,), checks=("tool-arguments-once",))
class DoubleArguments(Fault):
    """Streamed arguments arrive twice: ``{…}{…}``. Plain replies are correct."""

    def chunks(self, chat: ChatRequest, chunks: list[JsonObject]) -> list[JsonObject]:
        """After the last fragment of each call, send all of its arguments once more."""
        out = list(chunks)
        for parts in reversed(call_parts(chunks)):
            at, _ = parts[-1]
            again = copy.deepcopy(chunks[at])
            (choice,) = again["choices"]
            choice["finish_reason"] = None
            (part,) = choice["delta"]["tool_calls"]
            text = "".join(arguments_of(fragment) for _, fragment in parts)
            choice["delta"] = {"tool_calls": [{"index": part["index"], "function": {"arguments": text}}]}
            if out[at]["choices"][0]["finish_reason"] is None:
                out.insert(at + 1, again)
            else:
                out.insert(at, again)
        return out


@fault("braces-before-arguments", rows=(11,), checks=("tool-arguments-json",), reports=("litellm#4537",))
class BracesBeforeArguments(StreamedCalls):
    """Streamed arguments begin with {}, before their own."""

    def call(self, chat: ChatRequest, call: Json) -> None:
        """Send the empty input with which the backend's API starts a call."""
        if call["function"].get("name"):
            call["function"]["arguments"] = "{}" + call["function"]["arguments"]


@fault("bracket-before-arguments", rows=(11,), checks=("tool-arguments-json",), reports=("vllm#51697",))
class BracketBeforeArguments(StreamedCalls):
    """Streamed arguments come whole after a bracket that was sent ahead."""

    def call(self, chat: ChatRequest, call: Json) -> None:
        """Send the bracket with the name."""
        if call["function"].get("name"):
            call["function"]["arguments"] = "{" + call["function"]["arguments"]
