"""Drift of another run in a report: of the very same provider, or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from summaries import make_drift, make_provider_summary, make_summary
from trueweight.core import Case, ConfigError, DriftVerdict, Provider, Role, Suite
from trueweight.core.note import Note, NoteCode
from trueweight.core.summary import Summary
from trueweight.core.summary_json import encode_summary
from trueweight.store import RunDir
from trueweight.workflow.join import join_drift
from trueweight.workflow.send import RunOptions, prepare

REFERENCE = Provider("ref", "http://127.0.0.1:9/v1", "m", Role.REFERENCE)
CANDIDATE = Provider("cand", "http://127.0.0.1:8/v1", "m")


def _summary(*, drift: bool) -> Summary:
    found = {"ref": make_provider_summary(Role.REFERENCE), "cand": make_provider_summary()}
    if drift:
        found["cand"] = make_provider_summary(drift=make_drift())
    return make_summary(found)


def _run(path: Path, providers: tuple[Provider, ...], *, drift: bool = False) -> Path:
    case = Case("s", "c", {"messages": []})
    prepared = prepare(providers, [Suite("s", (case,))], RunOptions())
    with RunDir.create(path, prepared.manifest, prepared.cases) as run:
        run.write_text("summary.json", encode_summary(_summary(drift=drift)).decode())
    return path


def _joined(one: Path, other: Path) -> Summary:
    with RunDir.open(one) as run, RunDir.open(other) as drift:
        return join_drift(_summary(drift=False), run, drift)


def test_the_same_provider_brings_its_drift(tmp_path: Path) -> None:
    """Same address, same model, same reference: its drift is there, and in its assessment."""
    both = (REFERENCE, CANDIDATE)
    found = _joined(_run(tmp_path / "a", both), _run(tmp_path / "b", both, drift=True))
    assert found.providers["cand"].drift == make_drift()
    assert found.providers["cand"].assessment.drift is DriftVerdict.EQUIVALENT
    assert found.run.notes == ()


@pytest.mark.parametrize("changed", [{"base_url": "http://127.0.0.1:7/v1"}, {"model": "n"}, {"extra_body": {"a": 1}}])
@pytest.mark.parametrize("whose", ["ref", "cand"])
def test_a_name_alone_brings_nothing_and_it_is_said(tmp_path: Path, changed: dict[str, Any], whose: str) -> None:
    """Another address, model or body, be it the candidate's or the reference's: left out, with a note."""
    both = tuple(replace(p, **changed) if p.name == whose else p for p in (REFERENCE, CANDIDATE))
    other = _run(tmp_path / "b", both, drift=True)
    found = _joined(_run(tmp_path / "a", (REFERENCE, CANDIDATE)), other)
    assert found.providers["cand"].drift is None
    assert found.run.notes == (Note(code=NoteCode.DRIFT_LEFT_OUT, providers=("cand",)),)


def test_a_run_without_drift_is_refused(tmp_path: Path) -> None:
    """Nothing to join is an error and no silence."""
    both = (REFERENCE, CANDIDATE)
    with pytest.raises(ConfigError) as caught:
        _joined(_run(tmp_path / "a", both), _run(tmp_path / "b", both))
    assert caught.value.code == "no-drift"
