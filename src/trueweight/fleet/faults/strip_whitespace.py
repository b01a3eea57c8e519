"""White space at the edges of lines is taken for decoration."""

from __future__ import annotations

from trueweight.fleet.completion import ChatRequest, Completion
from trueweight.fleet.faults.arguments import each_text
from trueweight.fleet.faults.fault import Fault, fault


@fault("strip-whitespace", rows=(8,), checks=("argument-whitespace",))
class StripWhitespace(Fault):
    """Text arguments lose their indentation, and the blank lines at both ends."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Strip every line, then the whole."""
        return each_text(completion, lambda text: "\n".join(line.strip() for line in text.split("\n")).strip())
