"""Thoughts that nothing turns off, and thoughts without an end."""

from __future__ import annotations

from dataclasses import replace

from trueweight.fleet.completion import ChatRequest, Completion, CompletionChoice
from trueweight.fleet.decode import Sampling
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.thinking import Thinker


@fault("thinking-switch-ignored", rows=(40,), checks=("thinking-switch", "effort-none-obeyed"))
class ThinkingSwitchIgnored(Fault):
    """A request that turns thinking off is accepted, and the model thinks."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Think all the same."""
        if chat.body.get("reasoning_effort") != "none":
            return completion
        return completion.edited(reasoning="The user wants an answer.")


@fault("thinking-endless", rows=(33,), checks=("thought-ends",))
class ThinkingEndless(Fault):
    """The thought goes round in circles until the limit of tokens."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Replace every choice by a thought of the whole limit."""
        limit = Sampling.of(chat.body).max_tokens
        tokens = Thinker(0, endless=True).thought(chat.body, limit)
        thought = CompletionChoice(None, "length", reasoning=Thinker.text(tokens))
        choices = tuple(thought for _ in completion.choices)
        spent = len(tokens) * len(choices)
        return replace(completion, choices=choices, completion_tokens=spent, reasoning_tokens=spent)
