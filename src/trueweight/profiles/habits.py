"""Failures that are a known habit of healthy deployments of a model family: they are no findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from trueweight.core import Case, Finding, Habit, Observation, Outcome


def without_habits(seen: Observation, case: Case, habits: Sequence[Habit]) -> Observation:
    """The observation without the failures that are a habit; its ``habits`` say which ones it shows."""
    kept, shown = split_habits(seen.findings, case, habits)
    if not shown:
        return seen
    excused = {one.check for one in seen.findings} - {one.check for one in kept}
    called = None if "tool-call-expected" in excused else seen.expects_call
    return replace(seen, findings=kept, habits=shown, expects_call=called)


def split_habits(
    findings: Sequence[Finding], case: Case, habits: Sequence[Habit]
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings that are no habit, and what the habits say that the others show, each once."""
    covering = [(one, next((habit for habit in habits if _covers(habit, case, one)), None)) for one in findings]
    shown = dict.fromkeys(habit.says for _, habit in covering if habit is not None)
    return tuple(one for one, habit in covering if habit is None), tuple(shown)


def _covers(habit: Habit, case: Case, finding: Finding) -> bool:
    if finding.outcome is not Outcome.FAIL or finding.check not in habit.checks:
        return False
    if habit.fields and not any(_sets(case.request.get(name), habit.value) for name in habit.fields):
        return False
    return _wanted_calls(case) >= habit.calls


def _sets(value: Any, wanted: Any) -> bool:
    """Whether a field has the wanted value; without one, whether it has any that is not the API's default."""
    if wanted is not None:
        return bool(value == wanted)
    return value is not None and value != "auto"


def _wanted_calls(case: Case) -> int:
    """Calls in one reply that the case's checks ask for."""
    least = case.checks.get("tool-call-expected", {}).get("min", 0)
    listed = case.checks.get("tool-call-matches", {}).get("calls", ())
    return max(int(least), len(listed) if isinstance(listed, list | tuple) else 0)
