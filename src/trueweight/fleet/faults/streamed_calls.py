"""Calls whose arguments, names or tools change on the way, and streams without their end."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from trueweight.fleet.completion import ChatRequest, Completion, CompletionCall
from trueweight.fleet.faults.arguments import call_parts, each_call, read_arguments
from trueweight.fleet.faults.documents import Choices, Json, StreamedCalls, without
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.template import tools_of

_TOOL_FIELDS = ("tools", "tool_choice", "parallel_tool_calls")


@fault("stream-arguments-empty", rows=(11,), checks=("stream-arguments-whole",), reports=("vllm#31501",))
class StreamArgumentsEmpty(Fault):
    """Streamed calls have {} as arguments. Plain replies are correct."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Parse one token at a time, and get several."""
        return each_call(completion, lambda call: replace(call, arguments="{}")) if chat.streamed else completion


@fault("stream-arguments-null", rows=(11,), checks=("stream-arguments-whole",), reports=("vllm#9693",))
class StreamArgumentsNull(StreamedCalls):
    """Streamed calls have null as arguments. Plain replies are correct."""

    def call(self, chat: ChatRequest, call: Json) -> None:
        """Send the names only."""
        call["function"]["arguments"] = None


@fault("arguments-at-other-index", rows=(15,), checks=("tool-index-unique",), reports=("lmstudio-bug-tracker#1922",))
class ArgumentsAtOtherIndex(Fault):
    """The arguments of all calls of a stream come under the index of the first one."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Count the calls by their names only."""
        chunks = copy.deepcopy(chunks)
        for parts in call_parts(chunks):
            for _, part in parts:
                if not part["function"].get("name"):
                    part["index"] = 0
        return chunks


@fault("stream-tools-lost", rows=(12,), checks=("stream-tools-kept",), reports=("any-llm#1114",))
class StreamToolsLost(Fault):
    """Streams are generated without the tools of the request."""

    def request(self, chat: ChatRequest) -> ChatRequest:
        """Hand over all but the tools."""
        return replace(chat, body=without(dict(chat.body), *_TOOL_FIELDS)) if chat.streamed else chat


@fault("stream-finish-missing", rows=(21,), checks=("stream-complete",), reports=("vllm-mlx#628",))
class StreamFinishMissing(Choices):
    """Streams that end by themselves have no finish reason; those that a limit cuts have it."""

    def choice(self, chat: ChatRequest, choice: Json) -> None:
        """Lose what comes with the end token."""
        if "delta" in choice and choice["finish_reason"] == "stop":
            choice["finish_reason"] = None


@fault("finish-lost-with-logprobs", rows=(21,), checks=("stream-complete",), reports=("litellm#10686",))
class FinishLostWithLogprobs(Choices):
    """Streams with log-probabilities have no finish reason."""

    def choice(self, chat: ChatRequest, choice: Json) -> None:
        """Drop the chunk that has none."""
        if "delta" in choice and chat.body.get("logprobs"):
            choice["finish_reason"] = None


@fault("finish-of-another-api", checks=("finish-reason-known",), reports=("litellm#12481",))
class FinishOfAnotherApi(Fault):
    """The finish reason is end_turn or tool_use, as another API has it."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Pass it on."""
        return completion.each(lambda one: replace(one, finish_reason="tool_use" if one.calls else "end_turn"))


@fault("name-empty", checks=("tool-name-present",), reports=("gsd-2#4647",))
class NameEmpty(Fault):
    """The name of a streamed call is empty in all of its fragments."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Lose the name between two parsers."""
        return each_call(completion, lambda call: replace(call, name="")) if chat.streamed else completion


@fault("empty-after-results", rows=(33,), checks=("answer-in-content",), reports=("Kimi-K2#128",))
class EmptyAfterResults(Fault):
    """After tool results the reply ends behind its thought, with neither content nor calls."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Take the end of the thought for the end of the turn."""
        if chat.body["messages"][-1]["role"] != "tool":
            return completion
        return completion.each(
            lambda one: replace(
                one, content="", calls=(), reasoning=one.reasoning or "Let me see.", finish_reason="stop", logprobs=None
            )
        )


@fault("arguments-wrapped", rows=(10,), checks=("tool-arguments-unwrapped",), reports=("sglang#38924",))
class ArgumentsWrapped(Fault):
    """Arguments are inside another object, under the key arguments."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Take the model's form of a call for its arguments."""
        return each_call(completion, lambda call: replace(call, arguments=f'{{"arguments": {call.arguments}}}'))


@fault("nested-as-text", rows=(7,), checks=("tool-arguments-types",), reports=("pi#9931",))
class NestedAsText(Fault):
    """Objects and lists inside arguments arrive as JSON text."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Encode each argument that is no scalar once more."""
        return each_call(completion, _encoded)


def _encoded(call: CompletionCall) -> CompletionCall:
    value = read_arguments(call.arguments)
    if not isinstance(value, dict) or not any(isinstance(item, dict | list) for item in value.values()):
        return call
    texts = {key: json.dumps(item) if isinstance(item, dict | list) else item for key, item in value.items()}
    return replace(call, arguments=json.dumps(texts))


@fault("optional-as-null", rows=(13,), checks=("tool-arguments-types",), reports=("jarvis#199",))
class OptionalAsNull(Fault):
    """Optional arguments that the model leaves out arrive as null."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Fill in all properties of the tool."""
        known = {tool["function"]["name"]: _properties(tool) for tool in tools_of(chat.body)}
        return each_call(completion, lambda call: _filled(call, known.get(call.name, ())))


def _properties(tool: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple((tool["function"].get("parameters") or {}).get("properties") or ())


def _filled(call: CompletionCall, names: Iterable[str]) -> CompletionCall:
    value = read_arguments(call.arguments)
    absent = [name for name in names if isinstance(value, dict) and name not in value]
    return replace(call, arguments=json.dumps({**value, **dict.fromkeys(absent)})) if absent else call


@fault("name-doubled", rows=(5,), checks=("tool-name-declared",), reports=("hermes-agent#8259",))
class NameDoubled(Fault):
    """The name of a streamed call is there twice in one text."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Add the name of each fragment to that of the one before."""
        return each_call(completion, lambda call: replace(call, name=call.name * 2)) if chat.streamed else completion


@fault("name-dashes-lost", rows=(5,), checks=("tool-name-declared",), reports=("Roo-Code#10642",))
class NameDashesLost(Fault):
    """Dashes in the names of tools arrive as underscores."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Make each name one of a function in code."""
        return each_call(completion, lambda call: replace(call, name=call.name.replace("-", "_")))
