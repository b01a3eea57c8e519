"""Arguments of tool calls: one complete JSON object, valid by the tool's schema. Each kind of failure has its check."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from trueweight.checks.arguments_wrapped import unwrap
from trueweight.checks.calls import CallValidity, validity
from trueweight.checks.coercion import is_coerced
from trueweight.core import Case, Finish, Mode, Reply
from trueweight.core.check import CheckResult, Fail, NotApplicable, Pass, check
from trueweight.core.evidence import quote, spans_of
from trueweight.core.example import SAMPLE_CALL, Example, calls
from trueweight.core.request import custom_tools, declared_tools
from trueweight.protocols import narrow
from trueweight.protocols.arguments import CallProblem

_FORMAT = {"type": "object", "properties": {"assert_format": {"type": "boolean"}}, "additionalProperties": False}
_NOTHING = (CallProblem.ARGUMENTS_ABSENT, CallProblem.ARGUMENTS_NULL, CallProblem.ARGUMENTS_EMPTY)
_OWN_CHECK = frozenset({"enum", "const", "type", "required"})


@check(
    "tool-arguments-json",
    "Arguments are the text of one JSON object.",
    failure="Tool-call arguments are not JSON in {cases}",
    row=11,
    source="https://github.com/vllm-project/vllm/issues/21046",
    why="The client cannot parse the call.",
    fix="Look at how the tool parser slices arguments between chunks.",
    example=Example(calls('"city":"Oslo"}'), "Oslo", SAMPLE_CALL),
)
def tool_arguments_json(case: Case, reply: Reply) -> CheckResult | None:
    """Fails on every invalid text that no other check judges: stray quotes, lost prefixes, arrays, numbers; and on no
    text at all where the tool requires arguments, or is not declared: a model may write a name alone, which the server
    then has sent."""
    found = _problem(case, reply, CallProblem.ARGUMENTS_NOT_JSON, CallProblem.ARGUMENTS_NOT_AN_OBJECT)
    if isinstance(found, Fail) or reply.finish is Finish.LENGTH:
        return found
    return _problem(case, reply, *_NOTHING, optional=False)


@check(
    "tool-arguments-complete",
    "Arguments are complete, unless the finish reason is length.",
    failure="{cases} had truncated arguments in a reply that does not say so",
    row=4,
    source="https://github.com/MoonshotAI/K2-Vendor-Verifier/issues/12",
    why="The client cannot parse the call and does not learn why.",
    fix="Report the finish reason length if generation ended inside the call.",
    example=Example(calls('{"city":"Os'), "Os", SAMPLE_CALL),
)
def tool_arguments_complete(case: Case, reply: Reply) -> CheckResult | None:
    """Incomplete arguments under a finish reason of length are not judged."""
    return None if reply.finish is Finish.LENGTH else _problem(case, reply, CallProblem.ARGUMENTS_CUT)


@check(
    "tool-arguments-once",
    "Arguments are sent once.",
    failure="{cases} had arguments that were sent twice",
    row=10,
    source="https://github.com/vllm-project/vllm/issues/51697",
    why="Two objects in a row are not JSON.",
    fix="At the end of a stream, send only arguments that were not sent before.",
    example=Example(calls('{"city":"Oslo"}{"city":"Oslo"}'), "}{", SAMPLE_CALL),
)
def tool_arguments_once(case: Case, reply: Reply) -> CheckResult | None:
    """Fails on ``{…}{…}``, on ``{…}"{…}"``, and on a stream that sends each fragment twice. An empty object first is
    judged by ``tool-arguments-json``."""
    return _problem(case, reply, CallProblem.ARGUMENTS_DOUBLED, CallProblem.ARGUMENTS_TWICE)


@check(
    "tool-arguments-cumulative",
    "Each fragment of a call has new arguments only.",
    failure="Arguments are sent cumulatively, each fragment with all of them so far, in {cases}",
    engine=True,
    row=10,
    explains=("tool-arguments-json", "tool-arguments-complete", "finish-reason-length"),
    source="https://github.com/NousResearch/hermes-agent/issues/35718",
    why="Clients append fragments: the joined arguments are not JSON.",
    fix="Send the arguments since the last fragment.",
    example=Example(calls(("", '{"city":', '{"city":"Os', '{"city":"Oslo"}'), mode=Mode.STREAM), "Oslo", SAMPLE_CALL),
)
def tool_arguments_cumulative(case: Case, reply: Reply) -> CheckResult | None:
    """Judges streams; fails where each fragment begins with the one before and the joined text is not JSON."""
    return _problem(case, reply, CallProblem.ARGUMENTS_CUMULATIVE) if reply.streamed else None


@check(
    "tool-arguments-empty-object",
    "The arguments of a call without arguments are {}.",
    failure="{cases} had a call whose arguments are empty, null or absent, and not {}",
    engine=True,
    row=13,
    source="https://github.com/vllm-project/vllm/issues/28806",
    why="Clients parse the text as JSON, and empty text is not JSON.",
    fix="Send the text {} when the model gave no arguments.",
    example=Example(calls("", name="now"), "now", calls("{}", name="now")),
)
def tool_arguments_empty_object(case: Case, reply: Reply) -> CheckResult | None:
    """Fails on absent arguments, on null and on empty text. ``tool-arguments-json`` judges calls of tools that require
    arguments, and of tools that are not declared."""
    if reply.finish is Finish.LENGTH:
        return None
    return _problem(case, reply, *_NOTHING, optional=True)


@check(
    "tool-arguments-encoded-once",
    "Arguments are encoded once.",
    failure="{cases} had arguments encoded twice",
    source="https://platform.openai.com/docs/api-reference/chat/object",
    why="Clients parse the text once and get a text where they expect an object.",
    fix="If the model wrote its arguments as a JSON string, decode it before encoding.",
    example=Example(calls('"{\\"city\\":\\"Oslo\\"}"'), "Oslo", SAMPLE_CALL),
)
def tool_arguments_encoded_once(case: Case, reply: Reply) -> CheckResult | None:
    """Fails on a string inside the string, which some models write."""
    return _problem(case, reply, CallProblem.ARGUMENTS_ENCODED_TWICE)


@check(
    "tool-arguments-text",
    "Arguments are JSON text, and not a JSON value.",
    failure="{cases} had arguments that are a JSON value in place of its text",
    engine=True,
    source="https://platform.openai.com/docs/api-reference/chat/object",
    why="Clients expect a string with an object in it, and not the object.",
    fix="Encode the arguments object to text exactly once.",
    example=Example(calls({"city": "Oslo"}), "Oslo", SAMPLE_CALL),
)
def tool_arguments_text(case: Case, reply: Reply) -> CheckResult | None:
    """Fails on an object in place of the text."""
    return _problem(case, reply, CallProblem.ARGUMENTS_NOT_TEXT)


@check(
    "tool-arguments-schema",
    "Arguments are valid by the tool's schema.",
    failure="Tool-call arguments break the tool's schema in {cases}",
    obeys=True,
    source="https://platform.openai.com/docs/guides/function-calling",
    params=_FORMAT,
    why="The tool raises, or does something else than the model intended.",
    fix="Constrain decoding by the tool's schema.",
    example=Example(calls('{"city":"O"}'), "city", SAMPLE_CALL),
)
def tool_arguments_schema(case: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """Judges all keywords but enum and const, type, and required, which have other checks."""
    judged = validity(case.request, reply, assert_format=bool(params.get("assert_format")))
    unjudged = next((one for one in judged if one.valid is None), None)
    if unjudged is not None:
        return NotApplicable(unjudged.message, unjudged.not_judged)
    keywords = {v.keyword for one in judged for v in one.violations} - _OWN_CHECK
    return _violation(reply, judged, frozenset(keywords))


@check(
    "tool-arguments-enum",
    "Arguments keep to the enum or const of their parameter.",
    failure="{cases} had a value outside the parameter's enum",
    obeys=True,
    row=31,
    source="https://github.com/ollama/ollama/issues/17597",
    why="The tool has no case for the value.",
    fix="Constrain decoding by the tool's schema.",
    example=Example(calls('{"city":"Oslo","unit":"K"}'), "K", SAMPLE_CALL),
)
def tool_arguments_enum(case: Case, reply: Reply) -> CheckResult | None:
    """Judges ``enum`` and ``const``. ``tool-arguments-types`` judges a value that is right but for its type."""
    judged = tuple(one for one in validity(case.request, reply) if not _is_coerced(case, one))
    return _violation(reply, judged, frozenset({"enum", "const"}))


@check(
    "tool-arguments-types",
    "Each argument has the type that the tool's schema gives it.",
    failure="{cases} had an argument of another type than the tool's schema gives it",
    obeys=True,
    row=7,
    source="https://json-schema.org/draft/2020-12/json-schema-validation#section-6.1.1",
    why="Typed tools raise on numbers as text and on text as numbers, and leading zeros are lost.",
    fix="Let the tool parser convert by the schema's type only.",
    example=Example(calls('{"city":"Oslo","days":"3"}'), "days", SAMPLE_CALL),
)
def tool_arguments_types(case: Case, reply: Reply) -> CheckResult | None:
    """Judges ``type``; and ``enum`` and ``const`` where the value is right but for its type."""
    judged = validity(case.request, reply)
    coerced = _violation(reply, tuple(one for one in judged if _is_coerced(case, one)), frozenset({"enum", "const"}))
    return coerced if isinstance(coerced, Fail) else _violation(reply, judged, frozenset({"type"}))


def _is_coerced(case: Case, one: CallValidity) -> bool:
    schemas = declared_tools(case.request).get(one.call.name or "", ()) if one.violations else ()
    return any(is_coerced(schema, one.value, one.violations) for schema in schemas)


@check(
    "tool-arguments-required",
    "Every required argument is present.",
    failure="{cases} had a call without a required argument",
    obeys=True,
    row=29,
    source="https://github.com/sgl-project/sglang/issues/40051",
    why="The tool cannot run.",
    fix="Constrain decoding by the tool's schema, for named tool_choice too.",
    example=Example(calls("{}"), "{}", SAMPLE_CALL),
)
def tool_arguments_required(case: Case, reply: Reply) -> CheckResult | None:
    """Judges ``required``. ``tool-arguments-unwrapped`` judges arguments that are inside another object."""
    judged = tuple(one for one in validity(case.request, reply) if unwrap(case, one) is None)
    return _violation(reply, judged, frozenset({"required"}))


@check(
    "call-after-empty-call",
    "A call that follows a call without arguments has its own arguments.",
    failure="{cases} had a call without the arguments that it should have, after a call without arguments",
    row=14,
    source="https://github.com/vllm-project/vllm/issues/47901",
    why="The second of two parallel calls cannot be run.",
    fix="Reset the tool parser's state at the end of each call, also where its arguments are {}.",
    example=Example(calls("{}", ""), "call_1", calls("{}", '{"city":"Oslo"}')),
)
def call_after_empty_call(case: Case, reply: Reply) -> CheckResult | None:
    """Fails on a call after a call with ``{}`` that has no arguments, although its tool requires some."""
    judged = validity(case.request, reply)
    applies = False
    for before, after in pairwise(judged):
        if before.value == {} and _required(case, after):
            applies = True
            if not after.value and (after.arguments_problem in _NOTHING or after.value == {}):
                words = f"call {after.call.position} follows an empty call and has no arguments"
                return Fail(words, "its arguments", quote(after.call.arguments), spans_of([after.call.span]))
    return Pass() if applies else None


def _required(case: Case, one: CallValidity) -> bool | None:
    """Whether the tool that is called requires an argument; None if its name is that of no declared tool."""
    name = one.call.name or ""
    schemas = declared_tools(case.request).get(name, ())
    if name and not schemas and name not in custom_tools(case.request):
        return None
    return bool(schemas) and all(isinstance(schema, Mapping) and schema.get("required") for schema in schemas)


def _problem(case: Case, reply: Reply, *problems: CallProblem, optional: bool | None = None) -> CheckResult | None:
    """``optional``: judge only the calls of declared tools that require no argument, or only the others."""
    judged = validity(case.request, reply)
    bad = [one for one in judged if one.arguments_problem in problems]
    if optional is not None:
        bad = [one for one in bad if (_required(case, one) is False) is optional]
    if bad:
        call = bad[0].call
        place = f"call {call.position} ({quote(call.name)})"
        words = bad[0].message if bad[0].problem == bad[0].arguments_problem else str(bad[0].arguments_problem)
        got = "absent" if call.arguments is None else quote(call.arguments)
        message = f"{place}: {words}{_more(bad)}"
        spans = narrow(reply, call.span, call.arguments or "")
        return Fail(message, "one JSON object", got, spans)
    return Pass() if judged else None


def _violation(reply: Reply, judged: tuple[CallValidity, ...], keywords: frozenset[str]) -> CheckResult | None:
    if reply.finish is Finish.LENGTH:
        # Where an API has arguments as an object, those that the limit cut are an object with less in it.
        judged = tuple(one for one in judged if one.call is not reply.calls[-1])
    for one in judged:
        for breach in one.violations:
            if breach.keyword in keywords:
                message = f"call {one.call.position} ({quote(one.call.name)}): {breach.path}: {breach.message}"
                spans = narrow(reply, one.call.span, one.call.arguments or "")
                return Fail(message, f"{breach.keyword} holds", quote(one.call.arguments), spans)
    return Pass() if any(one.valid or one.violations for one in judged) else None


def _more(bad: list[CallValidity]) -> str:
    return f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
