"""``summary.json`` of format 1 → the plain values of format 2. What format 1 does not say stays absent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

FORMAT_1: Final = "trueweight.summary/1"

COUNTS: Final = {
    "count_finish_reason_tool_calls": "finish_calls",
    "count_successful_tool_call": "calls_valid",
    "schema_validation_error_count": "calls_invalid",
    "count_finish_reason_stop": "finish_stop",
    "count_finish_others": "finish_other",
    "count_finish_absent": "finish_absent",
    "tool_calls_finish_without_calls": "finish_calls_without_calls",
    "prompt_tokens": "input_tokens",
    "completion_tokens": "output_tokens",
}
_STRUCTURED: Final = "structured_"


def upgrade(summary: Any) -> Any:
    """The same summary under the names of format 2, to be converted and validated as such.

    Its sentences are left out, because the report makes them anew; a bar's messages, the run's notes and drift's
    findings are kept as text, and so are drift's words where they name a misconfiguration. No provider is assessed:
    `trueweight.assess.assess` does that. A value of a wrong type is passed on, for the validation to refuse.
    """
    if not isinstance(summary, Mapping):
        return summary
    out = {
        **summary,
        "format": "trueweight.summary/2",
        "self_agreement": summary.get("noise_floor"),
        "run": _changed(summary.get("run"), _run),
    }
    providers = summary.get("providers")
    if isinstance(providers, Mapping):
        out["providers"] = {name: _changed(provider, _provider) for name, provider in providers.items()}
    return out


def _changed(value: Any, change: Callable[[Mapping[str, Any]], Any]) -> Any:
    return change(value) if isinstance(value, Mapping) else value


def _run(run: Mapping[str, Any]) -> dict[str, Any]:
    notes = run.get("notes", ())
    if isinstance(notes, list | tuple):
        notes = [{"code": "text", "text": note} for note in notes]
    return {**run, "passes": run.get("asks"), "notes": notes}


def _provider(provider: Mapping[str, Any]) -> dict[str, Any]:
    out = {name: value for name, value in provider.items() if name not in ("verdict", "sentence")}
    out["counts"] = _changed(provider.get("counts"), _counts)
    out["declared"] = provider.get("declared") or None
    out["drift"] = _changed(provider.get("drift"), _drift)
    findings = provider.get("findings")
    if isinstance(findings, list):
        out["findings"] = [_changed(finding, _finding) for finding in findings]
    verdict = provider.get("verdict")
    if verdict is not None:
        not_assessed = {"recommendation": "undecided", "reasons": [{"code": "not-assessed"}]}
        out["assessment"] = {**not_assessed, "bar": _changed(verdict, _bar)}
    return out


def _counts(counts: Mapping[str, Any]) -> dict[str, Any]:
    structured = {
        name.removeprefix(_STRUCTURED).replace("_", "-"): value
        for name, value in counts.items()
        if name.startswith(_STRUCTURED)
    }
    plain = {COUNTS.get(name, name): value for name, value in counts.items() if not name.startswith(_STRUCTURED)}
    return {**plain, "structured": structured}


def _finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in finding.items() if name not in ("note", "blame_reason")}
    return {**kept, "requirement": finding.get("law")}


def _drift(drift: Mapping[str, Any]) -> dict[str, Any]:
    """Its numbers, from which the report makes the words anew; text where the numbers do not hold what it says."""
    out = {name: value for name, value in drift.items() if name != "words"}
    findings = drift.get("findings", ())
    if isinstance(findings, list | tuple):
        out["findings"] = [{"code": "text", "text": text} for text in findings]
    if drift.get("verdict") == "misconfigured":
        out["cause"] = {"code": "text", "text": drift.get("words", "")}
    return out


def _bar(verdict: Mapping[str, Any]) -> dict[str, Any]:
    return {"bar": verdict.get("bar", ""), "outcome": verdict.get("outcome"), "rules": verdict.get("reasons")}
