"""Reasoning in the wrong field, or under the wrong name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trueweight.core.request import stop_sequences
from trueweight.fleet.completion import ChatRequest, Completion, CompletionCall, CompletionChoice
from trueweight.fleet.faults.documents import Json, Messages
from trueweight.fleet.faults.fault import Fault, fault


@fault("calls-in-reasoning", rows=(2,), checks=("markers-in-reasoning",))
class CallsInReasoning(Fault):
    """The reasoning parser swallows the calls: their markup is in the reasoning."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Write the calls into the reasoning."""
        return completion.each(_swallowed)


def _swallowed(choice: CompletionChoice) -> CompletionChoice:
    if not choice.calls:
        return choice
    text = (choice.reasoning or "") + "".join(map(_markup, choice.calls))
    return replace(choice, reasoning=text, calls=(), finish_reason="stop")


def _markup(call: CompletionCall) -> str:
    name = f"<|tool_call_begin|>functions.{call.name}:0<|tool_call_argument_begin|>"
    return f"<|tool_calls_section_begin|>{name}{call.arguments}<|tool_call_end|><|tool_calls_section_end|>"


@fault("answer-in-reasoning", rows=(33,), checks=("answer-in-content",))
class AnswerInReasoning(Fault):
    """The reasoning parser misses the end of the reasoning: the whole answer is in the reasoning."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Move the content."""
        return completion.each(_moved)


def _moved(choice: CompletionChoice) -> CompletionChoice:
    if not choice.content or choice.calls:
        return choice
    return replace(choice, reasoning=(choice.reasoning or "") + choice.content, content=None, logprobs=None)


@fault("stop-in-thought", rows=(33,), checks=("stop-after-thought",), reports=("vllm#52393",))
class StopInThought(Fault):
    """A stop sequence that is in the thought ends the reply."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Look for the sequences in all that is generated."""
        words = stop_sequences(chat.body)
        return completion.each(lambda choice: _stopped(choice, words))


def _stopped(choice: CompletionChoice, words: Sequence[str]) -> CompletionChoice:
    thought = choice.reasoning or ""
    at = min((thought.find(word) for word in words if word in thought), default=None)
    if at is None:
        return choice
    return replace(choice, reasoning=thought[:at], content=None, calls=(), finish_reason="stop", logprobs=None)


@fault("think-tags-in-content", rows=(34,), checks=("think-tags-in-content",))
class ThinkTagsInContent(Fault):
    """In streams the reasoning is in the content between its tags. Plain replies are correct."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Put the reasoning between tags into the content."""
        if not chat.streamed:
            return completion
        return completion.each(_tagged)


def _tagged(choice: CompletionChoice) -> CompletionChoice:
    if not choice.content:
        return choice
    thought = choice.reasoning or "The user wants an answer."
    return replace(choice, content=f"<think>{thought}</think>{choice.content}", reasoning=None, logprobs=None)


@fault("reasoning-dropped", rows=(33,), checks=("reasoning-present",))
class ReasoningDropped(Fault):
    """Reasoning never arrives."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Drop the reasoning."""
        return completion.edited(reasoning=None)


@fault("effort-ignored", rows=(40,), checks=("reasoning-longer",))
class EffortIgnored(Fault):
    """The reasoning is equally short for every reasoning effort."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Replace the reasoning by one word."""
        choices = tuple(replace(c, reasoning="Hm." if c.reasoning else None) for c in completion.choices)
        return replace(completion, choices=choices)


@fault("reasoning-renamed", rows=(35,), checks=("reasoning-field",))
class ReasoningRenamed(Messages):
    """Reasoning comes as reasoning instead of reasoning_content."""

    def message(self, chat: ChatRequest, message: Json) -> None:
        """Use the shorter name."""
        if "reasoning_content" in message:
            message["reasoning"] = message.pop("reasoning_content")
