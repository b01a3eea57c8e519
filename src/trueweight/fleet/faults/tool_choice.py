"""tool_choice and parallel_tool_calls, accepted and not obeyed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from trueweight.fleet.completion import ChatRequest, Completion, CompletionCall
from trueweight.fleet.faults.arguments import each_call
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.template import tools_of


@fault("choice-none-ignored", rows=(28,), checks=("tool-choice-none",))
class ChoiceNoneIgnored(Fault):
    """Tools are called in spite of tool_choice none."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Call the first one."""
        tools = tools_of(chat.body)
        if not tools or chat.body.get("tool_choice") != "none":
            return completion
        call = CompletionCall(tools[0]["function"]["name"], "{}")
        return completion.edited(content=None, calls=(call,), finish_reason="tool_calls")


@fault("choice-required-ignored", rows=(28,), checks=("tool-choice-required",))
class ChoiceRequiredIgnored(Fault):
    """The model talks in spite of tool_choice required, or of a tool that was named."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Say something instead."""
        if chat.body.get("tool_choice") in (None, "auto", "none"):
            return completion
        return completion.edited(content="I can answer that without a tool.", calls=(), finish_reason="stop")


@fault("choice-named-ignored", rows=(28,), checks=("tool-choice-named",))
class ChoiceNamedIgnored(Fault):
    """Another tool is called than the one that was named."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Call the first other one."""
        if not isinstance(chat.body.get("tool_choice"), Mapping):
            return completion
        names = [tool["function"]["name"] for tool in tools_of(chat.body)]
        other = {name: next((o for o in names if o != name), name) for name in names}
        return each_call(completion, lambda call: replace(call, name=other[call.name]))


@fault("parallel-in-spite", rows=(30,), checks=("parallel-calls-off",))
class ParallelInSpite(Fault):
    """Several calls come in spite of parallel_tool_calls false."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Make each call twice."""
        if chat.body.get("parallel_tool_calls") is not False:
            return completion
        return replace(completion, choices=tuple(replace(c, calls=c.calls * 2) for c in completion.choices))


@fault("trigger-happy", checks=("tool-call-expected",))
class TriggerHappy(Fault):
    """The first tool is called where there is nothing to call for."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Call a tool although a text is right, unless ``tool_choice`` forbids it."""
        tools = tools_of(chat.body)
        if not tools or chat.body.get("tool_choice") == "none" or any(choice.calls for choice in completion.choices):
            return completion
        call = CompletionCall(tools[0]["function"]["name"], "{}")
        return completion.edited(content=None, calls=(call,), finish_reason="tool_calls")
