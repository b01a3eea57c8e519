"""One plain sentence about a provider: what is wrong with it, or that nothing is. Made from what was found alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ALPHA = 0.05
_RELIABLE = 0.99
_MOST = 2
_MATTERS = 0.1
"""A difference in time is told if all of its interval is above this share of the provider's own time: with enough
requests a millisecond is significant, and no reason to choose another."""

# What a law's failure means to a reader who knows no API; any other check speaks with its own law.
_PHRASES = {
    "markers-in-content": "Tool calls leak into the text as markup",
    "markers-in-reasoning": "Tool calls leak into the reasoning as markup",
    "tool-name-declared": "It calls tools that were never offered",
    "tool-arguments-json": "Tool-call arguments are not JSON",
    "tool-arguments-schema": "Tool-call arguments break the tool's schema",
    "tool-call-expected": "It calls a tool when it should not, or does not when it should",
    "tool-call-matches": "Tool calls are not the ones that were asked for",
    "structured-output": "Structured output is not what its schema says",
    "structured-output-bare": "It ignores response_format: the content is not bare JSON",
    "structured-output-schema": "It ignores response_format schemas: the JSON breaks them",
    "think-tags-in-content": "Thinking leaks into the content",
    "finish-reason-agrees": "The finish reason contradicts the reply",
    "stream-complete": "Streams end before they are complete",
}
# Checks of what a case expects say that something went wrong; where another check says what, it speaks first.
_SYMPTOMS = frozenset(
    {"tool-call-expected", "tool-call-matches", "structured-output", "json-equals", "content-matches", "finish-reason"}
)
_LEAKS = frozenset({"markers-in-content", "markers-in-reasoning"})
_RANK = {"MUST": 0, "SHOULD": 1}
_WORSE = {
    "tool_call_f1": "It decides otherwise than the reference when to call a tool",
    "schema_accuracy": "Its tool calls are valid less often than the reference's",
    "structured_output_accuracy": "Its structured output is valid less often than the reference's",
    "trigger_accuracy": "It calls tools when it should less often than the reference",
    "must_pass_rate": "It breaks MUST laws more often than the reference",
}
_SLOWER = {"ttft": "time to first token", "e2e": "time to the whole reply"}


def make_sentence(provider: Mapping[str, Any], *, is_reference: bool, has_reference: bool) -> str:
    """The sentence, from a provider's part of the summary."""
    counts = provider["counts"]
    if not counts["recorded"]:
        return "Nothing was asked of it yet."
    lost = _unavailable(provider)
    if not counts["arrived"]:
        return lost
    if provider["metrics"]["success_rate"]["value"] == 0:
        return f"It answered none of {counts['recorded']} requests: {counts['arrived']} were refused."
    own = _distinct([f for f in provider["findings"] if f["severity"] in _RANK and not _shared(f)])
    parts = [*filter(None, [lost]), *(_finding(finding, counts) for finding in own[:_MOST])]
    if len(own) > _MOST:
        parts.append(f"{len(own) - _MOST} more {'law is' if len(own) == _MOST + 1 else 'laws are'} broken.")
    if not own and not is_reference:
        parts += _comparisons(provider, has_shared=any(map(_shared, provider["findings"])))
    return " ".join(parts) or _praise(provider, is_reference=is_reference, has_reference=has_reference)


def _praise(provider: Mapping[str, Any], *, is_reference: bool, has_reference: bool) -> str:
    if is_reference:
        return "Nothing found wrong with the reference."
    versus = provider["versus_reference"]
    if has_reference and any(versus.get(metric, {}).get("value") is not None for metric in _WORSE):
        return "Nothing found wrong; its answers are not worse than the reference's beyond chance."
    return "Nothing found wrong."


def _shared(finding: Mapping[str, Any]) -> bool:
    """Whether the reference fails the check in every one of the same cases."""
    return "reference_fails" in finding and finding["reference_fails"] == len(finding["cases"])


