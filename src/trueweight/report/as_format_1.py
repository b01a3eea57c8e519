"""A typed summary → the plain values that the renderers still read. It goes when they read the classes themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from trueweight.core.assessment import ReasonCode
from trueweight.core.bar_outcome import BarOutcome
from trueweight.core.summary import FindingSummary, ProviderSummary, Summary
from trueweight.core.summary_format_1 import COUNTS
from trueweight.report.reason_words import blame_words, note_words, rule_message
from trueweight.report.sentence import make_sentence


def as_format_1(summary: Summary | Mapping[str, Any]) -> Mapping[str, Any]:
    """The summary under the names of format 1, with its sentences."""
    if not isinstance(summary, Summary):
        return summary
    value: dict[str, Any] = msgspec.to_builtins(summary)
    run = value["run"] | {"asks": summary.run.passes, "notes": [note_words(note) for note in summary.run.notes]}
    if not run["notes"]:
        del run["notes"]
    if summary.client:
        run["client"] = [
            {"lag_p99_ms": one.lag_p99_ms}
            | ({} if one.self_test_p99_ms is None else {"self_test": {"p99_ms": one.self_test_p99_ms}})
            for one in summary.client
        ]
    for case in value["cases"]:
        for modes in case["cells"].values():
            for cell in modes.values():
                for name, empty in (("fails", []), ("trials", []), ("passed", 0), ("of", 0)):
                    cell.setdefault(name, empty)
    providers = {
        name: _provider(found, value["providers"][name], summary, name) for name, found in summary.providers.items()
    }
    return {
        "format": "trueweight.summary/1",
        "run": run,
        "noise_floor": value["self_agreement"],
        "providers": providers,
        "cases": value["cases"],
    }


def _provider(found: ProviderSummary, value: dict[str, Any], summary: Summary, name: str) -> dict[str, Any]:
    bar = found.assessment.bar
    out = value | {
        "counts": _counts(value["counts"]),
        "findings": [_finding(one, builtin) for one, builtin in zip(found.findings, value["findings"], strict=True)],
        "verdict": None if bar is None else _verdict(bar),
        "declared": value["declared"] or {},
    }
    del out["assessment"]
    if found.drift is None:
        del out["drift"]
    if found.over_time is None:
        del out["over_time"]
    said = make_sentence(
        out,
        is_reference=name == summary.run.reference,
        has_reference=summary.run.reference is not None and name != summary.run.reference,
    )
    if found.drift is not None:
        codes = [reason.code for reason in found.assessment.observations]
        drifted = codes[:1] in ([ReasonCode.DRIFT], [ReasonCode.DRIFT_MISCONFIGURED])
        alone = len(codes) == 1 and codes[0] in (
            ReasonCode.DRIFT,
            ReasonCode.DRIFT_MISCONFIGURED,
            ReasonCode.DRIFT_EQUIVALENT,
            ReasonCode.DRIFT_UNDECIDED,
        )
        said = found.drift.words if alone else f"{found.drift.words} {said}" if drifted else said
    return out | {"sentence": said}


def _counts(counts: dict[str, Any]) -> dict[str, int]:
    old = {new: name for name, new in COUNTS.items()}
    structured = {f"structured_{name.replace('-', '_')}": found for name, found in counts["structured"].items()}
    return {old.get(name, name): found for name, found in counts.items() if name != "structured"} | structured


def _finding(found: FindingSummary, value: dict[str, Any]) -> dict[str, Any]:
    absent = [name for name in ("reference_fails", "rate", "blame", "blame_reason") if value[name] is None]
    out = {key: one for key, one in value.items() if key not in absent} | {"law": found.requirement}
    if found.blame_reason is not None:
        out["blame_reason"] = blame_words(found.blame_reason)
    return out


def _verdict(bar: BarOutcome) -> dict[str, Any]:
    reasons = [msgspec.to_builtins(rule) | {"message": rule_message(rule)} for rule in bar.rules]
    return {"outcome": bar.outcome.value, "bar": bar.bar, "reasons": reasons}
