"""Whether the calls are those that the case expects: their number, tools and arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from trueweight.checks.calls import validity
from trueweight.checks.markers import find_markers
from trueweight.core import Case, Finish, Reply, ToolCall
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import calls_counted, quote, spans_of, whole
from trueweight.core.example import SAMPLE_CALL, SAMPLE_TEXT, Example, calls, sample_case
from trueweight.graders.calls import EXPECTED_CALLS, match_calls, wanted_arguments
from trueweight.protocols import locate_noun, narrow
from trueweight.protocols.arguments import read_arguments
from trueweight.protocols.reading import forgotten_with_reply

_COMPARE = "Compare with the reference on the same case before blaming the server."


_EXPECTED = sample_case(
    {
        "tool-call-matches": {
            "calls": [{"name": "weather", "arguments": {"city": "a\n  b </tool_call> c", "zip": "02134"}}]
        }
    }
)
_CALLS = "https://platform.openai.com/docs/guides/function-calling"
_ARGUMENTS = '{"city":"a\\n  b </tool_call> c","zip":"02134"}'
_RIGHT = calls(_ARGUMENTS)


@check(
    "tool-call-expected",
    "The number of calls is what the case requires.",
    failure="It makes another number of tool calls than the case requires in {cases}",
    on_request=True,
    params={
        "type": "object",
        "properties": {
            "call": {"enum": ["must", "must-not", "may"]},
            "min": {"type": "integer", "minimum": 0},
            "max": {"type": "integer", "minimum": 0},
        },
        "required": ["call"],
        "additionalProperties": False,
    },
    explains=("tool-arguments-required", "tool-arguments-schema"),
    source="https://platform.openai.com/docs/guides/function-calling",
    why="An agent does not work if the model does not call when it must, or calls when it must not.",
    fix=_COMPARE,
    example=Example(SAMPLE_TEXT, "stop", SAMPLE_CALL, sample_case({"tool-call-expected": {"call": "must"}})),
)
def tool_call_expected(_: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """Counts the calls in the reply, whatever its finish reason."""
    if reply.error is not None:
        return None
    count = len(reply.calls)
    low = params.get("min", 1 if params["call"] == "must" else 0)
    high = params.get("max", 0 if params["call"] == "must-not" else None)
    if count == 0 and params["call"] == "may":
        return Pass()
    if count < low or (high is not None and count > high):
        expected = f"at least {low}" if high is None else f"{low}" if low == high else f"{low} to {high}"
        spans = spans_of(call.span for call in reply.calls) or locate_noun(reply, "finish") or whole(reply)
        return Fail(f"{calls_counted(count)}; content {quote(reply.content or '', 60)}", expected, str(count), spans)
    return Pass()


@check(
    "tool-call-matches",
    "The calls are those that the case expects.",
    failure="Tool calls are not the requested ones in {cases}",
    on_request=True,
    params=EXPECTED_CALLS,
    source="https://platform.openai.com/docs/guides/function-calling",
    why="The case was written so that the right call is known.",
    fix=_COMPARE,
    example=Example(calls('{"city":"Rome"}'), "Rome", _RIGHT, _EXPECTED),
)
def tool_call_matches(case: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """Requires each expected call and no others. Arguments are compared as JSON values."""
    if reply.error is not None:
        return None
    match = match_calls(params, reply)
    if match.missing:
        want, nearest = match.missing[0]
        got = "no such call" if nearest is None else quote(f"{nearest.name}({nearest.arguments})")
        spans = spans_of([nearest.span if nearest else None]) or locate_noun(reply, "finish") or whole(reply)
        words = f"{len(match.missing)} of {len(params['calls'])} expected calls did not come as expected"
        cut = "; the reply was cut (finish reason length)" if reply.finish is Finish.LENGTH else ""
        how = _how_it_came(case, reply, nearest)
        return Fail(f"{words}: {quote(want['name'])}{how}{cut}", quote(dict(want)), got, spans)
    if match.extra:
        spans = spans_of(call.span for call in match.extra)
        return Fail(f"{calls_counted(len(match.extra))} more than expected", "", quote(match.extra[0].name), spans)
    return Pass()


def _how_it_came(case: Case, reply: Reply, nearest: ToolCall | None) -> str:
    """Whether the nearest call is valid, which the model may have chosen, or invalid."""
    if nearest is None:
        return " did not come at all"
    judged = next((one for one in validity(case.request, reply) if one.call is nearest), None)
    if judged is None or judged.valid is None:
        return ""
    return " is valid, but not the expected call" if judged.valid else f" is invalid: {judged.message}"


@check(
    "calls-once",
    "Each expected call comes once.",
    failure="Each tool call comes more than once in {cases}",
    row=10,
    explains=("tool-call-matches", "tool-call-expected"),
    source=_CALLS,
    why="The tool runs twice: two mails, two orders.",
    fix="Send a call when it is parsed, and not once more at the end.",
    example=Example(calls(_ARGUMENTS, _ARGUMENTS), "city", _RIGHT, _EXPECTED),
)
def calls_once(case: Case, reply: Reply) -> CheckResult | None:
    """Judges cases that name the calls, without one that is named twice; fails where all came, and some again."""
    params = case.checks.get("tool-call-matches")
    if not params or not reply.calls:
        return None
    match = match_calls({"calls": params["calls"]}, reply)
    wanted = [(call["name"], repr(call.get("arguments"))) for call in params["calls"]]
    if match.missing or not match.extra or len(set(wanted)) < len(wanted):
        return Pass()
    first = [call for call in reply.calls if call not in match.extra]
    values = [(call.name, repr(read_arguments(reply, call).value)) for call in first]
    again = [call for call in match.extra if (call.name, repr(read_arguments(reply, call).value)) in values]
    if not again:
        return Pass()
    words = f"{len(again)} of {len(reply.calls)} calls repeat another one"
    return Fail(words, "each call once", quote(again[0].name), spans_of(call.span for call in again))


@check(
    "argument-whitespace",
    "An argument has the white space that the request specifies.",
    failure="White space inside an argument is lost in {cases}",
    row=8,
    source="https://github.com/sgl-project/sglang/issues/41317",
    why="Code, patches and YAML depend on indentation and newlines.",
    fix="Do not strip or collapse white space between an argument's markers.",
    example=Example(calls('{"city":"a b </tool_call> c","zip":"02134"}'), "a b", _RIGHT, _EXPECTED),
)
def argument_whitespace(case: Case, reply: Reply) -> CheckResult | None:
    """Judges cases that name the arguments; fails where a call differs from them by white space only."""
    return differs(
        case,
        reply,
        lambda want, got: "".join(want.split()) == "".join(got.split()),
        "the argument differs in white space",
    )


@check(
    "argument-markers",
    "An argument that contains marker text is complete.",
    failure="Marker text inside an argument cuts or splits it in {cases}",
    row=6,
    source="https://github.com/ollama/ollama/issues/18659",
    why="The tool gets part of its argument.",
    fix="Parse the arguments' JSON to its end instead of searching for the end marker.",
    example=Example(calls('{"city":"a\\n  b ","zip":"02134"}'), r"a\\n  b", _RIGHT, _EXPECTED),
)
def argument_markers(case: Case, reply: Reply) -> CheckResult | None:
    """Judges cases that name an argument with a marker in it; fails where the argument ends there."""
    return differs(
        case,
        reply,
        lambda want, got: any(want.startswith(got) and len(got) <= want.find(m) + len(m) for m in find_markers(want)),
        "the argument ends at a marker",
    )


@check(
    "argument-coerced",
    "An argument keeps its type: text of digits stays text, a number stays a number.",
    failure="{cases} had an argument whose type was changed",
    row=7,
    source="https://json-schema.org/draft/2020-12/json-schema-validation#section-6.1.1",
    why="Leading zeros of codes are lost, and typed tools raise.",
    fix="Convert by the schema's type only.",
    example=Example(calls('{"city":"x","zip":2134}'), "2134", _RIGHT, _EXPECTED),
)
def argument_coerced(case: Case, reply: Reply) -> CheckResult | None:
    """Judges cases that name the arguments; fails where a value is right but for its type."""
    pairs = [pair for pair in leaf_pairs(case, reply) if type(pair[0]) is not type(pair[1])]
    for want, got, call in pairs:
        if not isinstance(got, Mapping | list) and _untyped(want) == _untyped(got):
            spans = narrow(reply, call.span, call.arguments or "")
            return Fail("the argument has the right value and the wrong type", quote([want]), quote([got]), spans)
    return Pass() if "tool-call-matches" in case.checks and reply.calls else None


def _untyped(value: Any) -> Any:
    """A scalar without its type, for comparison: 1, 1.0 and "1" are equal. A list or an object equals nothing."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, Mapping | list):
        return object()
    try:
        return float(value)
    except (ValueError, OverflowError):
        return str(value).lower()


