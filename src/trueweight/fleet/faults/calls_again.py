"""Calls that come twice, in part or as text."""

from __future__ import annotations

from dataclasses import replace

from trueweight.fleet.completion import ChatRequest, Completion, CompletionChoice
from trueweight.fleet.faults.arguments import each_text
from trueweight.fleet.faults.fault import Fault, fault

_LEAST = 4
"""Characters of a text, below which nothing is cut."""


@fault("stream-arguments-cut", rows=(11,), checks=("stream-arguments-whole",))
class StreamArgumentsCut(Fault):
    """In streams each text in the arguments lacks its first character."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Lose what comes in one piece with the quote before it."""
        if not chat.streamed:
            return completion
        return each_text(completion, lambda text: text[1:] if len(text) >= _LEAST else text)


@fault("stream-first-call-only", rows=(12,), checks=("stream-same-calls",), reports=("sglang#36692",))
class StreamFirstCallOnly(Fault):
    """Streams have the first call alone. Plain replies have all of them."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Lose the marker that begins the list with its first entry."""
        return completion.each(lambda one: replace(one, calls=one.calls[:1])) if chat.streamed else completion


@fault(
    "calls-without-arguments-lost",
    rows=(13,),
    checks=("tool-call-matches", "reply-not-empty"),
    reports=("sglang#36695",),
)
class CallsWithoutArgumentsLost(Fault):
    """Calls without arguments are lost, in both modes."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Look for a first parameter."""
        return completion.each(_with_arguments)


def _with_arguments(choice: CompletionChoice) -> CompletionChoice:
    kept = tuple(call for call in choice.calls if call.arguments.strip() not in ("", "{}"))
    if kept == choice.calls:
        return choice
    return replace(
        choice, calls=kept, content=choice.content or "", finish_reason=choice.finish_reason if kept else "stop"
    )


@fault("stream-calls-twice", rows=(12,), checks=("calls-once", "stream-same-calls"))
class StreamCallsTwice(Fault):
    """In streams each call comes twice, with another id."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Send it when it is parsed, and at the end."""
        if not chat.streamed:
            return completion
        return completion.each(lambda choice: replace(choice, calls=choice.calls * 2))


@fault("calls-twice", rows=(10,), checks=("calls-once",))
class CallsTwice(Fault):
    """Each call comes twice, with another id."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Send it when it is parsed, and at the end."""
        return completion.each(lambda choice: replace(choice, calls=choice.calls * 2))


@fault("calls-as-json", rows=(1,), checks=("call-in-content",))
class CallsAsJson(Fault):
    """Calls stay in the text as bare JSON, because no parser knows the model's form."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Write the first one."""
        return completion.each(_as_json)


def _as_json(choice: CompletionChoice) -> CompletionChoice:
    if not choice.calls:
        return choice
    name, arguments = choice.calls[0].name, choice.calls[0].arguments
    text = f'{{"name": "{name}", "parameters": {arguments}}}'
    return replace(choice, content=text, calls=(), finish_reason="stop", logprobs=None)
