"""Whether tool_choice and parallel_tool_calls are obeyed."""

from __future__ import annotations

from collections.abc import Mapping

from trueweight.checks.structured_form import is_beaten_by_format
from trueweight.core import Case, Finish, Reply
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import quote, spans_of
from trueweight.core.example import SAMPLE_CALL, SAMPLE_TEXT, Example, calls, sample_case
from trueweight.protocols import locate_noun, narrow

_CALLS = "https://platform.openai.com/docs/guides/function-calling"


@check(
    "tool-choice-none",
    "With tool_choice none there is no call.",
    failure="It calls a tool although tool_choice is none in {cases}",
    obeys=True,
    engine=True,
    row=28,
    explains=("tool-arguments-required", "tool-arguments-schema", "tool-arguments-types", "tool-arguments-enum"),
    source=_CALLS,
    why="The client requests text because it cannot run tools now.",
    fix="Leave the tools out of the prompt, or forbid the call when decoding.",
    example=Example(SAMPLE_CALL, "weather", SAMPLE_TEXT, sample_case(tool_choice="none")),
)
def tool_choice_none(case: Case, reply: Reply) -> CheckResult | None:
    """Judges the calls in the reply, whatever its finish reason."""
    if case.request.get("tool_choice") != "none":
        return None
    if reply.calls:
        names = quote([call.name for call in reply.calls])
        return Fail(
            "the reply has a call, and tool_choice is none", "no call", names, spans_of(c.span for c in reply.calls)
        )
    return Pass()


@check(
    "tool-choice-required",
    "With tool_choice required, or a named tool, there is a call.",
    failure="It calls no tool although tool_choice requires a call in {cases}",
    obeys=True,
    engine=True,
    row=28,
    source="https://github.com/ollama/ollama/issues/18043",
    why="Pipelines that force a call get no answer without it.",
    fix="Constrain decoding to the call grammar, or refuse the parameter.",
    example=Example(SAMPLE_TEXT, "stop", SAMPLE_CALL, sample_case(tool_choice="required")),
)
def tool_choice_required(case: Case, reply: Reply) -> CheckResult | None:
    """Replies that were cut, filtered or refused are not judged, nor are errors.

    Where only messages declare tools, which few servers know, the case must name this check.
    """
    choice = case.request.get("tool_choice")
    if (choice != "required" and _named(choice) is None) or reply.error is not None:
        return None
    if not case.request.get("tools") and "tool-choice-required" not in case.checks:
        return None
    if reply.calls:
        return Pass()
    if is_beaten_by_format(case, reply):
        return None  # call-before-format judges it
    if reply.refusal or reply.finish in (Finish.LENGTH, Finish.FILTER):
        return None
    spans = locate_noun(reply, "finish")
    return Fail("the reply has no call, and tool_choice requires one", quote(choice), quote(reply.content or ""), spans)


@check(
    "tool-choice-named",
    "With a named tool_choice only that tool is called.",
    failure="It calls another tool than tool_choice names in {cases}",
    obeys=True,
    engine=True,
    row=28,
    source=_CALLS,
    why="The client expects the arguments of that tool and gets those of another.",
    fix="Constrain the name when decoding.",
    example=Example(
        calls("{}", name="now"),
        "now",
        SAMPLE_CALL,
        sample_case(tool_choice={"type": "function", "function": {"name": "weather"}}),
    ),
)
def tool_choice_named(case: Case, reply: Reply) -> CheckResult | None:
    """``tool-choice-required`` judges whether there is a call."""
    wanted = _named(case.request.get("tool_choice"))
    if wanted is None or not reply.calls:
        return None
    others = [call for call in reply.calls if call.name != wanted]
    if others:
        spans = narrow(reply, others[0].span, others[0].name or "")
        return Fail("another tool than the named one was called", quote(wanted), quote(others[0].name), spans)
    return Pass()


@check(
    "parallel-calls-off",
    "With parallel_tool_calls false there is at most one call.",
    failure="It makes several calls although parallel calls are off in {cases}",
    obeys=True,
    engine=True,
    row=30,
    source="https://github.com/sgl-project/sglang/issues/9696",
    why="The client runs one tool at a time and loses the others.",
    fix="Stop after the first call.",
    example=Example(calls("{}", "{}"), "call_1", SAMPLE_CALL, sample_case(parallel_tool_calls=False)),
)
def parallel_calls_off(case: Case, reply: Reply) -> CheckResult | None:
    """Judges replies to requests that set it to false."""
    if case.request.get("parallel_tool_calls") is not False or not reply.calls:
        return None
    if len(reply.calls) > 1:
        spans = spans_of(call.span for call in reply.calls)
        return Fail("the reply has several calls, and parallel_tool_calls is false", "1", str(len(reply.calls)), spans)
    return Pass()


def _named(choice: object) -> str | None:
    function = choice.get("function") if isinstance(choice, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    return name if isinstance(name, str) else None
