"""Looks over the runs of one workload, one after another: which host fell below the bar, when, and which came back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from trueweight.assess import DEFAULT_WORKLOAD_BAR, Bar
from trueweight.checks import all_checks
from trueweight.core import ConfigError, Observation
from trueweight.core.grader import GRADERS
from trueweight.core.task import CaseTask
from trueweight.core.workload import Yardstick
from trueweight.statistics import Array
from trueweight.statistics.change import LevelChange, changes
from trueweight.statistics.multiple_testing import share_of_alpha
from trueweight.store import RunDir, RunFile
from trueweight.workflow.bar import bar_of
from trueweight.workflow.judge import judge_run
from trueweight.workload.compare import is_of_client

FAILURES: Final = 0.05
"""The share of requests without a reply that counts as too many, where the bar says nothing."""


_ByCase: TypeAlias = defaultdict[str, defaultdict[str, list[float]]]


class Look(NamedTuple):
    """One run of the history: scores against the recorded answers, and which requests got a reply, by host; its bar."""

    path: Path
    started_at: str
    scores: Mapping[str, Array]
    arrived: Mapping[str, Array]
    bar: Bar | None


class HostChange(NamedTuple):
    """A change of one host in one metric, at one look.

    Attributes:
        mean: of the look at which it was found.
    """

    host: str
    metric: str
    change: LevelChange
    bound: float
    mean: float
    look: Look


class Watched(NamedTuple):
    """What the history says.

    Attributes:
        skipped: runs that measured nothing, and why: no event comes from them.
        events: of all hosts, oldest first.
        alpha: of each host and metric; all of them together have `ALPHA`.
    """

    looks: tuple[Look, ...]
    skipped: tuple[tuple[Path, str], ...]
    events: tuple[HostChange, ...]
    alpha: float

    @property
    def new(self) -> tuple[HostChange, ...]:
        """The events of the newest look."""
        return tuple(one for one in self.events if one.look is self.looks[-1]) if self.looks else ()


def watch(history: Path) -> Watched:
    """Look over all runs in a folder, in order of their start. The bar is that of the newest run that has one.

    Raises:
        ConfigError: ``watch-empty`` if the folder has no run.
    """
    paths = sorted(path for path in history.iterdir() if RunFile.MANIFEST.is_in(path))
    if not paths:
        hint = "Valid: a folder of run directories of one workload, e.g. history/2026-11-29."
        raise ConfigError("no run is in the folder", code="watch-empty", where=str(history), hint=hint)
    looks: list[Look] = []
    skipped: list[tuple[Path, str]] = []
    checks = frozenset(info.id for info in all_checks())
    for path in paths:
        with RunDir.open(path) as run:
            judgement = judge_run(run, without=checks)  # only grades and arrival count here
            bar = bar_of(run)
        tasks = {key: case.task for key, case in judgement.cases.items() if case.task is not None}
        look = _look(path, run.manifest.started_at, judgement.observations, tasks, bar)
        if not look.arrived:
            skipped.append((path, "no request of a workload was sent"))
        elif not any(column.any() for column in look.arrived.values()):
            skipped.append((path, "no host gave a reply: this machine or its network is the likelier cause"))
        else:
            looks.append(look)
    looks.sort(key=lambda one: one.started_at)
    return _watched(looks, skipped, next((one.bar for one in reversed(looks) if one.bar is not None), None))


def _look(
    path: Path, started_at: str, observations: Sequence[Observation], tasks: Mapping[str, CaseTask], bar: Bar | None
) -> Look:
    """The scores of a run's answers by case, over the tasks whose grader decides."""
    scores: _ByCase = defaultdict(lambda: defaultdict(list))
    arrived: _ByCase = defaultdict(lambda: defaultdict(list))
    for seen in observations:
        task = tasks.get(seen.case)
        if task is None or is_of_client(seen):
            continue
        arrived[seen.provider][seen.case].append(float(seen.arrived))
        if GRADERS.get(task.grader).decides:
            scores[seen.provider][seen.case] += [one.value for one in seen.grades if one.against is Yardstick.BASELINE]
    return Look(path, started_at, _columns(scores), _columns(arrived), bar)


def _columns(found: _ByCase) -> dict[str, Array]:
    """The mean of each case, because the trials of a case are not independent."""
    return {
        name: np.array([sum(values) / len(values) for values in cases.values() if values])
        for name, cases in found.items()
    }


def _watched(looks: Sequence[Look], skipped: list[tuple[Path, str]], bar: Bar | None) -> Watched:
    own = DEFAULT_WORKLOAD_BAR if bar is None or bar.workload is None else bar.workload
    agreement = own.answers.agreement_at_least or DEFAULT_WORKLOAD_BAR.answers.agreement_at_least or 0.9
    bounds = {"agreement": agreement, "replies": 1 - (own.failures_at_most or FAILURES)}
    hosts = sorted({name for look in looks for name in look.arrived})
    alpha = share_of_alpha(len(hosts) * len(bounds))
    nothing = np.array([])
    events = []
    for host in hosts:
        columns = {
            "agreement": [look.scores.get(host, nothing) for look in looks],
            "replies": [look.arrived.get(host, nothing) for look in looks],
        }
        for metric, series in columns.items():
            for change in changes(series, bounds[metric], alpha):
                mean = float(series[change.look].mean())
                events.append(HostChange(host, metric, change, bounds[metric], mean, looks[change.look]))
    events.sort(key=lambda one: (one.change.look, one.host, one.metric))
    return Watched(tuple(looks), tuple(skipped), tuple(events), alpha)
