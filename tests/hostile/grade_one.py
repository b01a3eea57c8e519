"""Grades hostile contents of a size by each grader, and prints for each pair what it took: ``grade_one.py SIZE``."""

# ruff: noqa: T201
from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from hostile_replies import message
from judge_one import measure_reply

from trueweight.core import Case
from trueweight.core.grader import GRADERS
from trueweight.core.steps import rare_garbage_collection, return_large_blocks

EXPECTED: Mapping[str, tuple[Any, ...]] = {
    "call-fields": ({"calls": [{"name": "f", "arguments": {"a": 1}}]},),
    "calls": ({"calls": [{"name": "f", "arguments": {"a": 1}}]},),
    "json": ({"value": {"a": [1, 2, {"b": 3}]}},),
    "json-fields": ({"value": {"a": 1, "b": [1, 2]}},),
    "label": ({"label": "a", "labels": ["a", "b"]},),
    "number": ({"value": 3},),
    "prose": ({"text": "the capital of norway is oslo " * 500}, {"text": "x", "facts": ["Oslo", ["a", "b"]] * 50}),
    "regex": ({"pattern": "^((a+)+)+$", "groups": ["x"]}, {"pattern": "(?:a|b|ab)*c.{0,900}d"}),
    "text": ({"text": "x", "normalise": True},),
}
CONTENTS: Mapping[str, Callable[[int], str]] = {
    "long compatible forms": lambda size: "\ufdfa" * (size // 3),
    "one letter": lambda size: "a" * size,
    "many words": lambda size: "a b " * (size // 4),
    "no spaces": lambda size: "中" * (size // 3),
    "thousands": lambda size: "1" + ",111" * (size // 4) + "x",
    "many values": lambda size: "[" + "{}," * (size // 3) + "{}]",
    "many objects": lambda size: '{"a":1} ' * (size // 8),
    "fences": lambda size: "```json\n" * (size // 8),
    "lone surrogates": lambda size: "\ud800 a" * (size // 8),
    "longer in lower case": lambda size: "ß" * (size // 2),
}

if __name__ == "__main__":
    assert set(EXPECTED) == set(GRADERS.all())
    return_large_blocks()
    with rare_garbage_collection():
        for grader, expectations in EXPECTED.items():
            for expected in expectations:
                checks = {"graded": {"grader": grader, "expected": expected}}
                case = Case("s", "c", {"messages": [{"role": "user", "content": "x"}]}, checks=checks)
                for name, make in CONTENTS.items():
                    found = measure_reply(case, message(make(int(sys.argv[1]))))
                    print(json.dumps({"grader": grader, "content": name, **found}), flush=True)
