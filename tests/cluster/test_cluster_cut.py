"""Cutting a plan: each trial is in one batch, and what belongs together stays together."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from functools import cache

from cluster_parts import PROVIDERS, cases, trials
from hypothesis import given
from hypothesis import strategies as st

from trueweight.cluster.cut import LEAST, MOST, cut, deal, schedule
from trueweight.core import Trial
from trueweight.plan import make_plan
from trueweight.wire import ArrivalKind, WireSettings
from trueweight.wire.pacing import arrivals
from trueweight.workflow.load.starts import planned_starts


@cache
def conversation(number: int) -> tuple[Trial, ...]:
    """Cases of which every second one continues the one before it."""
    made = cases(number)
    linked = [
        replace(case, follows=made[at - 1].id, api="responses") if at % 2 else replace(case, api="responses")
        for at, case in enumerate(made)
    ]
    both = [replace(provider, api=("responses",)) for provider in PROVIDERS]
    return make_plan(linked, both).trials


@given(st.sampled_from([0, 1, 7, 30, 120, 300]), st.integers(1, 9))
def test_a_cut_plan_has_each_trial_once_in_its_order(number: int, workers: int) -> None:
    """The batches one after the other are the plan; all trials of a case in a round are in one of them."""
    plan = trials(number)
    batches = cut(plan, workers)
    assert [trial for batch in batches for trial in batch.trials] == [*plan]
    homes = [{trial.case.key for trial in batch.trials} for batch in batches]
    assert all(not one & other for one, other in itertools.combinations(homes, 2))
    assert all(LEAST <= len(batch.trials) < MOST + 10 for batch in batches[:-1])
    assert len({batch.name for batch in batches}) == len(batches)


def test_a_large_plan_has_several_batches_for_each_worker() -> None:
    """No worker is left alone with a long rest."""
    assert 3 * 4 <= len(cut(trials(400), 3)) <= 3 * 4 + 1


@given(st.sampled_from([1, 2, 9, 40, 61]), st.integers(1, 5))
def test_a_conversation_stays_with_one_worker(number: int, workers: int) -> None:
    """A trial and the one whose response it continues are in the same batch, the first one before the other."""
    plan = conversation(number)
    for batches in (cut(plan, workers), deal(plan, workers)):
        assert sorted(trial.id for batch in batches for trial in batch.trials) == sorted(trial.id for trial in plan)
        for batch in batches:
            seen = set()
            for trial in batch.trials:
                assert trial.follows is None or (trial.provider.name, trial.follows) in seen
                seen.add((trial.provider.name, trial.place))


@given(st.sampled_from([1, 4, 40]), st.integers(1, 5), st.sampled_from(ArrivalKind))
def test_the_schedule_of_a_cluster_is_that_of_one_machine(number: int, workers: int, kind: ArrivalKind) -> None:
    """All workers' starts together are the starts of one machine with the same seed, trial by trial."""
    plan, settings = trials(number), WireSettings(rate=7.5, arrivals=kind, seed=3)
    batches = schedule(plan, workers, settings)
    found = {name: start for batch in batches for name, start in batch.starts.items()}
    assert len(found) == len(plan) == sum(len(batch.trials) for batch in batches)
    for provider in PROVIDERS:
        instants = arrivals(7.5, kind, 0, random.Random(f"3/{provider.name}"))
        own = [trial for trial in plan if trial.provider.name == provider.name]
        assert [found[trial.id] for trial in own] == [next(instants) / 1e9 for _ in own]


def test_each_worker_sends_during_the_whole_run() -> None:
    """An open loop is dealt in turn: each of three workers has a third of every minute, not a minute of every three."""
    batches = schedule(trials(300), 3, WireSettings(rate=10, arrivals=ArrivalKind.CONSTANT))
    for batch in batches:
        own = sorted(batch.starts[trial.id] for trial in batch.trials if trial.provider.name == "cand")
        assert len(own) == 100
        assert own[0] < 0.5
        assert own[-1] > 29
        assert max(later - before for before, later in itertools.pairwise(own)) < 0.5


def test_a_level_of_load_is_held_to_the_schedule_of_the_workers() -> None:
    """The starts of all workers together are those that a level's starts on record are compared with."""
    settings = WireSettings(rate=10.0, seed=3)
    own = [trial for trial in trials(40) if trial.provider.name == "cand"]
    starts = [at for batch in schedule(own, 3, settings) for at in batch.starts.values()]
    assert sorted(starts) == planned_starts(settings, "cand", len(own))
