"""``text``: the content is the expected text, exactly or after normalisation."""

from __future__ import annotations

import unicodedata
from typing import Any

from trueweight.core import Case, Reply
from trueweight.core.evidence import quote
from trueweight.core.grader import RIGHT, Score, grader


@grader(
    "text",
    "1 if the content is the expected text, without the white space around it; else 0.",
    expected={
        "type": "object",
        "properties": {"text": {"type": "string"}, "normalise": {"type": "boolean"}},
        "required": ["text"],
        "additionalProperties": False,
    },
)
def text(_: Case, reply: Reply, expected: Any) -> Score:
    """Absent content is empty content. ``normalise`` also ignores case, inner white space, a final full stop and
    Unicode's compatible forms (NFKC), as SQuAD's exact match does.
    """
    got, want = (reply.content or "").strip(), expected["text"].strip()
    if expected.get("normalise"):
        got, want = _normal(got), _normal(want)
    return RIGHT if got == want else Score(0.0, f"the content is {quote(reply.content or '')}")


def _normal(words: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", words).casefold().split()).removesuffix(".")
