"""Arguments text that JSON readers take differently, or not at all: keys twice, NaN, half characters, Python."""

from __future__ import annotations

from trueweight.checks.calls import validity
from trueweight.checks.markers import strings_of
from trueweight.core import Case, Reply, Severity, ToolCall
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import quote
from trueweight.core.example import SAMPLE_CALL, Example, calls
from trueweight.protocols import Kind, narrow, parse_json
from trueweight.protocols.arguments import CallProblem

_QUOTE = '<|"|>'
"""The control token that Gemma 4 writes around texts in its calls."""
_PORTABLE = "https://www.rfc-editor.org/rfc/rfc7493#section-2"


@check(
    "tool-arguments-keys-once",
    "No object in the arguments has the same key twice.",
    failure="{cases} had arguments with the same key twice",
    severity=Severity.SHOULD,
    row=11,
    source="https://www.rfc-editor.org/rfc/rfc7493#section-2.3",
    why="One reader takes the first value, another the last: the tool may run with another than the checked one.",
    fix="Build the arguments as an object, and encode it once.",
    example=Example(calls('{"city":"Oslo","city":"Rome"}'), "Rome", SAMPLE_CALL),
)
def tool_arguments_keys_once(_: Case, reply: Reply) -> CheckResult | None:
    """Judges arguments that are JSON."""
    return _oddity(reply, Kind.JSON_DUPLICATE_KEY, "each key once")


@check(
    "tool-arguments-characters",
    "Arguments have whole characters.",
    failure="{cases} had arguments with half a character",
    row=20,
    source="https://www.rfc-editor.org/rfc/rfc7493#section-2.1",
    why="The text cannot be encoded as UTF-8: the tool, or the next request, fails.",
    fix="Hold incomplete characters back until they are whole.",
    example=Example(calls('{"city":"Oslo\\ud83d"}'), "ud83d", SAMPLE_CALL),
)
def tool_arguments_characters(_: Case, reply: Reply) -> CheckResult | None:
    """Fails on an escape of half a UTF-16 pair."""
    return _oddity(reply, Kind.JSON_LONE_SURROGATE, "whole code points")


@check(
    "tool-arguments-nan",
    "Arguments have no NaN and no Infinity.",
    failure="{cases} had NaN or Infinity in the arguments",
    row=11,
    source=_PORTABLE,
    why="JSON has no such values: strict parsers raise.",
    fix="Constrain decoding to JSON; encode with a strict encoder.",
    example=Example(calls('{"city":"Oslo","days":NaN}'), "NaN", SAMPLE_CALL),
)
def tool_arguments_nan(case: Case, reply: Reply) -> CheckResult | None:
    """Judges arguments that are JSON otherwise."""
    return _problem(case, reply, CallProblem.ARGUMENTS_NAN, "JSON numbers")


@check(
    "tool-arguments-python",
    "Arguments are JSON, and not the notation of a Python dict.",
    failure="{cases} had arguments in Python's notation instead of JSON",
    row=11,
    source="https://github.com/vllm-project/vllm/issues/47643",
    why="Clients parse the text as JSON and raise on single quotes, None, True and False.",
    fix="Encode the arguments as JSON; do not print the object.",
    example=Example(calls("{'city': 'Oslo', 'unit': None}"), "None", SAMPLE_CALL),
)
def tool_arguments_python(case: Case, reply: Reply) -> CheckResult | None:
    """Judges arguments that are not JSON."""
    return _problem(case, reply, CallProblem.ARGUMENTS_PYTHON, "JSON")


@check(
    "tool-arguments-unmarked",
    "The tokens that quote a text in a model's calls are not in the text.",
    failure='{cases} had arguments with the token <|"|>, which quotes texts in calls of Gemma 4',
    engine=True,
    row=3,
    explains=("argument-whitespace", "tool-arguments-enum", "tool-call-matches"),
    source="https://github.com/vllm-project/vllm/issues/44522",
    why="The tool gets the token as part of a path, a query or an enum's value.",
    fix="Take the tokens that quote or end a value away in the tool parser, in streams too.",
    example=Example(calls(r'{"city":"<|\"|>Oslo<|\"|>"}'), "Oslo", SAMPLE_CALL),
)
def tool_arguments_unmarked(case: Case, reply: Reply) -> CheckResult | None:
    """Fails on a text that begins or ends with the token. Any other marker may be in an argument: it may hold any text.

    Accepts the token where it is in the request or in the case's answer.
    """
    read = [(call, parsed.value) for call in reply.calls if (parsed := parse_json(call.arguments or "")).ok]
    marked = next((call for call, value in read if any(map(_is_marked, strings_of(value)))), None)
    if marked is not None and not any(_QUOTE in known for known in strings_of([case.request, case.answer])):
        return _fail(reply, marked, f"a text begins or ends with {_QUOTE}", "text of the argument")
    return Pass() if read else None


def _is_marked(text: str) -> bool:
    return text.startswith(_QUOTE) or text.endswith(_QUOTE)


def _problem(case: Case, reply: Reply, problem: CallProblem, expected: str) -> CheckResult | None:
    judged = validity(case.request, reply)
    for one in judged:
        if one.arguments_problem is problem:
            words = one.message if one.problem is problem else str(problem)
            return _fail(reply, one.call, words, expected)
    return Pass() if judged else None


def _oddity(reply: Reply, kind: Kind, expected: str) -> CheckResult | None:
    judged = False
    for call in reply.calls:
        parsed = parse_json(call.arguments or "")
        judged |= parsed.ok
        detail = next((detail for found, detail in parsed.oddities if found is kind), None)
        if parsed.ok and detail is not None:
            return _fail(reply, call, detail, expected)
    return Pass() if judged else None


def _fail(reply: Reply, call: ToolCall, words: str, expected: str) -> Fail:
    message = f"call {call.position} ({quote(call.name)}): {words}"
    return Fail(message, expected, quote(call.arguments), narrow(reply, call.span, call.arguments or ""))
