"""Cuts the trials of a run into batches, each of which one worker sends."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from trueweight.core import Trial, TrialPlace, digest
from trueweight.wire import WireSettings

BATCHES: Final = 4
"""Batches for each worker, so that none is left alone with a long rest."""
LEAST: Final = 32
"""Trials of a batch: fewer are not worth its start."""
MOST: Final = 2_000
"""Trials of a batch: of more, too many would wait for a worker that is slow."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Trials that one worker sends, in the order of the plan.

    Attributes:
        name: a digest of their ids, so that a batch is found again by the worker that takes it over.
        starts: trial → its intended start in an open loop, in seconds from the beginning; empty in a closed loop.
    """

    name: str
    trials: tuple[Trial, ...]
    starts: Mapping[str, float] = field(default_factory=dict)


def cut(trials: Sequence[Trial], workers: int) -> tuple[Batch, ...]:
    """Stretches of the plan for a closed loop.

    All trials of a case in a round are in one batch, so that they are still sent in the same minutes; so are a trial
    and those that continue its response.
    """
    wanted = math.ceil(len(trials) / (BATCHES * max(1, workers)))
    size = min(MOST, max(LEAST, wanted))
    found: list[Batch] = []
    begin = 0
    for end in _places_to_cut(trials):
        if end - begin >= size or end == len(trials):
            found.append(_batch(trials[begin:end]))
            begin = end
    return tuple(found)


def deal(trials: Sequence[Trial], workers: int) -> tuple[Batch, ...]:
    """A batch for each worker for a closed loop in which all workers send at the same time: each provider's trials are
    dealt in turn."""
    return tuple(map(_batch, _dealt(trials, workers)))


def schedule(trials: Sequence[Trial], workers: int, settings: WireSettings) -> tuple[Batch, ...]:
    """A batch for each worker for an open loop. The schedule is that of one machine with the same seed. It is cut by
    time: each provider's starts are dealt to the workers in turn, so that all of them send during the whole run."""
    starts: dict[str, float] = {}
    for name, own in _by_provider(trials).items():
        instants = settings.starts_of(name)
        starts |= {trial.id: next(instants) / 1e9 for trial in own}
    return tuple(
        Batch(one.name, one.trials, {trial.id: starts[trial.id] for trial in one.trials})
        for one in deal(trials, workers)
    )


def _batch(trials: Sequence[Trial]) -> Batch:
    return Batch(digest([trial.id for trial in trials])[:24], tuple(trials))


def _by_provider(trials: Iterable[Trial]) -> dict[str, list[Trial]]:
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        found.setdefault(trial.provider.name, []).append(trial)
    return found


def _firsts(trials: Iterable[Trial]) -> Iterator[str]:
    """For each trial the id of the first one of its conversation: the trial whose response it continues, or that
    one's; else its own."""
    firsts: dict[tuple[str, TrialPlace], str] = {}
    for trial in trials:
        before = None if trial.behind is None else firsts.get((trial.provider.name, trial.behind))
        first = firsts[trial.provider.name, trial.place] = before or trial.id
        yield first


def _places_to_cut(trials: Sequence[Trial]) -> Iterator[int]:
    """The places before which a batch may end: between two cases, and not within a conversation."""
    firsts = list(_firsts(trials))
    last = {first: at for at, first in enumerate(firsts)}
    open_until = 0
    for at, trial in enumerate(trials):
        if at > open_until and trial.case.key != trials[at - 1].case.key:
            yield at
        open_until = max(open_until, last[firsts[at]])
    if trials:
        yield len(trials)


def _dealt(trials: Sequence[Trial], workers: int) -> list[list[Trial]]:
    """The trials of each worker; those of a conversation are together."""
    parts: list[list[Trial]] = [[] for _ in range(max(1, workers))]
    turns: dict[str, int] = {}
    place: dict[str, int] = {}
    for trial, first in zip(trials, _firsts(trials), strict=True):
        if first not in place:
            turn = turns[trial.provider.name] = turns.get(trial.provider.name, -1) + 1
            place[first] = turn % len(parts)
        parts[place[first]].append(trial)
    return [part for part in parts if part]
