"""What the counts of a provider are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from trueweight.core.summary import Counts

_NAMES: Final = {
    "trials": "trials planned",
    "recorded": "trials on record",
    "cases_answered": "cases answered",
    "cases_answered_with_tools": "cases with tools answered",
    "arrived": "answers that arrived",
    "attempts": "attempts",
    "retries": "retries",
    "client_limited": "CLIENT-LIMITED",
    "input_tokens": "input tokens",
    "output_tokens": "output tokens",
    "thinking_tokens": "of these, in thoughts",
    "longest_thought": "tokens of the longest thought",
    "cut_in_thought": "not judged: cut in thought",
    "cut_in_circles": "of these, thoughts that repeat themselves",
    "without_answer": "successes without text or a call, or with a refusal alone",
    "usage_missing": "answers without usage",
    "finish_calls": "finished with tool calls",
    "calls_valid": "of these, all calls valid",
    "calls_invalid": "of these, a call invalid",
    "finish_stop": "finished normally",
    "finish_other": "finished for another reason",
    "finish_absent": "finish reason absent",
    "calls_under_stop": "calls in a reply that finished normally",
    "calls_under_other_finish": "calls in a reply that finished for another reason",
    "calls_not_judged": "calls of a tool without a valid schema",
    "finish_calls_without_calls": "finished with tool calls, without a call",
}


class CountRow(NamedTuple):
    """A count: what it is called, its name in ``summary.json``, and its value for each provider."""

    title: str
    name: str
    numbers: tuple[int, ...]


def count_rows(counts: Sequence[Counts]) -> list[CountRow]:
    """A row for each count, with the values of all providers in the order given."""
    rows = [CountRow(words, name, tuple(getattr(one, name) for one in counts)) for name, words in _NAMES.items()]
    kinds = sorted({kind for one in counts for kind in one.structured})
    for kind in kinds:
        numbers = tuple(one.structured.get(kind, 0) for one in counts)
        rows.append(CountRow(f"structured output: {kind}", f"structured.{kind}", numbers))
    return rows
