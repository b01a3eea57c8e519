"""What the counts of ``summary.json`` are called on a page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_COUNTS: Final = {
    "trials": "trials planned",
    "recorded": "trials on record",
    "cases_answered": "cases answered",
    "cases_answered_with_tools": "cases with tools answered",
    "arrived": "answers that arrived",
    "attempts": "attempts",
    "retries": "retries",
    "client_limited": "CLIENT-LIMITED",
    "prompt_tokens": "prompt tokens",
    "completion_tokens": "completion tokens",
    "usage_missing": "answers without usage",
    "count_finish_reason_tool_calls": "finish_reason tool_calls",
    "count_successful_tool_call": "of these, all calls valid",
    "schema_validation_error_count": "of these, a call invalid",
    "count_finish_reason_stop": "finish_reason stop",
    "count_finish_others": "finish_reason, another",
    "count_finish_absent": "finish_reason absent",
    "calls_under_stop": "calls under stop",
    "calls_under_other_finish": "calls under another finish_reason",
    "calls_not_judged": "calls of a tool without a sound schema",
    "tool_calls_finish_without_calls": "tool_calls without a call",
}


def counts_in_order(names: Iterable[str]) -> list[str]:
    """Counts in the order of this file, the others behind them."""
    places = {name: place for place, name in enumerate(_COUNTS)}
    return sorted(names, key=lambda name: (places.get(name, len(places)), name))


def count_name(name: str) -> str:
    """What a count of ``summary.json`` counts."""
    return _COUNTS.get(name) or name.replace("_", " ")
