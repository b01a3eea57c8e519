"""Drift of another run in a report: of the very same provider, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trueweight.core import Case, ConfigError, Provider, Role, Suite
from trueweight.store import RunDir
from trueweight.workflow.join import join_drift
from trueweight.workflow.options import RunOptions
from trueweight.workflow.send import prepare

REFERENCE = Provider("ref", "http://127.0.0.1:9/v1", "m", Role.REFERENCE)
CANDIDATE = Provider("cand", "http://127.0.0.1:8/v1", "m")


def _run(path: Path, providers: tuple[Provider, ...], drift: dict[str, Any]) -> Path:
    case = Case("s", "c", {"messages": []})
    recording = prepare(providers, [Suite("s", (case,))], RunOptions())
    with RunDir.create(path, recording.manifest, recording.cases) as run:
        found = {p.name: {"drift": drift} if p.role is Role.CANDIDATE and drift else {} for p in providers}
        run.write_text("summary.json", json.dumps({"providers": found}))
    return path


def _joined(one: Path, other: Path) -> dict[str, Any]:
    summary = {"run": {"reference": "ref"}, "providers": {"ref": {}, "cand": {}}}
    with RunDir.open(one) as run, RunDir.open(other) as drift:
        return join_drift(summary, run, drift)


def test_the_same_provider_brings_its_drift(tmp_path: Path) -> None:
    """Same address, same model, same reference."""
    both = (REFERENCE, CANDIDATE)
    found = _joined(_run(tmp_path / "a", both, {}), _run(tmp_path / "b", both, {"verdict": "equivalent"}))
    assert found["providers"]["cand"]["drift"] == {"verdict": "equivalent"}
    assert "notes" not in found["run"]


@pytest.mark.parametrize("changed", [{"base_url": "http://127.0.0.1:7/v1"}, {"model": "n"}, {"extra_body": {"a": 1}}])
@pytest.mark.parametrize("whose", ["ref", "cand"])
def test_a_name_alone_brings_nothing_and_it_is_said(tmp_path: Path, changed: dict[str, Any], whose: str) -> None:
    """Another address, model or body, be it the candidate's or the reference's: left out, with a note."""
    both = tuple(replace(p, **changed) if p.name == whose else p for p in (REFERENCE, CANDIDATE))
    other = _run(tmp_path / "b", both, {"verdict": "equivalent"})
    found = _joined(_run(tmp_path / "a", (REFERENCE, CANDIDATE), {}), other)
    assert "drift" not in found["providers"]["cand"]
    assert found["run"]["notes"] == ["Drift left out, measured of another address, model or reference: cand."]


def test_a_run_without_drift_is_refused(tmp_path: Path) -> None:
    """Nothing to join is an error and no silence."""
    both = (REFERENCE, CANDIDATE)
    with pytest.raises(ConfigError) as caught:
        _joined(_run(tmp_path / "a", both, {}), _run(tmp_path / "b", both, {}))
    assert caught.value.code == "no-drift"
