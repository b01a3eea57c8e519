"""Tolerances of a user's own hosts: as far as these are apart, and no further because of one that is strange."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from answers import CANDIDATE, REFERENCE, investigate, listed, reply

from trueweight.core import ConfigError, Provider, Trial
from trueweight.drift import DriftSettings, load_tolerances, shipped_thresholds, tolerances_of
from trueweight.drift.by_logprobs import LogprobTest

HOSTS = tuple(Provider(f"h{i}", f"http://127.0.0.1:{i + 3}/v1", "m") for i in range(3))


def answer(trial: Trial, strange: str = "") -> dict[str, Any]:
    """Each host bends the distribution of a question by a little of its own, the strange one by much."""
    question, who = trial.case.id.split("~")[0], trial.provider.name
    size = 0.5 if who == strange else 0.03
    rng, bent = random.Random(question), random.Random(f"{question} {who}")
    return reply("a", logprobs=listed(*(-0.4 * i - rng.random() + bent.gauss(0, size) for i in range(12))))


def calibrated(strange: str = "") -> Any:
    settings = DriftSettings(max_requests=60, stop=False)
    found = investigate(lambda trial: answer(trial, strange), settings, CANDIDATE, *HOSTS)
    tests = {name: one for name, one in found.candidates.items() if isinstance(one, LogprobTest)}
    return tolerances_of(REFERENCE.name, "m", tests)


def test_the_tolerance_is_how_far_honest_hosts_are_apart() -> None:
    """Two hosts that bend by 0.03 nats each are 0.04 apart; the limit lies above it."""
    found = calibrated()
    assert len(found.pairs) == 10
    assert all(0.02 < pair.nats < 0.06 for pair in found.pairs)
    assert 0.04 < found.tolerance < 0.09
    assert found.left_out == ()


def test_a_strange_host_does_not_widen_it() -> None:
    """It is named and left out."""
    found = calibrated("h1")
    assert found.left_out == ("h1",)
    assert found.tolerance < 0.09


def test_the_file_is_read_back_and_applied(tmp_path: Path) -> None:
    """The tolerance is applied; anything else is refused, that of an earlier version too: it was another quantity."""
    found = calibrated()
    path = tmp_path / "t.json"
    path.write_text(json.dumps(found.as_json()), "utf-8")
    assert load_tolerances(path) == found
    applied = found.applied(shipped_thresholds())
    assert applied.tolerance == found.tolerance
    for other in ({}, found.as_json() | {"format": "trueweight.drift-tolerances/1"}):
        path.write_text(json.dumps(other), "utf-8")
        with pytest.raises(ConfigError, match="not a file of tolerances"):
            load_tolerances(path)


def test_too_few_answers_make_no_tolerance() -> None:
    """One clear refusal."""
    with pytest.raises(ConfigError, match="no two hosts"):
        tolerances_of("ref", "m", {})
