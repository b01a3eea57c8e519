"""``label``: the content names the expected label and no other of the set."""

from __future__ import annotations

import re
from typing import Any

from trueweight.core import Case, Reply
from trueweight.core.evidence import quote
from trueweight.core.grader import RIGHT, Score, grader


@grader(
    "label",
    "1 if the expected label is the only one of the labels that the content names; else 0.",
    expected={
        "type": "object",
        "properties": {
            "label": {"type": "string", "minLength": 1},
            "labels": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 2},
        },
        "required": ["label", "labels"],
        "additionalProperties": False,
    },
)
def label(_: Case, reply: Reply, expected: Any) -> Score:
    """Whole words, without regard to case. A label inside a longer label that is also named does not count."""
    # The longest first, so that "not spam" is found before "spam" is found in it.
    known = sorted({*expected["labels"], expected["label"]}, key=len, reverse=True)
    pattern = "|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in known)
    named = {found[0].casefold() for found in re.finditer(pattern, reply.content or "", re.IGNORECASE)}
    if named == {expected["label"].casefold()}:
        return RIGHT
    return Score(0.0, f"the content names {', '.join(map(quote, sorted(named)))}" if named else "no label is named")
