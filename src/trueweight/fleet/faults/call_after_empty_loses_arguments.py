"""The tool-call parser does not reset itself after a call without arguments."""

from __future__ import annotations

from dataclasses import replace

from trueweight.fleet.completion import ChatRequest, Completion, CompletionCall, CompletionChoice
from trueweight.fleet.faults.empty_arguments_dropped import is_empty
from trueweight.fleet.faults.fault import Fault, fault


@fault("call-after-empty-loses-arguments", rows=(14,), checks=("call-after-empty-call",))
class CallAfterEmptyLosesArguments(Fault):
    """A call that follows a call with ``{}`` has ``{}`` too; the model's arguments are lost."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Keep the state of the empty call for the next one."""
        return completion.each(_emptied)


def _emptied(choice: CompletionChoice) -> CompletionChoice:
    calls: list[CompletionCall] = []
    for at, call in enumerate(choice.calls):
        after_empty = at > 0 and is_empty(choice.calls[at - 1])
        calls.append(replace(call, arguments="{}") if after_empty else call)
    return replace(choice, calls=tuple(calls))
