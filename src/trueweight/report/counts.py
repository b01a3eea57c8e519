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
    "input_tokens": "prompt tokens",
    "output_tokens": "completion tokens",
    "usage_missing": "answers without usage",
    "finish_calls": "replies that finished with calls",
    "calls_valid": "of these, all calls valid",
    "calls_invalid": "of these, a call invalid",
    "finish_stop": "finish reason stop",
    "finish_other": "another finish reason",
    "finish_absent": "no finish reason",
    "calls_under_stop": "calls under finish reason stop",
    "calls_under_other_finish": "calls under another finish reason",
    "calls_not_judged": "calls of a tool whose schema is not valid",
    "finish_calls_without_calls": "finished with calls, and no call",
}


def counts_in_order(names: Iterable[str]) -> list[str]:
    """Counts in the order of this file, the others behind them."""
    places = {name: place for place, name in enumerate(_COUNTS)}
    return sorted(names, key=lambda name: (places.get(name, len(places)), name))


def count_name(name: str) -> str:
    """What a count of ``summary.json`` counts."""
    return _COUNTS.get(name) or name.replace("_", " ")
