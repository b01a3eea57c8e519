"""The pace that a probe measured is that of the next dry run, and of nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from trueweight.core import Provider
from trueweight.core.probe import Probe, ProbeAnswer, ProbeQuestion, ProviderProbe
from trueweight.plan import Pace
from trueweight.workflow.judge import cache
from trueweight.workflow.probe import last_paces
from trueweight.workflow.probe.paces import keep_paces

HOST = Provider("host", "https://one.example/v1", "m")


def probe(ms: float) -> Probe:
    """A probe of the host with one completion of 10 tokens."""
    answer = ProbeAnswer(
        question=ProbeQuestion.PLAIN, trial="0", url="", status=200, answered=True, ms=ms, output_tokens=10
    )
    entry = ProviderProbe(
        provider="host", api="chat", base_url=HOST.base_url, model="m", fingerprint="f", at="", answers=(answer,)
    )
    return Probe(providers=(entry,))


def test_the_last_pace_of_the_same_address_and_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under any name; another address, another model, a damaged file and no cache have none."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    keep_paces([HOST], probe(2000))
    keep_paces([HOST], probe(500))
    assert last_paces([replace(HOST, name="renamed")]) == {"renamed": Pace(0.5, 0.05)}
    assert last_paces([replace(HOST, model="other"), replace(HOST, base_url="https://two.example/v1")]) == {}
    kept = next(tmp_path.rglob("*.zst"))
    kept.write_bytes(kept.read_bytes()[:-3])
    assert last_paces([HOST]) == {}
    monkeypatch.setenv(cache.VARIABLE, "")
    keep_paces([HOST], probe(500))
    assert last_paces([HOST]) == {}
