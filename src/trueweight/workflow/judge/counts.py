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


def count(observations: Sequence[Observation], planned: int, with_tools: Container[str] = ()) -> Counts:
    """All counts of a provider.

    Args:
        planned: how many trials the provider should have.
        with_tools: keys of the cases that offer tools.
    """
    counts: Counter[str] = Counter()
    structured: Counter[str] = Counter()
    for seen in observations:
        counts["recorded"] += 1
        counts["attempts"] += seen.attempts
        counts["retries"] += seen.attempts - 1
        counts["client_limited"] += seen.client_limited
        if seen.arrived:
            counts["arrived"] += 1
            counts["cut_in_thought"] += seen.cut_in_thought
            counts["cut_in_circles"] += seen.cut_in_thought and _in_circles(seen)
            counts["longest_thought"] = max(counts["longest_thought"], seen.thinking_tokens or 0)
            counts["without_answer"] += seen.without_answer and not seen.cut_in_thought
            _count_reply(counts, seen)
            if seen.structured is not None and not seen.cut_in_thought:
                structured[seen.structured] += 1
    answered = {seen.case for seen in observations if seen.arrived and not seen.cut_in_thought and not seen.unread}
    counts["cases_answered"] = len(answered)
    counts["cases_answered_with_tools"] = sum(case in with_tools for case in answered)
    return Counts(trials=planned, **counts, structured=dict(structured))


def _in_circles(seen: Observation) -> bool:
    return any(finding.check == THOUGHT_ENDS and finding.outcome is Outcome.FAIL for finding in seen.findings)


def _count_reply(counts: Counter[str], seen: Observation) -> None:
    counts["thinking_tokens"] += seen.thinking_tokens or 0
    unjudged = seen.called and seen.calls_valid is None
    counts["calls_not_judged"] += unjudged
    if seen.finish is Finish.CALLS:
        counts["finish_calls"] += 1
        counts["finish_calls_without_calls"] += not seen.called
        if not unjudged:
            counts["calls_valid" if seen.calls_valid is True else "calls_invalid"] += 1
    elif seen.finish is Finish.STOP:
        counts["finish_stop"] += 1
        counts["calls_under_stop"] += seen.called
    else:
        counts["finish_other" if seen.finish else "finish_absent"] += 1
        counts["calls_under_other_finish"] += seen.called
    counts["input_tokens"] += seen.input_tokens or 0
    counts["output_tokens"] += seen.output_tokens or 0
    counts["usage_missing"] += seen.ok and seen.output_tokens is None


def count_failures(observations: Sequence[Observation]) -> dict[str, int]:
    """Trials that brought no reply, by kind of failure."""
    kinds = (seen.failure.value if seen.failure else "no-answer" for seen in observations if not seen.arrived)
    return dict(Counter(kinds))
