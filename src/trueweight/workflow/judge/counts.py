"""Plain counts of a provider's trials, those of the K2 Vendor Verifier under their own names.

Where ours differ: a reply without a finish reason is counted as such and not as ``stop``; a reply whose tool has a
schema that is no schema is counted apart and not as invalid; calls under ``stop`` are counted, not passed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence

from trueweight.core import Observation

_NAMED = (
    "trials",
    "recorded",
    "cases_answered",
    "cases_answered_with_tools",
    "arrived",
    "attempts",
    "retries",
    "count_finish_reason_tool_calls",
    "count_successful_tool_call",
    "schema_validation_error_count",
    "count_finish_reason_stop",
    "count_finish_others",
    "count_finish_absent",
    "calls_under_stop",
    "calls_under_other_finish",
    "calls_not_judged",
    "tool_calls_finish_without_calls",
    "client_limited",
    "prompt_tokens",
    "completion_tokens",
    "usage_missing",
)


def count(observations: Sequence[Observation], planned: int, with_tools: Container[str] = ()) -> dict[str, int]:
    """All counts by name; ``structured_<outcome>`` for each outcome that occurs.

    Args:
        planned: how many trials the provider should have.
        with_tools: keys of the cases that offer tools.
    """
    counts: Counter[str] = Counter(dict.fromkeys(_NAMED, 0))
    counts["trials"] = planned
    for seen in observations:
        counts["recorded"] += 1
        counts["attempts"] += seen.attempts
        counts["retries"] += seen.attempts - 1
        counts["client_limited"] += seen.client_limited
        if seen.arrived:
            counts["arrived"] += 1
            _count_reply(counts, seen)
    answered = {seen.case for seen in observations if seen.arrived}
    counts["cases_answered"] = len(answered)
    counts["cases_answered_with_tools"] = sum(case in with_tools for case in answered)
    return dict(counts)


def _count_reply(counts: Counter[str], seen: Observation) -> None:
    unjudged = seen.called and seen.calls_valid is None
    counts["calls_not_judged"] += unjudged
    if seen.finish_reason == "tool_calls":
        counts["count_finish_reason_tool_calls"] += 1
        counts["tool_calls_finish_without_calls"] += not seen.called
        if not unjudged:
            valid = seen.calls_valid is True
            counts["count_successful_tool_call" if valid else "schema_validation_error_count"] += 1
    elif seen.finish_reason == "stop":
        counts["count_finish_reason_stop"] += 1
        counts["calls_under_stop"] += seen.called
    else:
        counts["count_finish_others" if seen.finish_reason else "count_finish_absent"] += 1
        counts["calls_under_other_finish"] += seen.called
    counts["prompt_tokens"] += seen.prompt_tokens or 0
    counts["completion_tokens"] += seen.completion_tokens or 0
    counts["usage_missing"] += seen.ok and seen.completion_tokens is None
    if seen.structured is not None:
        counts[f"structured_{seen.structured.replace('-', '_')}"] += 1


def count_failures(observations: Sequence[Observation]) -> dict[str, int]:
    """Trials that brought no answer, by kind of failure."""
    kinds = (seen.failure.value if seen.failure else "no-answer" for seen in observations if not seen.arrived)
    return dict(Counter(kinds))
