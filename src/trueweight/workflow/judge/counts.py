"""Plain counts of a provider's trials.

Where those on calls differ from the K2 Vendor Verifier's: a reply without a finish reason is counted as such and not
as ``stop``; a reply whose tool has an invalid schema is counted apart and not as invalid; calls under ``stop`` count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence

from trueweight.checks.circles import THOUGHT_ENDS
from trueweight.core import Finish, Observation, Outcome
from trueweight.core.summary import Counts
from trueweight.workflow.judge.observation_table import kinds


def count(observations: Sequence[Observation], planned: int, with_tools: Container[str] = ()) -> Counts:
    """All counts of a provider.

    Args:
        planned: how many trials the provider should have.
        with_tools: keys of the cases that offer tools.
    """
    counts: Counter[str] = Counter()
    structured: Counter[str] = Counter()
    answered: set[str] = set()
    for seen, rows in kinds(observations):
        number = len(rows)
        counts["recorded"] += number
        counts["attempts"] += number * seen.attempts
        counts["retries"] += number * (seen.attempts - 1)
        counts["client_limited"] += sum(one.client_limited for one in rows)
        if seen.arrived:
            counts["arrived"] += number
            counts["cut_in_thought"] += number * seen.cut_in_thought
            counts["cut_in_circles"] += number * (seen.cut_in_thought and _in_circles(seen))
            counts["without_answer"] += number * (seen.without_answer and not seen.cut_in_thought)
            _count_replies(counts, seen, number)
            for one in rows:
                _count_tokens(counts, one)
            if not seen.cut_in_thought:
                if seen.structured is not None:
                    structured[seen.structured] += number
                if not seen.unread:
                    answered.add(seen.case)
    counts["cases_answered"] = len(answered)
    counts["cases_answered_with_tools"] = sum(case in with_tools for case in answered)
    return Counts(trials=planned, **counts, structured=dict(structured))


def _in_circles(seen: Observation) -> bool:
    return any(finding.check == THOUGHT_ENDS and finding.outcome is Outcome.FAIL for finding in seen.findings)


def _count_replies(counts: Counter[str], seen: Observation, number: int) -> None:
    """Count so many replies of one kind."""
    unjudged = seen.called and seen.calls_valid is None
    counts["calls_not_judged"] += number * unjudged
    if seen.finish is Finish.CALLS:
        counts["finish_calls"] += number
        counts["finish_calls_without_calls"] += number * (not seen.called)
        if not unjudged:
            counts["calls_valid" if seen.calls_valid is True else "calls_invalid"] += number
    elif seen.finish is Finish.STOP:
        counts["finish_stop"] += number
        counts["calls_under_stop"] += number * seen.called
    else:
        counts["finish_other" if seen.finish else "finish_absent"] += number
        counts["calls_under_other_finish"] += number * seen.called


def _count_tokens(counts: Counter[str], seen: Observation) -> None:
    counts["longest_thought"] = max(counts["longest_thought"], seen.thinking_tokens or 0)
    counts["thinking_tokens"] += seen.thinking_tokens or 0
    counts["input_tokens"] += seen.input_tokens or 0
    counts["output_tokens"] += seen.output_tokens or 0
    counts["usage_missing"] += seen.ok and seen.output_tokens is None


def count_failures(observations: Sequence[Observation]) -> dict[str, int]:
    """Trials that brought no reply, by kind of failure."""
    counts: Counter[str] = Counter()
    for seen, rows in kinds(observations):
        if not seen.arrived:
            counts[seen.failure.value if seen.failure else "no-answer"] += len(rows)
    return dict(counts)
