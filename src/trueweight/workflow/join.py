"""A run's report with the drift that another run measured of the same providers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from trueweight.core import ConfigError, Provider
from trueweight.store import RunDir, RunFile


def join_drift(summary: Mapping[str, Any], run: RunDir, drift: RunDir) -> dict[str, Any]:
    """The summary with each provider's drift from the other run, and what was left out as a note.

    Drift is taken over only from a provider that was asked in the same words at the same address, against the same
    reference: a name alone says nothing.

    Raises:
        ConfigError: if the other run measured no drift.
    """
    measured = _drifts(drift)
    ours, theirs = ({p.name: p for p in one.manifest.providers} for one in (run, drift))
    reference = summary["run"].get("reference")
    same = _same(ours.get(reference or ""), theirs.get(reference or ""))
    providers, left_out = dict(summary["providers"]), []
    for name, found in measured.items():
        if name not in providers:
            continue
        if same and _same(ours[name], theirs.get(name)):
            providers[name] = {**providers[name], "drift": found}
        else:
            left_out.append(name)
    if not left_out:
        return {**summary, "providers": providers}
    note = f"Drift left out, measured of another address, model or reference: {', '.join(left_out)}."
    notes = [*summary["run"].get("notes", ()), note]
    return {**summary, "providers": providers, "run": {**summary["run"], "notes": notes}}


def _same(one: Provider | None, other: Provider | None) -> bool:
    return one is not None and other is not None and one.fingerprint() == other.fingerprint()


def _drifts(run: RunDir) -> dict[str, Any]:
    summary = json.loads(run.read_text(RunFile.SUMMARY))
    found = {name: p["drift"] for name, p in summary.get("providers", {}).items() if p.get("drift")}
    if not found:
        raise ConfigError(
            "no drift was measured in this run",
            code="no-drift",
            where=str(run.path),
            hint="Valid: what `trueweight drift --out` wrote.",
        )
    return found