def _distinct(findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The findings that explain most cases, worst first; one whose cases are mostly explained already is left out."""
    explained: set[str] = set()
    out = []
    for finding in sorted(
        findings,
        key=lambda f: (_RANK[f["severity"]], f["check"] in _SYMPTOMS, -len(f["cases"]), f["check"]),
    ):
        fresh = set(finding["cases"]) - explained
        if 2 * len(fresh) > len(finding["cases"]):
            out.append(finding)
            explained |= fresh
    return sorted(out, key=lambda f: (_RANK[f["severity"]], -len(f["cases"]), f["check"]))


def _finding(finding: Mapping[str, Any], counts: Mapping[str, int]) -> str:
    of = finding["cases_judged"]
    if finding["check"] in _LEAKS:
        # A leak is judged where there is text; what it spoils is the cases that offer tools.
        of = max(of, counts["cases_answered_with_tools"])
    cases = f"in {len(finding['cases'])} of {of} case{'' if of == 1 else 's'}"
    phrase = _PHRASES.get(finding["check"])
    if phrase:
        return f"{phrase} {cases}."
    law = finding["law"].rstrip(".") or finding["check"]
    return f"Broken {cases}: {law[:1].lower()}{law[1:]}."


def _unavailable(provider: Mapping[str, Any]) -> str:
    rate, failures = provider["metrics"]["success_rate"]["value"], provider["failures"]
    first = provider["metrics"].get("first_attempt_success_rate", {}).get("value")
    if rate is not None and first is not None and first < _RELIABLE and rate - first >= 1 - _RELIABLE:
        lost = "after retries all of them arrived" if rate == 1 else f"{_percent(1 - rate)} failed after retries too"
        words = f" ({_kinds(failures)})" if failures else ""
        asked = provider["counts"]["recorded"]
        return f"{_percent(1 - first)} of {asked} first attempts failed; {lost}{words}."
    if rate is None or rate >= _RELIABLE or not failures:
        return ""
    lost, recorded = sum(failures.values()), provider["counts"]["recorded"]
    if lost == recorded:
        return f"No answer ever came: all {recorded} requests failed ({_kinds(failures)})."
    return f"{lost} of {recorded} requests failed ({_kinds(failures)})."


def _kinds(failures: Mapping[str, int]) -> str:
    kinds = sorted(failures, key=lambda kind: (-failures[kind], kind))
    return ", ".join(f"{kind} {failures[kind]}" for kind in kinds[:3])


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%" if share >= 0.01 else f"{100 * share:.1f}%"


def _comparisons(provider: Mapping[str, Any], *, has_shared: bool) -> Sequence[str]:
    """What is worse than the reference beyond chance, with Holm's correction."""
    versus: Mapping[str, Mapping[str, Any]] = provider["versus_reference"]
    out = []
    for metric, words in _WORSE.items():
        found = versus.get(metric, {})
        if _significant(found) and found["value"] < 0:
            out.append(f"{words} ({_points(found)}).")
    for metric, words in _SLOWER.items():
        found = versus.get(metric, {})
        matters = _significant(found) and found["low"] > _MATTERS * provider["metrics"][metric]["value"]
        if matters and not out:
            begin = "What fails, the reference fails too" if has_shared else "Nothing wrong in its answers"
            by = f"{found['value']:,.0f} ms ({found['low']:,.0f}–{found['high']:,.0f})"
            out.append(f"{begin}; slower than the reference by {by}, median {words}.")
    if not out and has_shared:
        out.append("What fails, the reference fails too; otherwise nothing found wrong.")
    return out[:_MOST]


def _points(found: Mapping[str, Any]) -> str:
    """The difference with its interval, in percentage points."""
    value, low, high = (
        "…" if found[key] is None else f"{100 * found[key]:+.1f}".replace("-", "−") for key in ("value", "low", "high")
    )
    return f"{value} points, {low} to {high}"


def _significant(found: Mapping[str, Any]) -> bool:
    return found.get("value") is not None and found.get("p_holm", 1.0) <= ALPHA
