"""Parsers fail: the model's markup arrives as text."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from trueweight.fleet.completion import ChatRequest, Completion, CompletionCall, CompletionChoice
from trueweight.fleet.faults.fault import Fault, fault

_SHARE = 0.6
DIALECT: Final = "[[tiny:call]]"
"""A marker of the fleet's model. No check knows it, only a profile can name it."""


@fault("leak-tool-markers", rows=(1,), checks=("markers-in-content",))
class LeakToolMarkers(Fault):
    """For about 60% of requests, always the same ones, a call becomes ``<tool_call>…</tool_call>`` in content."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Write the calls as the model's own markup."""
        if chat.coin(self.name) >= _SHARE:
            return completion
        return completion.each(_leaked)


@fault("leak-own-markers", rows=(1,), checks=("profile-markers-in-content",))
class LeakOwnMarkers(Fault):
    """A marker that only this model family has is left in content."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Begin every text with it."""
        choices = tuple(
            replace(choice, content=f"{DIALECT}{choice.content}", logprobs=None) if choice.content else choice
            for choice in completion.choices
        )
        return replace(completion, choices=choices)


def _leaked(choice: CompletionChoice) -> CompletionChoice:
    if not choice.calls:
        return choice
    text = (choice.content or "") + "\n".join(map(_markup, choice.calls))
    reason = "stop" if choice.finish_reason == "tool_calls" else choice.finish_reason
    return replace(choice, content=text, calls=(), finish_reason=reason, logprobs=None)


def _markup(call: CompletionCall) -> str:
    return f'<tool_call>\n{{"name": "{call.name}", "arguments": {call.arguments}}}\n</tool_call>'
