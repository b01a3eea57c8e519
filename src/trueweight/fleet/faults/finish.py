"""Wrong finish reasons."""

from __future__ import annotations

import copy
from dataclasses import replace

from trueweight.fleet.completion import ChatRequest, Completion, CompletionChoice
from trueweight.fleet.faults.documents import Choices, Json
from trueweight.fleet.faults.fault import Fault, fault


@fault("stop-beside-calls", rows=(25,), checks=("finish-reason-agrees",))
class StopBesideCalls(Choices):
    """A reply with calls has the finish reason stop."""

    def choice(self, chat: ChatRequest, choice: Json) -> None:
        """Write stop."""
        if choice["finish_reason"] == "tool_calls":
            choice["finish_reason"] = "stop"


@fault("reason-without-calls", rows=(26,), checks=("finish-without-calls",))
class ReasonWithoutCalls(Fault):
    """The finish reason is tool_calls, but the reply has no calls."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Lose the calls and keep the reason."""
        return completion.edited(calls=())


@fault("calls-though-cut", rows=(27,), checks=("finish-reason-length",))
class CallsThoughCut(Fault):
    """A call that max_tokens cut ends with tool_calls instead of length."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Write tool_calls although the limit was reached."""
        return completion.each(_called)


def _called(choice: CompletionChoice) -> CompletionChoice:
    return replace(choice, finish_reason="tool_calls") if choice.calls else choice


@fault(
    "length-said-stop",
    rows=(27,),
    checks=("finish-length-said", "finish-reason-length", "finish-reason"),
    reports=("ik_llama.cpp#2321",),
)
class LengthSaidStop(Fault):
    """A reply that max_tokens cut has the finish reason stop."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Write stop instead of length."""
        cut = any(choice.finish_reason == "length" for choice in completion.choices)
        return completion.edited(finish_reason="stop") if cut else completion


@fault("own-finish-reason", checks=("finish-reason-known",))
class OwnFinishReason(Choices):
    """The finish reason is the engine's internal name."""

    def choice(self, chat: ChatRequest, choice: Json) -> None:
        """Write eos_token."""
        if choice["finish_reason"] == "stop":
            choice["finish_reason"] = "eos_token"


@fault("finish-twice", checks=("finish-once",))
class FinishTwice(Fault):
    """A stream has two finish reasons."""

    def chunks(self, chat: ChatRequest, chunks: list[Json]) -> list[Json]:
        """Send the chunk with the reason once more."""
        last = [at for at, chunk in enumerate(chunks) if chunk["choices"] and chunk["choices"][0]["finish_reason"]]
        at = last[-1]
        again = copy.deepcopy(chunks[at])
        again["choices"][0]["delta"] = {}
        return [*chunks[: at + 1], again, *chunks[at + 1 :]]


@fault("length-before-limit", checks=("finish-length-at-limit",))
class LengthBeforeLimit(Fault):
    """A reply that ends long before the limit has the finish reason length."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Write length instead of stop."""
        return completion.edited(finish_reason="length")


@fault("finish-of-first-choice", checks=("finish-of-all-choices",))
class FinishOfFirstChoice(Choices):
    """Only the first choice has a finish reason."""

    def choice(self, chat: ChatRequest, choice: Json) -> None:
        """Leave that of the others null."""
        if choice["index"] > 0:
            choice["finish_reason"] = None
