"""A call without arguments is sent without any text for them."""

from __future__ import annotations

import json
from dataclasses import replace

from trueweight.fleet.completion import ChatRequest, Completion, CompletionCall
from trueweight.fleet.faults.arguments import each_call
from trueweight.fleet.faults.fault import Fault, fault


@fault("empty-arguments-dropped", rows=(13,), checks=("tool-arguments-empty-object",))
class EmptyArgumentsDropped(Fault):
    """Arguments of ``{}`` arrive as an empty text, streamed or not."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Replace an empty object by an empty text."""
        return each_call(completion, lambda call: replace(call, arguments="") if is_empty(call) else call)


def is_empty(call: CompletionCall) -> bool:
    """Whether a call's arguments are the empty object."""
    try:
        return bool(json.loads(call.arguments) == {})
    except ValueError:
        return False
