"""The tool-call parser searches for the end marker and finds it inside an argument."""

from __future__ import annotations

from trueweight.fleet.completion import ChatRequest, Completion
from trueweight.fleet.faults.arguments import each_text
from trueweight.fleet.faults.fault import Fault, fault

_MARKER = "</tool_call>"


@fault("marker-cuts-argument", rows=(6,), checks=("argument-markers",))
class MarkerCutsArgument(Fault):
    """A text argument that contains ``</tool_call>`` ends where the marker begins."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Cut at the first marker."""
        return each_text(completion, lambda text: text.partition(_MARKER)[0])
