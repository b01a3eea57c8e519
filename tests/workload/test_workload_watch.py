"""A history of runs: a fall is found once, a return too, a healthy host is left alone, a lost night is no event."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from logs import ticket_row
from runs import START, as_recorded, record, workload_of

from in_process import trueweight
from trueweight.assess import parse_bar
from trueweight.core import Provider
from trueweight.statistics.change import changes
from trueweight.workflow.watch import watch

LABELS = ("billing", "outage")


def test_a_fall_and_a_return_are_one_change_each() -> None:
    """At the look in which the evidence suffices; the looks before and after it say nothing more."""
    rng = np.random.default_rng(1)
    looks = [(rng.random(60) < rate).astype(float) for rate in [0.97] * 20 + [0.6] * 10 + [0.98] * 15]
    found = changes(looks, 0.9, 0.01)
    assert [one.fell for one in found] == [True, False]
    assert 20 <= found[0].look <= 22
    assert 30 <= found[1].look <= 38
    assert changes([np.array([])] * 9, 0.9, 0.01) == []


def test_a_set_of_fixed_cases_whose_mean_is_at_the_bound_never_alarms() -> None:
    """The same cases night after night, a deterministic host: exactly at the bound is not below it."""
    look = np.array([0.0] * 6 + [1.0] * 54)
    assert changes([look] * 60, 0.9, 0.05) == []


@pytest.mark.slow
def test_a_healthy_host_is_seldom_said_to_have_fallen() -> None:
    """By simulation: a host exactly at the bound, 60 looks of 40 cases, in at most 5% of runs; two points above it, in
    hardly any; a fall by ten points below the bound is found within 15 looks in 95%."""
    rng = np.random.default_rng(2)
    false = sum(bool(changes([(rng.random(40) < 0.9) * 1.0 for _ in range(60)], 0.9, 0.05)) for _ in range(200))
    above = sum(bool(changes([(rng.random(40) < 0.92) * 1.0 for _ in range(60)], 0.9, 0.05)) for _ in range(100))
    assert false <= 0.05 * 200 + 6, false
    assert above <= 1, above
    late = 0
    for _ in range(60):
        looks = [(rng.random(40) < rate) * 1.0 for rate in [0.97] * 30 + [0.8] * 15]
        late += not changes(looks, 0.9, 0.05)
    assert late <= 3, late


@pytest.mark.slow
def test_watch_looks_over_a_folder_of_runs(tmp_path: Path) -> None:
    """The host falls in the third night; a night in which nothing arrived is left out; the exit code is that of the
    newest run."""
    tickets = workload_of((ticket_row(n, LABELS[n % 2]) for n in range(40)), tmp_path)
    host = Provider("host", "https://host.invalid/v1", "open-1")
    nights = {
        "night-1": as_recorded,
        "night-2": lambda case, n: None,
        "night-3": lambda case, n: as_recorded(case, n) if n % 2 else {"content": "neither"},
    }
    (tmp_path / "history").mkdir()
    for night, answer in nights.items():
        record(tickets, tmp_path / "history" / night, {"host": (host, answer)})
    done = trueweight("watch", "history", "--json", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "left out: night-2: no host gave a reply" in done.stderr
    said = json.loads(done.stdout)
    assert said["looks"] == 2
    (event,) = said["events"]
    assert (event["host"], event["metric"], event["change"], event["run"], event["new"]) == (
        "host",
        "agreement",
        "fell",
        "night-3",
        True,
    )
    shutil.copytree(tmp_path / "history" / "night-3", tmp_path / "history" / "night-4")
    later = trueweight("watch", "history", cwd=tmp_path)
    assert later.returncode == 0
    assert "host: agreement fell below 90.0% in night-3" in later.stdout
    assert "NEW" not in later.stdout
    (tmp_path / "empty").mkdir()
    assert trueweight("watch", "empty", cwd=tmp_path).returncode == 2


def test_the_bar_is_that_of_the_run_that_started_last(tmp_path: Path) -> None:
    """Whatever the names of the folders: the host that is right in half of the cases is below the newer bar only."""
    tickets = workload_of((ticket_row(n, LABELS[n % 2]) for n in range(48)), tmp_path)
    host = Provider("host", "https://host.invalid/v1", "open-1")
    (tmp_path / "history").mkdir()
    for night, (folder, bound) in enumerate((("b", 0.3), ("a", 0.9))):
        record(
            tickets,
            tmp_path / "history" / folder,
            {"host": (host, lambda case, n: as_recorded(case, n) if n % 2 else {"content": "neither"})},
            bar=parse_bar(f"[workload]\nagreement_at_least = {bound}\n", "bar.toml"),
            start=START + timedelta(days=night),
        )
    (event,) = watch(tmp_path / "history").events
    assert (event.metric, event.bound, event.change.fell) == ("agreement", 0.9, True)
