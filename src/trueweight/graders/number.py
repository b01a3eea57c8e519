"""``number``: the last number in the content is the expected one, within a tolerance."""

from __future__ import annotations

import math
import re
from typing import Any

from trueweight.core import Case, Reply
from trueweight.core.grader import RIGHT, Score, grader

# Commas are read as thousands separators where three digits follow each, as in "1,234.5"; else as the end of a number.
_NUMBER = re.compile(r"(?<![\w.])[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,3})?(?!\w)")


_LONGEST = 400
"""Longest number that is read: longer than any double."""


@grader(
    "number",
    "1 if the last number in the content is the expected one within the tolerance; else 0.",
    expected={
        "type": "object",
        "properties": {
            "value": {"type": "number"},
            "absolute": {"type": "number", "minimum": 0},
            "relative": {"type": "number", "minimum": 0},
        },
        "required": ["value"],
        "additionalProperties": False,
    },
)
def number(_: Case, reply: Reply, expected: Any) -> Score:
    """The last number, because models end with the result, as the graders of GSM8K assume. Without a tolerance the
    numbers must be equal as doubles.
    """
    found = None
    for found in _NUMBER.finditer(reply.content or ""):  # noqa: B007 - the last one is wanted, and all may be millions
        pass
    if found is None or len(found[0]) > _LONGEST:
        return Score(0.0, "the content has no number" if found is None else f"a number of {len(found[0])} characters")
    last = found[0]
    got = float(last.replace(",", "").replace("−", "-"))
    within = {"rel_tol": expected.get("relative", 0.0), "abs_tol": expected.get("absolute", 0.0)}
    return RIGHT if math.isclose(got, expected["value"], **within) else Score(0.0, f"the last number is {last}")
