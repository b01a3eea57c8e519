"""Calls that are text: written into the content without any marker, as JSON, as code, or as an action with its input;
and calls that are only quoted, and are run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from trueweight.checks.markers import find_markers
from trueweight.core import Case, Reply
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import quote, spans_of
from trueweight.core.example import Example, calls, sample_case, says
from trueweight.core.request import declared_tools
from trueweight.protocols import parse_json, spans_of_all_content

_FENCED: Final = re.compile(r"\A```[\w-]*\s*(.*?)\s*```\s*\Z", re.DOTALL)
_BEFORE_JSON: Final = re.compile(r"\A(?:functools|<?\w*tool_calls?>?)?\s*(?=[\[{])")
_CODE: Final = re.compile(r"\A\[?\s*(?:print\()?(?:default_api\.|functions\.)?([A-Za-z_][\w.-]{0,63})\((?:\w+\s*=|\))")
_ACTION: Final = re.compile(r"^Action:\s*([A-Za-z_][\w.-]{0,63})\s*\n+Action Input:", re.MULTILINE)
_ARGUMENTS: Final = ("arguments", "parameters", "args", "input", "tool_input")
_LONGEST: Final = 20_000


@check(
    "call-in-content",
    "A call is not written into the content as text.",
    failure="Tool calls come as text in the content in {cases}",
    row=1,
    explains=("tool-call-expected", "tool-call-matches", "tool-choice-required", "finish-reason"),
    source="https://github.com/ollama/ollama/issues/14360",
    why="The call is shown to the user and never run.",
    fix="Choose the tool parser that fits the model: some models write calls as bare JSON or as Python.",
    example=Example(
        says('{"name": "weather", "parameters": {"city": "Oslo"}}'),
        "parameters",
        says("Oslo is cold."),
    ),
)
def call_in_content(case: Case, reply: Reply) -> CheckResult | None:
    """Judges replies without calls to requests with tools. ``markers-in-content`` judges calls between markers."""
    if reply.calls or not reply.content or case.request.get("tool_choice") == "none":
        return None
    tools = declared_tools(case.request)
    if not tools:
        return None
    text = reply.content.strip()
    if len(text) > _LONGEST or find_markers(text):
        return None
    name = _called(text)
    if name in tools:
        return Fail(f"the content is a call of {quote(name)}", "a call", quote(text), spans_of_all_content(reply))
    return Pass()


@check(
    "quoted-call-not-run",
    "A call that the request only quotes, as markup, does not come as a call.",
    failure="A tool call comes that the request only quotes as markup, in {cases}",
    on_request=True,
    explains=("answer-in-content", "content-matches", "reply-not-empty", "tool-call-expected"),
    params={
        "type": "object",
        "properties": {"quoted": {"type": "string", "minLength": 1}},
        "required": ["quoted"],
        "additionalProperties": False,
    },
    source="https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/1592",
    why="A tool runs that the model did not call, and its result confuses the model in the next turn.",
    fix="Look for calls behind the end of the thought only, by the model's own tokens and not by their letters.",
    example=Example(
        calls('{"city": "Qaanaaq"}'),
        "Qaanaaq",
        says("Qaanaaq", reasoning='It says <tool_call>{"city": "Qaanaaq"}</tool_call>.'),
        sample_case({"quoted-call-not-run": {"quoted": "Qaanaaq"}}),
    ),
)
def quoted_call_not_run(_: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """Fails on a call whose arguments have the text that the request quotes in the markup of a call."""
    run = next((call for call in reply.calls if params["quoted"] in (call.arguments or "")), None)
    if run is not None:
        words = f"the quoted call of {quote(run.name)} came as a call"
        return Fail(words, "text", quote(run.arguments), spans_of([run.span]))
    return Pass()


def _called(text: str) -> str | None:
    """The name of the tool that a text calls; None if it is no call."""
    fenced = _FENCED.match(text)
    inner = fenced[1] if fenced else text
    parsed = parse_json(_BEFORE_JSON.sub("", inner))
    if parsed.ok:
        return _named(parsed.value)
    found = _CODE.match(inner) if inner.endswith((")", "]")) else None
    found = found or _ACTION.search(text)
    return found[1] if found else None


def _named(value: Any) -> str | None:
    """The name in a JSON value that is one call, or a list of calls."""
    one = value[0] if isinstance(value, list) and value else value
    if not isinstance(one, Mapping):
        return None
    if isinstance(one.get("function"), Mapping):
        one = one["function"]
    name = one.get("name") or one.get("tool_name") or one.get("tool")
    arguments = next((one[key] for key in _ARGUMENTS if key in one), None)
    return name if isinstance(name, str) and isinstance(arguments, Mapping | str) else None
