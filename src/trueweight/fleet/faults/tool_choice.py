"""tool_choice and parallel_tool_calls, accepted and not obeyed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from trueweight.fleet.answer import Answer, Ask, Call
from trueweight.fleet.declared import tools_of
from trueweight.fleet.faults.arguments import each_call
from trueweight.fleet.faults.fault import Fault, fault


@fault("choice-none-ignored", rows=(28,), checks=("tool-choice-none",))
class ChoiceNoneIgnored(Fault):
    """Tools are called in spite of tool_choice none."""

    def answer(self, ask: Ask, answer: Answer) -> Answer:
        """Call the first one."""
        tools = tools_of(ask.body)
        if not tools or ask.body.get("tool_choice") != "none":
            return answer
        call = Call(tools[0]["function"]["name"], "{}")
        return answer.edited(content=None, calls=(call,), finish_reason="tool_calls")


@fault("choice-required-ignored", rows=(28,), checks=("tool-choice-required",))
class ChoiceRequiredIgnored(Fault):
    """The model talks in spite of tool_choice required, or of a tool that was named."""

    def answer(self, ask: Ask, answer: Answer) -> Answer:
        """Say something instead."""
        if ask.body.get("tool_choice") in (None, "auto", "none"):
            return answer
        return answer.edited(content="I can answer that without a tool.", calls=(), finish_reason="stop")


@fault("choice-named-ignored", rows=(28,), checks=("tool-choice-named",))
class ChoiceNamedIgnored(Fault):
    """Another tool is called than the one that was named."""

    def answer(self, ask: Ask, answer: Answer) -> Answer:
        """Call the first other one."""
        if not isinstance(ask.body.get("tool_choice"), Mapping):
            return answer
        names = [tool["function"]["name"] for tool in tools_of(ask.body)]
        other = {name: next((o for o in names if o != name), name) for name in names}
        return each_call(answer, lambda call: replace(call, name=other[call.name]))


@fault("parallel-in-spite", rows=(30,), checks=("parallel-calls-off",))
class ParallelInSpite(Fault):
    """Several calls come in spite of parallel_tool_calls false."""

    def answer(self, ask: Ask, answer: Answer) -> Answer:
        """Make each call twice."""
        if ask.body.get("parallel_tool_calls") is not False:
            return answer
        return replace(answer, choices=tuple(replace(c, calls=c.calls * 2) for c in answer.choices))


@fault("trigger-happy", checks=("tool-call-expected",))
class TriggerHappy(Fault):
    """The first tool is called where there is nothing to call for."""

    def answer(self, ask: Ask, answer: Answer) -> Answer:
        """Call instead of talking, unless told otherwise."""
        tools = tools_of(ask.body)
        if not tools or ask.body.get("tool_choice") == "none" or any(choice.calls for choice in answer.choices):
            return answer
        call = Call(tools[0]["function"]["name"], "{}")
        return answer.edited(content=None, calls=(call,), finish_reason="tool_calls")
