"""Arguments that are cut, late, of another type, or wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trueweight.fleet.completion import ChatRequest, Completion, CompletionCall
from trueweight.fleet.faults.arguments import arguments_of, call_parts, each_call, each_text, read_arguments
from trueweight.fleet.faults.documents import Calls, Json
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.template import tools_of


@fault("truncated-call", rows=(4,), checks=("tool-arguments-complete",))
class TruncatedCall(Fault):
    """Generation ends inside a call, and the finish reason does not show it."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Keep two thirds of the arguments."""
        return each_call(
            completion, lambda call: replace(call, arguments=call.arguments[: len(call.arguments) * 2 // 3])
        )


@fault("late-arguments", rows=(19,), checks=("arguments-streamed",))
class LateArguments(Fault):
    """The name of a streamed call arrives early, and all of its arguments in one later chunk."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Hold the arguments back until the last fragment."""
        out = copy.deepcopy(chunks)
        for parts in call_parts(out):
            text = "".join(arguments_of(part) for _, part in parts)
            for _, part in parts[1:-1]:
                part["function"]["arguments"] = ""
            if len(parts) > 1:
                parts[0][1]["function"]["arguments"] = ""
                parts[-1][1]["function"]["arguments"] = text
        empty = {id(part) for parts in call_parts(out) for _, part in parts[1:-1]}
        return [chunk for chunk in out if not any(id(part) in empty for part in _fragments(chunk))]


def _fragments(chunk: Json) -> list[Json]:
    return [part for choice in chunk["choices"] for part in choice["delta"].get("tool_calls") or ()]


@fault("arguments-as-object", checks=("tool-arguments-text",))
class ArgumentsAsObject(Calls):
    """Plain replies carry arguments as a JSON object instead of its text."""

    def call(self, chat: ChatRequest, call: Json) -> None:
        """Omit the JSON encoding."""
        arguments = read_arguments(call["function"]["arguments"])
        if not chat.streamed and arguments is not None:
            call["function"]["arguments"] = arguments


_NO_ARGUMENTS = ("{}", "")


@fault("empty-arguments-null", rows=(13,), checks=("tool-arguments-empty-object",))
class EmptyArgumentsNull(Calls):
    """A call without arguments has ``arguments: null``."""

    def call(self, chat: ChatRequest, call: Json) -> None:
        """Treat an empty object as no arguments."""
        if call["function"].get("arguments") in _NO_ARGUMENTS:
            call["function"]["arguments"] = None


@fault("empty-arguments-absent", rows=(13,), checks=("tool-arguments-empty-object",))
class EmptyArgumentsAbsent(Calls):
    """A call without arguments has no ``arguments`` field."""

    def call(self, chat: ChatRequest, call: Json) -> None:
        """Omit what is empty."""
        if call["function"].get("arguments") in _NO_ARGUMENTS:
            del call["function"]["arguments"]


@fault("named-choice-empty", rows=(29,), checks=("tool-arguments-required",))
class NamedChoiceEmpty(Fault):
    """A call that was forced by name has {} as arguments, although its tool requires some."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Constrain nothing but the name."""
        if not isinstance(chat.body.get("tool_choice"), Mapping):
            return completion
        return each_call(completion, lambda call: replace(call, arguments="{}"))


@fault("schema-ignored", checks=("tool-arguments-schema",))
class SchemaIgnored(Fault):
    """Calls have an argument that their tool's schema forbids."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Add one where nothing may be added."""
        tools = {tool["function"]["name"]: tool["function"].get("parameters") or {} for tool in tools_of(chat.body)}
        return each_call(completion, lambda call: _added(call, tools.get(call.name, {})))


def _added(call: CompletionCall, schema: Mapping[str, Any]) -> CompletionCall:
    arguments = read_arguments(call.arguments)
    if schema.get("additionalProperties") is not False or not isinstance(arguments, dict):
        return call
    return replace(call, arguments=json.dumps({**arguments, "extra_note": "none"}))


@fault("other-arguments", checks=("tool-call-matches",))
class OtherArguments(Fault):
    """Text arguments differ from what the user wrote."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Reverse every text."""
        return each_text(completion, lambda text: text[::-1])


@fault("vanishing-calls", rows=(12,), checks=("reply-not-empty", "stream-same-calls"))
class VanishingCalls(Fault):
    """In streams a call that arrives in one delta is lost. Plain replies are correct."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Remove every call and finish with stop."""
        calls = any(choice.calls for choice in completion.choices)
        return completion.edited(calls=(), finish_reason="stop") if chat.streamed and calls else completion


@fault("text-after-call-dropped", rows=(9,), checks=("text-beside-call",))
class TextAfterCallDropped(Fault):
    """Text beside a call is dropped."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Keep the calls alone."""
        calls = any(choice.calls for choice in completion.choices)
        return completion.edited(content=None) if calls else completion
