"""A broken requirement in words: what was seen, in how many cases."""

from __future__ import annotations

from typing import Final

from trueweight.core.assessment import Reason
from trueweight.core.summary import ProviderSummary
from trueweight.report.numbers import counted

# What the failure of a check means to a reader who knows no API. A check without an entry shows its requirement.
_SEEN: Final = {
    "markers-in-content": "Tool calls leak into the text as markup in {}",
    "markers-in-reasoning": "Tool calls leak into the reasoning as markup in {}",
    "think-tags-in-content": "Thinking leaks into the content in {}",
    "answer-in-content": "The reply is reasoning alone, without an answer, in {}",
    "reply-not-empty": "The reply is empty in {}",
    "tool-name-declared": "It calls tools that were not offered in {}",
    "tool-name-clean": "A tool's name carries control tokens in {}",
    "tool-name-present": "A tool call has no name in {}",
    "tool-arguments-json": "Tool-call arguments are not JSON in {}",
    "tool-arguments-schema": "Tool-call arguments break the tool's schema in {}",
    "tool-arguments-enum": "{} had a value outside the parameter's enum",
    "tool-arguments-required": "{} had a call without a required argument",
    "tool-arguments-types": "{} had an argument of another type than the tool's schema gives it",
    "tool-arguments-once": "{} had arguments that were sent twice",
    "tool-arguments-complete": "{} had truncated arguments in a reply that does not say so",
    "tool-arguments-text": "{} had arguments encoded twice",
    "argument-coerced": "{} had an argument whose type was changed",
    "argument-markers": "Marker text inside an argument cuts or splits it in {}",
    "argument-whitespace": "White space inside an argument is lost in {}",
    "tool-call-expected": "It calls a tool when it should not, or does not when it should, in {}",
    "tool-call-matches": "Tool calls are not the requested ones in {}",
    "tool-choice-none": "It calls a tool although tool_choice is none in {}",
    "tool-choice-required": "It calls no tool although tool_choice requires a call in {}",
    "tool-choice-named": "It calls another tool than tool_choice names in {}",
    "parallel-calls-off": "It makes several calls although parallel calls are off in {}",
    "text-beside-call": "The text beside a tool call is lost in {}",
    "structured-output": "Structured output is not what its schema says in {}",
    "structured-output-bare": "It ignores response_format: the content is not bare JSON in {}",
    "structured-output-schema": "It ignores response_format schemas: the JSON breaks them in {}",
    "json-equals": "The content is another JSON value than the requested one in {}",
    "content-matches": "The content is not what the case demands in {}",
    "finish-reason-agrees": "The finish reason contradicts the reply in {}",
    "stream-complete": "Streams end before they are complete in {}",
    "stream-honoured": "A stream is sent when none was requested, or none when one was, in {}",
    "request-accepted": "A well-formed request is refused in {}",
    "request-refused": "A malformed request is accepted in {}",
    "max-tokens-honoured": "The reply is longer than max_tokens allows in {}",
    "stop-honoured": "The content runs past a stop sequence in {}",
    "usage-present": "The reply reports no token usage in {}",
    "prompt-not-truncated": "The prompt is truncated in {}",
}


def broken_words(reason: Reason, provider: ProviderSummary) -> str:
    """A sentence: ``2 of 28 cases had a value outside the parameter's enum.``"""
    cases = f"{reason.count or 0} of {counted(reason.of or 0, 'case')}"
    seen = _SEEN.get(reason.check)
    if seen is not None:
        return f"{seen.format(cases)}."
    found = next((one for one in provider.findings if one.check == reason.check), None)
    requirement = (found.requirement if found is not None else "").rstrip(".") or reason.check
    return f"{cases} {'fails' if reason.count == 1 else 'fail'} the requirement “{requirement}.”"
