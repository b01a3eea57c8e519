"""White space at the edges of lines is taken for decoration."""

from __future__ import annotations

from trueweight.fleet.answer import Answer, Ask
from trueweight.fleet.faults.arguments import each_text
from trueweight.fleet.faults.fault import Fault, fault


@fault("strip-whitespace", rows=(8,), checks=("argument-whitespace",))
class StripWhitespace(Fault):
    """Text arguments lose their indentation, and the blank lines at both ends."""

    def answer(self, ask: Ask, answer: Answer) -> Answer:
        """Strip every line, then the whole."""
        return each_text(answer, lambda text: "\n".join(line.strip() for line in text.split("\n")).strip())
