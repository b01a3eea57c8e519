"""``calls``: the reply makes the expected tool calls, by tool and by arguments, and no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from trueweight.core import Case, Reply, ToolCall
from trueweight.core.evidence import quote
from trueweight.core.grader import RIGHT, Score, grader
from trueweight.graders.accepted import accepted
from trueweight.graders.json_value import same_json
from trueweight.protocols.arguments import read_arguments

EXPECTED_CALL: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "arguments": {"type": "object"},
        "includes": {"type": "object"},
        "accepts": {"type": "object", "additionalProperties": {"type": "array"}},
    },
    "required": ["name"],
    "additionalProperties": False,
}
EXPECTED_CALLS: Mapping[str, Any] = {
    "type": "object",
    "properties": {"calls": {"type": "array", "items": EXPECTED_CALL}, "ordered": {"type": "boolean"}},
    "required": ["calls"],
    "additionalProperties": False,
}


class CallMatch(NamedTuple):
    """How a reply's calls meet the expected ones.

    Attributes:
        missing: expected calls that no call meets, each with the nearest call, if there is one of that name.
        extra: calls that are near no expected call.
    """

    missing: list[tuple[Mapping[str, Any], ToolCall | None]]
    extra: list[ToolCall]


@grader("calls", "The share of expected calls that are made, out of expected and made calls.", expected=EXPECTED_CALLS)
def calls(_: Case, reply: Reply, expected: Any) -> Score:
    """Arguments are compared as JSON values; ``includes`` names only those that matter.

    ``accepts`` has a list of right values for each argument: see `trueweight.graders.accepted`.
    """
    match = match_calls(expected, reply)
    wanted = len(expected["calls"])
    if not match.missing and not match.extra:
        return RIGHT
    words = [f"{quote(match.missing[0][0]['name'])} is not called as expected"] if match.missing else []
    words += [f"{quote(match.extra[0].name)} is called and not expected"] if match.extra else []
    return Score((wanted - len(match.missing)) / (wanted + len(match.extra)), " and ".join(words))


def match_calls(expected: Mapping[str, Any], reply: Reply) -> CallMatch:
    """Pair the expected calls with the reply's: one by one if they are ``ordered``, else by what fits."""
    if expected.get("ordered") and len(expected["calls"]) == len(reply.calls):
        pairs = zip(expected["calls"], reply.calls, strict=True)
        return CallMatch([(want, call) for want, call in pairs if not _fits(want, reply, call)], [])
    return _match(expected["calls"], reply)


def wanted_arguments(want: Mapping[str, Any]) -> Mapping[str, Any]:
    """All arguments that an expected call names."""
    return {**want.get("includes", {}), **want.get("arguments", {})}


def _match(expected: Sequence[Mapping[str, Any]], reply: Reply) -> CallMatch:
    """Pair each expected call with a call that fits; what is left over is paired by name."""
    left = list(reply.calls)
    unmet: list[Mapping[str, Any]] = []
    # The strictest first, so that a loose expectation does not take the only call that a strict one fits.
    for want in sorted(
        expected, key=lambda w: (-("arguments" in w), -len(wanted_arguments(w)), -len(w.get("accepts", ())))
    ):
        fitting = next((call for call in left if _fits(want, reply, call)), None)
        if fitting is None:
            unmet.append(want)
        else:
            left.remove(fitting)
    missing: list[tuple[Mapping[str, Any], ToolCall | None]] = []
    for want in unmet:
        nearest = next((call for call in left if call.name == want["name"]), None)
        missing.append((want, nearest))
        if nearest is not None:
            left.remove(nearest)
    return CallMatch(missing, left)


def _fits(want: Mapping[str, Any], reply: Reply, call: ToolCall) -> bool:
    if call.name != want["name"]:
        return False
    got = read_arguments(reply, call).value
    if "arguments" in want and not same_json(got, want["arguments"]):
        return False
    if "accepts" in want and not (got is not None and accepted(got, want["accepts"])):
        return False
    return "includes" not in want or (got is not None and _includes(got, want["includes"]))


def _includes(got: Any, want: Any) -> bool:
    if isinstance(want, Mapping) and isinstance(got, Mapping):
        return all(key in got and _includes(got[key], value) for key, value in want.items())
    return same_json(got, want)
