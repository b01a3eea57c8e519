"""``prose``: free text compared by ROUGE-L, by the facts that it must mention, and by its length."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from rapidfuzz.distance import LCSseq

from trueweight.core import Case, Reply
from trueweight.core.evidence import quote
from trueweight.core.grader import RIGHT, Options, Score, grader
from trueweight.core.task import Answer
from trueweight.graders.text import MOST_READ, MOSTLY, normal

_TOKEN: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|\w+")
"""A word; in Chinese and Japanese, which put no spaces between words, a character."""
_MOST: Final = 20_000
"""Words of one text that are compared."""
_FACTS: Final = {
    "type": "array",
    "items": {"anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "items": {"type": "string"}}]},
    "description": "what must be mentioned; a list stands for spellings of which one is enough",
}


def tokens(text: str) -> list[str]:
    """The first words of a text in lower case, without punctuation."""
    return _TOKEN.findall(text[:MOST_READ].casefold())[:_MOST]


def rouge_l(got: Sequence[str], want: Sequence[str]) -> float:
    """F1 of the longest common subsequence of words (Lin 2004, ROUGE-L without stemming)."""
    if not got or not want:
        return 1.0 if len(got) == len(want) else 0.0
    return 2 * LCSseq.similarity(got, want) / (len(got) + len(want))


def _expect(answer: Answer, options: Options) -> Any:
    if not answer.get("content"):
        return None
    facts = {"facts": answer["facts"]} if answer.get("facts") else {}
    return {"text": answer["content"], **facts, **options}


def _propose(answers: Sequence[Answer]) -> Options | None:
    fits = sum(bool(answer.get("content")) and not answer.get("calls") for answer in answers)
    return {} if fits >= MOSTLY * len(answers) else None


@grader(
    "prose",
    "The share of the facts that are mentioned; without facts, ROUGE-L. 0 if the text is longer than allowed.",
    expected={
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "facts": _FACTS,
            "max_words": {"type": "integer", "minimum": 1},
        },
        "additionalProperties": False,
    },
    options={
        "type": "object",
        "properties": {"max_words": {"type": "integer", "minimum": 1}},
        "additionalProperties": False,
    },
    expect=_expect,
    propose=_propose,
    decides=False,
)
def prose(_: Case, reply: Reply, expected: Any) -> Score:
    """Facts are found in the text without regard to case and white space, as whole words."""
    got = tokens(reply.content or "")
    if not got:
        return Score(0.0, "there is no text", readable=False)
    most = expected.get("max_words")
    if most is not None and len(got) > most:
        return Score(0.0, f"{len(got)} words, more than {most}", readable=False)
    facts = expected.get("facts") or []
    if facts:
        text = " ".join(tokens(normal(reply.content or "")))
        missing = [fact for fact in facts if not any(_mentions(text, one) for one in _spellings(fact))]
        if missing:
            reason = f"{quote(_spellings(missing[0])[0])} is not mentioned"
            return Score(1 - len(missing) / len(facts), reason)
        return RIGHT
    value = rouge_l(got, tokens(expected.get("text", "")))
    return RIGHT if value == 1 else Score(value, f"ROUGE-L {value:.2f}")


def _spellings(fact: Any) -> list[str]:
    return [fact] if isinstance(fact, str) else [str(one) for one in fact] or [""]


def _mentions(text: str, spelling: str) -> bool:
    return f" {' '.join(tokens(normal(spelling)))} " in f" {text} "
