"""The names and ids of tool calls."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

from trueweight.checks.calls import is_custom
from trueweight.checks.markers import find_markers
from trueweight.core import Case, Reply
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import quote, spans_of
from trueweight.core.example import SAMPLE_CALL, Example, SampleCall, SampleReply, calls, sample_case
from trueweight.core.request import custom_tools, declared_tools
from trueweight.protocols import narrow

_WRITTEN = re.compile(r"functions\..+:\d+")
_JOINTS: Final = (".", ":", "/", "#", "(", "__")
"""Signs between the name of a tool and what a server puts before it or behind it."""
_CALLS = "https://platform.openai.com/docs/guides/function-calling"


@check(
    "tool-name-declared",
    "Every call is to a tool of the request.",
    failure="{message} in {cases}",
    obeys=True,
    row=5,
    source=_CALLS,
    why="The client has nothing to run.",
    fix="Constrain names to the declared tools, or drop calls to others.",
    example=Example(calls("{}", name="wether"), "wether", SAMPLE_CALL),
)
def tool_name_declared(case: Case, reply: Reply) -> CheckResult | None:
    """``tool-name-clean`` judges a name with control tokens in it."""
    if not reply.calls:
        return None
    tools = {*declared_tools(case.request), *custom_tools(case.request)}
    wrong = [c for c in reply.calls if c.name and c.name not in tools and not find_markers(c.name)]
    if wrong:
        name = wrong[0].name or ""
        spans = narrow(reply, wrong[0].span, name)
        return Fail(_misnamed(name, tools), quote(sorted(tools)), quote(name), spans)
    return Pass()


def _misnamed(name: str, tools: Collection[str]) -> str:
    """How a called name differs from that of a tool, in words that are the same for all tools."""
    if any(name == tool * 2 for tool in tools):
        return "the name of a tool comes twice in one"
    for tool in sorted(filter(None, tools), key=lambda tool: (-len(tool), tool)):
        before, found, behind = name.partition(tool)
        if found and not behind and before.endswith(_JOINTS):
            return f"the names of tools have {quote(before)} before them"
        if found and not before and behind.startswith(_JOINTS):
            return f"the names of tools have text behind them, such as {quote(behind)}"
    if _plain(name) in map(_plain, tools):
        return "the names of tools have other signs or capitals than in the request"
    return "it calls tools that were not offered"


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()


@check(
    "tool-name-clean",
    "A call's name is free of control tokens.",
    failure="A tool's name carries control tokens in {cases}",
    engine=True,
    row=3,
    source="https://github.com/vllm-project/vllm/issues/32587",
    why="The client finds no tool of that name.",
    fix="End the name in the tool parser at the model's own control tokens.",
    example=Example(calls("{}", name="weather<|end|>"), "<|end|>", SAMPLE_CALL),
)
def tool_name_clean(_: Case, reply: Reply) -> CheckResult | None:
    """Looks for markers of every known model family."""
    for call in reply.calls:
        if call.name and (found := find_markers(call.name)):
            spans = narrow(reply, call.span, found[0])
            return Fail(f"the name {quote(call.name)} has {quote(found[0])} in it", "a name", quote(call.name), spans)
    return Pass() if reply.calls else None


@check(
    "tool-name-present",
    "Every call has a name.",
    failure="A tool call has no name in {cases}",
    obeys=True,
    engine=True,
    source=_CALLS,
    why="The client cannot know what to run.",
    fix="Send the name in the first fragment of the call.",
    example=Example(calls("{}", name=None), "call_0", SAMPLE_CALL),
)
def tool_name_present(case: Case, reply: Reply) -> CheckResult | None:
    """Custom tools have their name in another field and are not judged."""
    calls = [call for call in reply.calls if not is_custom(case.request, call)]
    nameless = [call.span for call in calls if not call.name]
    if nameless:
        return Fail(f"{len(nameless)} of {len(calls)} calls have no name", "a name", "none", spans_of(nameless))
    return Pass() if calls else None


@check(
    "call-id-present",
    "Every call has an id.",
    failure="{cases} had a call without an id",
    engine=True,
    row=17,
    source="https://github.com/vllm-project/vllm/issues/18412",
    why="The tool's result cannot be sent back without it.",
    fix="Make an id for each call and send it in the call's first fragment.",
    example=Example(SampleReply(calls=(SampleCall(id=None),), finish="calls"), "weather", SAMPLE_CALL),
)
def call_id_present(_: Case, reply: Reply) -> CheckResult | None:
    """Accepts every format of id."""
    without = [call.span for call in reply.calls if not call.id]
    if without:
        return Fail(f"{len(without)} of {len(reply.calls)} calls have no id", "an id", "none", spans_of(without))
    return Pass() if reply.calls else None


@check(
    "call-id-unique",
    "No two calls of a reply share an id.",
    failure="{cases} had two calls with the same id",
    engine=True,
    source=_CALLS,
    why="Results of two calls cannot be told apart.",
    fix="Make ids per call, not per reply or per name.",
    example=Example(SampleReply(calls=(SampleCall(id="one"),) * 2, finish="calls"), "one", SAMPLE_CALL),
)
def call_id_unique(_: Case, reply: Reply) -> CheckResult | None:
    """Compares within one reply; some model families number calls through the whole conversation."""
    ids = Counter(call.id for call in reply.calls if call.id)
    if not ids:
        return None
    worst, count = ids.most_common(1)[0]
    if count > 1:
        spans = spans_of(call.span for call in reply.calls if call.id == worst)
        return Fail(f"{count} calls have the id {quote(worst)}", "unique ids", quote(worst), spans)
    return Pass()


@check(
    "call-id-new",
    "No call has the id of an earlier turn's call.",
    failure="{cases} had a call with the id of an earlier turn's call",
    engine=True,
    row=17,
    source="https://github.com/fw-ai/fireconnect/issues/16",
    why="Clients and templates join results to calls by id: the old result is taken for the new one.",
    fix="Make ids that are new in the conversation, or count on from the calls in its history.",
    example=Example(
        SampleReply(calls=(SampleCall(id="old"),), finish="calls"),
        "old",
        SAMPLE_CALL,
        sample_case(
            messages=[
                {"role": "user", "content": "hi"},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": "old", "type": "function", "function": {"name": "now", "arguments": "{}"}}],
                },
                {"role": "tool", "tool_call_id": "old", "content": "12:00"},
            ]
        ),
    ),
)
def call_id_new(case: Case, reply: Reply) -> CheckResult | None:
    """Judges replies with calls to requests whose history has calls. Ids that some models write, such as
    ``functions.name:0``, are not judged."""
    earlier = {
        call.get("id")
        for message in case.request.get("messages") or ()
        if isinstance(message, Mapping)
        for call in message.get("tool_calls") or ()
        if isinstance(call, Mapping)
    }
    if not earlier or not reply.calls:
        return None
    again = [call for call in reply.calls if call.id in earlier and not _WRITTEN.fullmatch(call.id or "")]
    if again:
        spans = narrow(reply, again[0].span, again[0].id or "")
        return Fail("a call has the id of a call in the history", "a new id", quote(again[0].id), spans)
    return Pass()
