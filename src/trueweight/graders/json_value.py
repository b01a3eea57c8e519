"""``json``: the content is one JSON value, compared field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueweight.core import Case, Reply
from trueweight.core.evidence import quote
from trueweight.core.grader import RIGHT, Score, grader
from trueweight.protocols import parse_json


@grader(
    "json",
    "The share of the expected value's fields that the content has with an equal value; 1 only if nothing is added.",
    expected={"type": "object", "properties": {"value": {}}, "required": ["value"], "additionalProperties": False},
)
def json_value(_: Case, reply: Reply, expected: Any) -> Score:
    """Compared as JSON values: 1 is 1.0 and is not true; the order of keys does not count."""
    parsed = parse_json((reply.content or "").strip())
    if not parsed.ok:
        return Score(0.0, f"the content is not JSON: {parsed.error}" if reply.content else "there is no content")
    want = expected["value"]
    if same_json(parsed.value, want):
        return RIGHT
    if not (isinstance(want, Mapping) and isinstance(parsed.value, Mapping)):
        return Score(0.0, f"the value is {quote(parsed.value)}")
    right = [name for name in want if name in parsed.value and same_json(parsed.value[name], want[name])]
    wrong = [name for name in want if name not in right]
    added = [name for name in parsed.value if name not in want]
    words = [f"{quote(wrong[0])} is not equal"] if wrong else []
    words += [f"{quote(added[0])} is not expected"] if added else []
    return Score(len(right) / (len(want) + len(added)), " and ".join(words))


def same_json(left: Any, right: Any) -> bool:
    """Whether two JSON values are the same value."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same_json(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same_json, left, right))
    return bool(left == right)