def differs(case: Case, reply: Reply, like: Callable[[str, str], bool], words: str) -> CheckResult | None:
    """Fail on the first text argument that differs from the expected one, and is ``like`` (expected, received)."""
    for want, got, call in leaf_pairs(case, reply):
        if isinstance(want, str) and isinstance(got, str) and want != got and like(want, got):
            return Fail(words, quote(want), quote(got), narrow(reply, call.span, got))
    return Pass() if "tool-call-matches" in case.checks and reply.calls else None


def leaf_pairs(case: Case, reply: Reply) -> list[tuple[Any, Any, ToolCall]]:
    """Expected value, received value and call for each scalar of the expected calls that came with a difference."""
    params = case.checks.get("tool-call-matches")
    if not params:
        return []
    last = _recent.get("pairs")
    if last is None or last.expected is not params["calls"] or last.reply is not reply:
        found = match_calls({"calls": params["calls"]}, reply).missing
        pairs = [
            (want, got, call)
            for expected, call in found
            if call is not None
            for want, got in _leaves(wanted_arguments(expected), read_arguments(reply, call).value)
        ]
        last = _recent["pairs"] = _LeafPairs(params["calls"], reply, pairs)
    return last.pairs


class _LeafPairs(NamedTuple):
    expected: Any
    reply: Reply
    pairs: list[tuple[Any, Any, ToolCall]]


# Nine checks look at the same pairs, one after the other.
_recent: dict[str, _LeafPairs] = forgotten_with_reply({})


def _leaves(want: Any, got: Any) -> list[tuple[Any, Any]]:
    if isinstance(want, Mapping) and isinstance(got, Mapping):
        return [pair for key in want if key in got for pair in _leaves(want[key], got[key])]
    if isinstance(want, list | tuple) and isinstance(got, list):
        return [pair for w, g in zip(want, got, strict=False) for pair in _leaves(w, g)]
    return [] if isinstance(want, Mapping | list | tuple) else [(want, got)]
