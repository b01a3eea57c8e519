"""A pool that judges elsewhere: what it finds is taken, what it cannot judge is judged here, and it is ended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from in_process import trueweight
from trueweight.core.summary_json import encode_summary
from trueweight.fleet import running_fleet
from trueweight.store import RunDir
from trueweight.workflow.finish import judge
from trueweight.workflow.judge.judged_trial import JudgedTrial, TrialJudge, pack, unpack


class Elsewhere:
    """Judges every second trial, as another machine would: through bytes."""

    def __init__(self, run: RunDir, judge: TrialJudge, trials: Sequence[str]) -> None:
        self.trials, self.run, self.judge = [*trials], run, judge
        self.taken: list[str] = []
        self.ended = False

    def take(self, trial: str) -> JudgedTrial | None:
        self.taken.append(trial)
        if len(self.taken) % 2:
            return None
        there = TrialJudge(self.run.manifest, self.run.cases())
        return unpack(pack(there.judge(self.run.read(trial))), self.judge)

    def close(self) -> None:
        self.ended = True


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run of a healthy provider and of one with a fault."""
    folder = tmp_path_factory.mktemp("pool")
    with running_fleet(["reference", "no-strict"]) as providers:
        command = ("run", "--providers", providers, "--suite", "structured-output", "--limit", 6, "--no-probe")
        assert trueweight(*command, "--quiet", "--out", "run", cwd=folder).returncode in (0, 1)
    return folder / "run"


def test_the_summary_is_the_same_wherever_a_trial_was_judged(recorded: Path) -> None:
    """Half of the trials elsewhere, half of them here: not one byte differs, and the trials are asked for in order."""
    pools: list[Elsewhere] = []

    def make(run: RunDir, judge: TrialJudge, trials: Sequence[str]) -> Elsewhere:
        pools.append(Elsewhere(run, judge, trials))
        return pools[-1]

    with RunDir.open(recorded) as run:
        assert encode_summary(judge(run, make)) == encode_summary(judge(run))
        assert [pool.taken for pool in pools] == [[*run.trials()]]
        assert pools[0].trials == [*run.trials()]
        assert pools[0].ended
