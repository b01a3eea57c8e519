"""``call-fields``: tool calls compared by name and argument, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from trueweight.core import Case, Reply
from trueweight.core.evidence import quote
from trueweight.core.grader import Options, Score, grader
from trueweight.core.task import Answer
from trueweight.graders.fields import FIELD_OPTIONS, FieldComparison, first_wrong, options_of
from trueweight.graders.json_value import same_json
from trueweight.protocols.arguments import read_arguments

NO_CALL: Final = "(no call)"
_NAME: Final = "(name)"
_MOST: Final = 64
"""Calls of one reply that are compared."""


def _expect(answer: Answer, options: Options) -> Any:
    return {"calls": [dict(call) for call in answer.get("calls", ())], "options": dict(options)}


def _propose(answers: Sequence[Answer]) -> Options | None:
    """Tasks in whose answers a tool is called, always or sometimes."""
    calls = [call for answer in answers for call in answer.get("calls", ())]
    return options_of((str(call.get("name")), call.get("arguments")) for call in calls) if calls else None


@grader(
    "call-fields",
    "F1 of names and arguments of the tool calls: those as expected, of those expected and those made; with whole, 1 "
    "if all are right.",
    expected={
        "type": "object",
        "properties": {
            "calls": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "arguments": {"type": "object"}},
                    "required": ["name", "arguments"],
                    "additionalProperties": False,
                },
            },
            "options": FIELD_OPTIONS,
        },
        "required": ["calls"],
        "additionalProperties": False,
    },
    options=FIELD_OPTIONS,
    expect=_expect,
    propose=_propose,
)
def call_fields(_: Case, reply: Reply, expected: Any) -> Score:
    """No call where none is expected is right. Calls of one tool are paired by equal arguments, then in order."""
    made = [(call.name or "", read_arguments(reply, call).value) for call in reply.calls[:_MOST]]
    comparison = FieldComparison(expected.get("options", {}))
    readable = True
    left = list(made)
    for want in sorted(expected["calls"], key=lambda one: (one["name"], _rank(one, made))):
        name = want["name"]
        same = [at for at, (other, _) in enumerate(left) if other == name]
        at = next((at for at in same if same_json(left[at][1], want["arguments"])), same[0] if same else None)
        if at is None:
            comparison.missing(name, _NAME)
            comparison.missing(want["arguments"], name)
            continue
        arguments = left.pop(at)[1]
        comparison.compare(name, name, _NAME)
        if isinstance(arguments, Mapping):
            comparison.compare(arguments, want["arguments"], name)
        else:
            readable = False
            comparison.missing(want["arguments"], name)
    for other, others in left:
        comparison.unexpected(other, _NAME)
        comparison.unexpected(others, other)
    counts = comparison.counts()
    words = _names([name for name, _ in made]), _names([one["name"] for one in expected["calls"]])
    reason = first_wrong(counts) if words[0] == words[1] else f"it calls {quote(words[0])}, not {quote(words[1])}"
    value = comparison.value()
    return Score(value, reason if value < 1 else "", *words, fields=counts, readable=readable)


def _rank(want: Mapping[str, Any], made: Sequence[tuple[str, Any]]) -> int:
    """0 for a call that is made exactly, so that it is paired before others of its name."""
    return 0 if any(name == want["name"] and same_json(value, want["arguments"]) for name, value in made) else 1


def _names(names: Sequence[str]) -> str:
    return ", ".join(sorted(names)) or NO_CALL
