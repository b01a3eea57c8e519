"""``text``: the content is the expected text, exactly or after normalisation."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any, Final

from trueweight.core import Case, Reply
from trueweight.core.evidence import quote
from trueweight.core.grader import RIGHT, Options, Score, grader
from trueweight.core.task import Answer

MOSTLY: Final = 0.95
"""The share of recorded answers that have a grader's form, for it to be proposed."""
BARE: Final = {
    "type": "boolean",
    "description": "an answer with other text around it has not the expected form, whatever its score",
}
"""The option of a grader that finds the answer inside a text; proposed where the recorded answers stand alone."""
MOST_READ: Final = 256 * 1024
"""Characters of a content that are compared: many more than any answer that a grader fits has."""
SHORT: Final = 60
"""Characters of a recorded answer of which another spelling would be another answer."""


def _expect(answer: Answer, options: Options) -> Any:
    return {"text": answer["content"], **options} if answer.get("content") else None


def _propose(answers: Sequence[Answer]) -> Options | None:
    texts = [str(answer.get("content", "")).strip() for answer in answers]
    return {"normalise": True} if sum(0 < len(text) <= SHORT for text in texts) >= MOSTLY * len(texts) else None


@grader(
    "text",
    "1 if the content is the expected text, without the white space around it; else 0.",
    expected={
        "type": "object",
        "properties": {"text": {"type": "string"}, "normalise": {"type": "boolean"}},
        "required": ["text"],
        "additionalProperties": False,
    },
    options={"type": "object", "properties": {"normalise": {"type": "boolean"}}, "additionalProperties": False},
    expect=_expect,
    propose=_propose,
)
def text(_: Case, reply: Reply, expected: Any) -> Score:
    """Absent content is empty content. ``normalise`` also ignores case, inner white space, a final full stop and
    Unicode's compatible forms (NFKC), as SQuAD's exact match does.
    """
    got, want = (reply.content or "").strip(), expected["text"].strip()
    if expected.get("normalise") and len(got) <= MOST_READ:
        got, want = normal(got), normal(want)
    return RIGHT if got == want else Score(0.0, f"the content is {quote(reply.content or '')}", readable=bool(got))


def normal(words: str) -> str:
    """The beginning of a text without case, inner white space, a final full stop and compatible forms.

    A compatible form may have eighteen characters, so that a text of megabytes would take a gigabyte.
    """
    return " ".join(unicodedata.normalize("NFKC", words[:MOST_READ]).casefold().split()).removesuffix(".")
