"""Usage of chat completions: parsed from the ``usage`` object of a reply, or searched in raw bytes."""

from __future__ import annotations

import re
from typing import Any

from trueweight.core import Span, TokenCount, Usage
from trueweight.protocols.anomalies import Anomalies
from trueweight.protocols.fields import as_count, as_object

_HEAD, _TAIL = 16 * 1024, 64 * 1024
_MOST = 100
"""Occurrences of a key that are looked at: a healthy body has one, or one for each chunk."""
_NUMBER = re.compile(rb"\s*+:\s*+(\d{1,12})")


def read_usage(value: Any, span: Span, anomalies: Anomalies) -> Usage | None:
    """The ``usage`` object; None if there is none."""
    usage = as_object(value, "usage", span, anomalies)
    if usage is None:
        return None
    prompt = as_object(usage.get("prompt_tokens_details"), "usage.prompt_tokens_details", span, anomalies) or {}
    output = as_object(usage.get("completion_tokens_details"), "usage.completion_tokens_details", span, anomalies) or {}

    def count(source: dict[str, Any], key: str) -> int | None:
        return as_count(source.get(key), f"usage…{key}", span, anomalies)

    return Usage(
        input=count(usage, "prompt_tokens"),
        output=count(usage, "completion_tokens"),
        total=count(usage, "total_tokens"),
        cached=count(prompt, "cached_tokens"),
        reasoning=count(output, "reasoning_tokens"),
    )


def tokens_in(body: bytes) -> TokenCount | None:
    """The last token counts in a raw body, which need not be well-formed; None if it has no prompt count.

    Looked for in the last 64 KB and the first 16 KB: on the event loop, cost must not grow with the body.
    """
    for part in (body[-_TAIL:], body[:_HEAD]):
        if (prompt := _last_count(part, b'"prompt_tokens"')) is not None:
            return TokenCount(prompt, _last_count(part, b'"completion_tokens"') or 0)
    return None


def _last_count(part: bytes, key: bytes) -> int | None:
    """The number after the last occurrence of a key that has one. Searched backwards, because usage is at the end."""
    at = part.rfind(key)
    for _ in range(_MOST):
        if at < 0:
            return None
        if found := _NUMBER.match(part, at + len(key)):
            return int(found[1])
        at = part.rfind(key, 0, at)
    return None
