"""The tool-call parser misses: the model's markup arrives as text, and no call with it."""

from __future__ import annotations

from dataclasses import replace

from trueweight.fleet.answer import Answer, Ask, Call, Choice
from trueweight.fleet.faults.fault import Fault, fault

_SHARE = 0.6


@fault("leak-tool-markers", rows=(1,), checks=("markers-in-content",))
class LeakToolMarkers(Fault):
    """On about 60% of questions, the same ones every time, a call becomes ``<tool_call>…</tool_call>`` in content."""

    def answer(self, ask: Ask, answer: Answer) -> Answer:
        """Write the calls as the model's own markup."""
        if ask.coin(self.name) >= _SHARE:
            return answer
        return replace(answer, choices=tuple(_leaked(choice) for choice in answer.choices))


def _leaked(choice: Choice) -> Choice:
    if not choice.calls:
        return choice
    text = (choice.content or "") + "\n".join(map(_markup, choice.calls))
    reason = "stop" if choice.finish_reason == "tool_calls" else choice.finish_reason
    return replace(choice, content=text, calls=(), finish_reason=reason, logprobs=None)


def _markup(call: Call) -> str:
    return f'<tool_call>\n{{"name": "{call.name}", "arguments": {call.arguments}}}\n</tool_call>'
