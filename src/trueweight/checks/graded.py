"""An answer that a grader scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueweight.core import Case, Reply
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import quote
from trueweight.core.example import Example, sample_case, says
from trueweight.core.grader import grade, validate_expected
from trueweight.protocols import spans_of_all_content


def _validate(params: Mapping[str, Any]) -> None:
    validate_expected(params["grader"], params["expected"])


@check(
    "graded",
    "The answer has at least the score that the case requires.",
    failure="{cases} had a lower score than the case requires",
    on_request=True,
    params={
        "type": "object",
        "properties": {
            "grader": {"type": "string"},
            "expected": {},
            "at_least": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        },
        "required": ["grader", "expected"],
        "additionalProperties": False,
    },
    validate=_validate,
    source="https://platform.openai.com/docs/guides/evals",
    why="The case was written so that the right answer is known.",
    fix="Compare with the reference on the same case before blaming the server.",
    example=Example(
        says("17 times 23 is 381."),
        "381",
        says("17 × 23 = 391"),
        sample_case({"graded": {"grader": "number", "expected": {"value": 391}}}),
    ),
)
def graded(case: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """Requires a score of 1, or the case's ``at_least``."""
    if reply.error is not None:
        return None
    score = grade(params["grader"], case, reply, params["expected"])
    required = params.get("at_least", 1)
    if score.value >= required:
        return Pass()
    message = f"score {score.value:.2f} by {params['grader']}: {score.reason}"
    return Fail(
        message,
        f"{quote(params['expected'])}, score ≥ {required:g}",
        quote(reply.content or ""),
        spans_of_all_content(reply),
    )
