"""``number``: the last number in the content is the expected one, within a tolerance."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Final

from trueweight.core import Case, Reply
from trueweight.core.grader import RIGHT, Options, Score, grader
from trueweight.core.task import Answer
from trueweight.graders.text import BARE, MOSTLY

# Commas are read as thousands separators where three digits follow each, as in "1,234.5"; else as the end of a number.
_NUMBER = re.compile(r"(?<![\w.])[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,3})?(?!\w)")


_LONGEST = 400
"""Longest number that is read: longer than any double."""


_TOLERANCES: Final = {"absolute": {"type": "number", "minimum": 0}, "relative": {"type": "number", "minimum": 0}}
_SHORT: Final = 40
"""Characters of a recorded answer that is a number with a few words."""


_READ = 64 * 1024
"""Characters at the end of a content in which its last number is looked for."""


def last_number(content: str) -> str | None:
    """The last number in a text, as it is written; None if there is none in its last 64 KB."""
    found = None
    for found in _NUMBER.finditer(content, max(0, len(content) - _READ)):  # noqa: B007 - the last one is wanted
        pass
    return None if found is None else found[0]


def _value(written: str) -> float:
    return float(written.replace(",", "").replace("−", "-"))


def _expect(answer: Answer, options: Options) -> Any:
    written = last_number(str(answer.get("content", "")))
    return None if written is None or len(written) > _LONGEST else {"value": _value(written), **options}


def _propose(answers: Sequence[Answer]) -> Options | None:
    texts = [str(answer.get("content", "")).strip() for answer in answers]
    fits = sum(len(text) <= _SHORT and last_number(text) is not None for text in texts)
    if fits < MOSTLY * len(texts):
        return None
    return {"bare": True} if sum(map(_is_bare, texts)) >= MOSTLY * len(texts) else {}


def _is_bare(text: str) -> bool:
    """Whether a text is a number and nothing else."""
    return _NUMBER.fullmatch(text.strip().removesuffix(".")) is not None


@grader(
    "number",
    "1 if the last number in the content is the expected one within the tolerance; else 0.",
    expected={
        "type": "object",
        "properties": {"value": {"type": "number"}, "bare": BARE, **_TOLERANCES},
        "required": ["value"],
        "additionalProperties": False,
    },
    options={"type": "object", "properties": {"bare": BARE, **_TOLERANCES}, "additionalProperties": False},
    expect=_expect,
    propose=_propose,
)
def number(_: Case, reply: Reply, expected: Any) -> Score:
    """The last number, because models end with the result, as the graders of GSM8K assume. Without a tolerance the
    numbers must be equal as doubles.
    """
    last = last_number(reply.content or "")
    if last is None or len(last) > _LONGEST:
        reason = "the content has no number" if last is None else f"a number of {len(last)} characters"
        return Score(0.0, reason, readable=False)
    within = {"rel_tol": expected.get("relative", 0.0), "abs_tol": expected.get("absolute", 0.0)}
    right = math.isclose(_value(last), expected["value"], **within)
    formed = not expected.get("bare") or _is_bare(reply.content or "")
    if right:
        return RIGHT if formed else Score(1.0, "other text stands around the number", readable=False)
    return Score(0.0, f"the last number is {last}", readable=formed)
