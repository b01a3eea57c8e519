"""The content as text: present, whole characters, no loops, and what a case requires of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from trueweight.checks.markers import strings_of
from trueweight.checks.patterns import Unjudged, matches
from trueweight.core import Case, Finish, Reply, Severity, Span
from trueweight.core.check import CheckResult, Fail, NotApplicable, Pass, check
from trueweight.core.evidence import anomalies, quote, spans_of
from trueweight.core.example import SAMPLE_TEXT, Example, sample_case, says
from trueweight.core.grader import grade
from trueweight.core.judging import JudgingProblem
from trueweight.protocols import Kind, locate, locate_noun, narrow, span_of_content, spans_of_all_content

_BROKEN = "\ufffd"
_INVISIBLE = re.compile("[\u200b\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]")
# Matched against the reversed text, so that it is tried at one place only, which keeps it fast on hostile text.
_LOOP_BACKWARDS = re.compile(r"(.{1,80}?)\1{19,}+", re.DOTALL)
_LOOP_TAIL = 4000


@check(
    "reply-not-empty",
    "A reply that finished carries content, a call or a refusal.",
    failure="The reply is empty in {cases}",
    row=12,
    source="https://github.com/vllm-project/vllm/issues/48294",
    why="The client has neither an answer nor an error.",
    fix="See whether the tool parser drops what it cannot parse, or a call that comes in one piece.",
    example=Example(says(""), "stop"),
)
def reply_not_empty(case: Case, reply: Reply) -> CheckResult | None:
    """Other checks judge reasoning alone and a finish reason of tool calls. A stop sequence may leave no text."""
    if reply.error is not None or reply.finish is not Finish.STOP or reply.choice.thinks or "stop" in case.request:
        return None
    if (reply.content or "").strip() or reply.calls or reply.refusal:
        return Pass()
    if anomalies(reply, Kind.WRONG_TYPE, Kind.LEGACY_FUNCTION_CALL):
        return None
    return Fail(
        "the finish reason is stop, and the reply is empty", "an answer", "nothing", locate_noun(reply, "finish")
    )


@check(
    "text-whole-characters",
    "Text has no replacement characters and no half code points.",
    failure="{cases} had replacement characters or half code points in the text",
    row=20,
    source="https://github.com/vllm-project/vllm/issues/931",
    why="Emoji and scripts beyond ASCII arrive as garbage, in arguments too.",
    fix="Hold incomplete byte sequences back until the code point is whole.",
    example=Example(says("a \ufffd"), "\ufffd"),
)
def text_whole_characters(case: Case, reply: Reply) -> CheckResult | None:
    """Looks for U+FFFD in content, reasoning and arguments that is not in the request."""
    if halves := anomalies(reply, Kind.JSON_LONE_SURROGATE):
        return Fail(halves[0].detail, "whole code points", "half of one", spans_of(halves))
    texts = [reply.content, reply.reasoning, *(call.arguments for call in reply.calls)]
    if not any(texts):
        return None
    if any(text and _BROKEN in text for text in texts) and not any(
        _BROKEN in text for text in strings_of(case.request)
    ):
        if anomalies(reply, Kind.BAD_UTF8):
            return None  # the body is not UTF-8, which body-utf8 judges
        spans = locate(reply, _BROKEN) or narrow(reply, Span(0, len(reply.body)), _BROKEN)
        return Fail("the text has U+FFFD", "whole code points", "U+FFFD", spans)
    return Pass()


@check(
    "text-visible",
    "Content has no invisible control characters that the request does not have.",
    failure="{cases} had invisible control characters in the content",
    severity=Severity.INFO,
    source="https://www.unicode.org/reports/tr36/",
    why="Invisible characters break comparisons and searches, and can hide text.",
    fix="See whether something watermarks or filters the output.",
    example=Example(says("a\u200bb"), "\u200b", says("👩\u200d🚀")),
)
def text_visible(case: Case, reply: Reply) -> CheckResult | None:
    """Fails on zero-width spaces, bidirectional overrides and tag characters; joiners are part of scripts and emoji."""
    if not reply.content:
        return None
    found = _INVISIBLE.search(reply.content)
    # The England, Scotland and Wales flags are spelled in tag characters.
    if found and "\U0001f3f4" not in reply.content and not any(found[0] in s for s in strings_of(case.request)):
        return Fail(f"the content has U+{ord(found[0]):04X}", "visible text", "", span_of_content(reply, *found.span()))
    return Pass()


@check(
    "text-no-loop",
    "Content that reaches the token limit does not end in a loop.",
    failure="{cases} had content that ends in a loop at the token limit",
    severity=Severity.SHOULD,
    row=43,
    explains=("structured-output", "structured-output-bare", "json-equals"),
    source="https://github.com/MiniMax-AI/MiniMax-Provider-Verifier",
    why="The reply is useless, and the client pays for all tokens up to the limit.",
    fix="See whether temperature, top_p and the penalties reach the sampler, and whether the weights are damaged.",
    example=Example(says("so " * 300, "length"), "so so", says("so " * 5 + "x" * 250 + "end", "length")),
)
def text_no_loop(_: Case, reply: Reply) -> CheckResult | None:
    """Fails on twenty repeats or more, of at least 200 characters together, in a reply that the length limit cut."""
    if not reply.content or reply.finish is not Finish.LENGTH or len(reply.content) < 200:
        return None
    end = len(reply.content.rstrip())
    loop = _LOOP_BACKWARDS.match(reply.content[max(end - _LOOP_TAIL, 0) : end][::-1])
    if loop and len(loop[0]) >= 200:
        times = len(loop[0]) // len(loop[1])
        spans = span_of_content(reply, end - 2 * len(loop[1]), end)
        return Fail(f"{quote(loop[1][::-1])} is repeated {times} times", "an answer", "a loop", spans)
    return Pass()


@check(
    "content-matches",
    "The content equals, contains, excludes or matches the text that the case names.",
    failure="The content is not what the case demands in {cases}",
    on_request=True,
    params={
        "type": "object",
        "properties": {
            "equals": {"type": "string"},
            "contains": {"type": "array", "items": {"type": "string"}},
            "excludes": {"type": "array", "items": {"type": "string"}},
            "pattern": {"type": "string"},
            "first_in_order": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        },
        "minProperties": 1,
        "additionalProperties": False,
    },
    source="https://platform.openai.com/docs/api-reference/chat/create",
    why="The case was written so that a right answer is known.",
    fix="Compare with the reference on the same case before blaming the server.",
    example=Example(SAMPLE_TEXT, "hello", says("bye"), sample_case({"content-matches": {"contains": ["bye"]}})),
)
def content_matches(case: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """Absent content is empty content. ``equals`` ignores white space at both ends.

    ``first_in_order``: two or more of the texts occur, and they are the first ones of the list, in its order.
    """
    text = reply.content or ""
    here = spans_of_all_content(reply)
    if "equals" in params and grade("text", case, reply, {"text": params["equals"]}).value < 1:
        return Fail("the content is not the expected text", quote(params["equals"]), quote(text), here)
    if (wrong := _wrong_parts(params, reply, text)) is not None:
        return wrong
    try:
        if "pattern" in params and not matches(params["pattern"], text):
            return Fail("the content does not match the pattern", quote(params["pattern"]), quote(text), here)
    except Unjudged as unjudged:
        return NotApplicable(str(unjudged), JudgingProblem.SCHEMA)
    return Pass()


def _wrong_parts(params: Mapping[str, Any], reply: Reply, text: str) -> Fail | None:
    here = spans_of_all_content(reply)
    for wanted in params.get("contains", ()):
        if wanted not in text:
            return Fail("the content lacks an expected text", quote(wanted), quote(text), here)
    for unwanted in params.get("excludes", ()):
        if unwanted in text:
            return Fail("the content has an excluded text", "", quote(unwanted), locate(reply, unwanted))
    listed = list(params.get("first_in_order", ()))
    found = sorted((name for name in listed if name in text), key=text.index)
    if listed and (len(found) < 2 or found != listed[: len(found)]):
        return Fail("the listed texts do not occur in their order", quote(listed), quote(found), here)
    return None
