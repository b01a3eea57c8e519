"""Whether a thought goes round in circles, so that no limit of tokens would be enough for it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from trueweight.core import Case, Finish, Reply, Severity, Span
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import quote
from trueweight.core.example import Example, says
from trueweight.protocols import narrow

THOUGHT_ENDS: Final = "thought-ends"
_WINDOW: Final = 4_000
"""Characters at the end of a thought that are examined: some thousand tokens."""
_LEAST: Final = 400
"""Characters that a repetition must fill: less is emphasis, or a short list."""
_TIMES: Final = 4
"""How often a text must be repeated, or a sentence stand among the last ones on average."""
_SENTENCES: Final = 12
"""Fewest sentences of which the share of different ones is counted."""
_END: Final = re.compile(r"[.!?。！？\n]+\s*")


class Circle(NamedTuple):
    """A repetition at the end of a thought.

    Attributes:
        text: what is repeated.
        times: how often it stands in the last 4,000 characters.
    """

    text: str
    times: int


def find_circle(thought: str) -> Circle | None:
    """The repetition in which a thought ends; None if it does not end in one.

    A thought goes in circles if its end is one text four times or more in a row, over 400 characters and more; or if
    its last 4,000 characters have at least twelve sentences, of which at most a quarter are different.
    """
    tail = thought[-_WINDOW:]
    if len(tail) < _LEAST:
        return None
    return _periodic(tail) or _few_sentences(tail)


def _periodic(tail: str) -> Circle | None:
    """The longest end of the text that has a period of at most a quarter of its length (by the prefix function)."""
    backwards = tail[::-1]
    borders = [0] * len(backwards)
    found: Circle | None = None
    for at in range(1, len(backwards)):
        border = borders[at - 1]
        while border and backwards[at] != backwards[border]:
            border = borders[border - 1]
        borders[at] = border + (backwards[at] == backwards[border])
        size = at + 1
        period = size - borders[at]
        if size >= _LEAST and size >= _TIMES * period:
            found = Circle(tail[-period:], size // period)
    return found


def _few_sentences(tail: str) -> Circle | None:
    # The first one may be cut by the window, and the last one by the limit.
    sentences = [text.strip() for text in _END.split(tail)[1:-1] if text.strip()]
    if len(sentences) < _SENTENCES or len(sentences) < _TIMES * len(set(sentences)):
        return None
    commonest = max(sentences, key=sentences.count)
    return Circle(commonest, sentences.count(commonest))


@check(
    THOUGHT_ENDS,
    "A thought does not go round in circles until the limit of tokens.",
    failure="{cases} had a thought that goes round in circles until the limit of tokens",
    severity=Severity.SHOULD,
    row=33,
    source="https://huggingface.co/Qwen/Qwen3-8B#best-practices",
    why="The request ends without an answer, however many tokens it may use, and all of them are paid.",
    fix="Send the sampling that the model's authors recommend: thinking models repeat themselves at temperature 0. If "
    "the reference does not do it, see the precision of the weights.",
    example=Example(
        says("", reasoning="Wait, let me check that again. " * 20, finish="length"),
        "let me check",
        says("", reasoning=" ".join(f"Case {n} has {n * n} of them." for n in range(40)), finish="length"),
    ),
)
def thought_ends(_: Case, reply: Reply) -> CheckResult | None:
    """Judges thoughts that the limit cut. A long thought that does not repeat itself passes."""
    if not reply.thought or reply.finish is not Finish.LENGTH or (reply.content or "").strip() or reply.calls:
        return None
    circle = find_circle(reply.thought)
    if circle is None:
        return Pass()
    spans = narrow(reply, Span(0, len(reply.body)), circle.text.strip()[:60])
    message = f"the thought ends with the same words {circle.times} times"
    return Fail(message, "an end of the thought", quote(circle.text.strip()), spans)
