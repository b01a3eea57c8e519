"""Looks over the runs of one workload, one after another: which host fell below the bar, when, and which came back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from trueweight.assess import DEFAULT_WORKLOAD_BAR, Bar, WorkloadBar
from trueweight.checks import all_checks
from trueweight.core import ConfigError, Observation
from trueweight.core.bar_outcome import AGREEMENT, MARGIN
from trueweight.core.grader import GRADERS
from trueweight.core.workload import Yardstick
from trueweight.statistics import Array
from trueweight.statistics.change import LevelChange, changes
from trueweight.statistics.multiple_testing import share_of_alpha
from trueweight.store import Manifest, RunDir
from trueweight.workflow.bar import bar_of
from trueweight.workflow.judge import Judgement, judge_run
from trueweight.workflow.look import looks_in
from trueweight.workload.grading import golden_decides, grade_recorded
from trueweight.workload.requests import is_of_client

FAILURES: Final = 0.05
"""The greatest share of requests without a reply, where the bar has no rule about it."""
IN_TIME: Final = 0.95
"""The least share of replies within the bar's time, which is a 95th percentile."""
_LEAST_BOUND: Final = 0.001


_ByCase: TypeAlias = defaultdict[str, defaultdict[str, list[float]]]


class WatchMetric(StrEnum):
    """What is watched of a host, as the bar of the workload has it."""

    AGREEMENT = "agreement"
    """Mean score against the recorded answers, over the tasks whose grader decides."""
    RIGHT = "right"
    """By golden answers: how much more often it is right than the baseline."""
    IN_TIME = "in-time"
    """Share of the replies within the bar's 95th percentile of the time."""
    REPLIES = "replies"
    """Share of the requests with a reply."""


class LookAnswer(NamedTuple):
    """One answer of a look: score against the recorded and the golden answer, milliseconds, USD; None where unknown."""

    host: str
    task: str
    case: str
    trial: str
    arrived: bool
    recorded: float | None
    golden: float | None
    ms: float | None
    cost: float | None


class Look(NamedTuple):
    """One run of the history: for each metric the scores in [0, 1] by host, one for each case; and the run's bar."""

    path: Path
    started_at: str
    scores: Mapping[WatchMetric, Mapping[str, Array]]
    bar: Bar | None
    answers: tuple[LookAnswer, ...] = ()

    @property
    def hosts(self) -> Collection[str]:
        """The hosts that were asked."""
        return self.scores[WatchMetric.REPLIES].keys()


class HostChange(NamedTuple):
    """A change of one host in one metric, at one look.

    Attributes:
        mean: of the look at which it was found; of `WatchMetric.RIGHT` the difference from the baseline, as ``bound``.
    """

    host: str
    metric: WatchMetric
    change: LevelChange
    bound: float
    mean: float
    look: Look


class LookMean(NamedTuple):
    """What one look measured of one host; ``mean`` is None where nothing was."""

    look: Look
    host: str
    metric: WatchMetric
    n: int
    mean: float | None
    bound: float


class Watched(NamedTuple):
    """What the history says.

    Attributes:
        skipped: runs that measured nothing, and why: no event comes from them.
        events: of all hosts, oldest first.
        alpha: of each host and metric; all of them together have `ALPHA`.
        means: of each look, host and metric.
        newest: the run that started last, whether or not it measured anything.
    """

    looks: tuple[Look, ...]
    skipped: tuple[tuple[Path, str], ...]
    events: tuple[HostChange, ...]
    alpha: float
    means: tuple[LookMean, ...] = ()
    newest: Path | None = None

    @property
    def measured(self) -> bool:
        """Whether the newest run measured anything."""
        return bool(self.looks) and self.looks[-1].path == self.newest

    @property
    def new(self) -> tuple[HostChange, ...]:
        """The events of the newest run; none if it measured nothing."""
        return tuple(one for one in self.events if one.look is self.looks[-1]) if self.measured else ()


def watch(history: Path) -> Watched:
    """Look over all runs in a folder, in order of their start. The bar is that of the newest run that has one.

    Raises:
        ConfigError: ``watch-empty`` if the folder has no run.
    """
    paths = looks_in(history)
    if not paths:
        hint = "Valid: a folder of run directories of one workload, e.g. history/2026-11-29."
        raise ConfigError("no run is in the folder", code="watch-empty", where=str(history), hint=hint)
    judged: list[tuple[Path, Manifest, Judgement, Bar | None]] = []
    checks = frozenset(info.id for info in all_checks())
    for path in paths:
        with RunDir.open(path) as run:
            judged.append((path, run.manifest, judge_run(run, without=checks), bar_of(run)))
    judged.sort(key=lambda one: one[1].started_at)
    bar = next((own for *_, own in reversed(judged) if own is not None), None)
    rules = DEFAULT_WORKLOAD_BAR if bar is None or bar.workload is None else bar.workload
    looks: list[Look] = []
    skipped: list[tuple[Path, str]] = []
    for path, manifest, judgement, own in judged:
        look = _look(path, manifest.started_at, judgement, own, rules.p95_ms_at_most)
        if not look.hosts:
            skipped.append((path, "no request of a workload was sent"))
        elif not any(column.any() for column in look.scores[WatchMetric.REPLIES].values()):
            skipped.append((path, "no host gave a reply: this machine or its network is the likelier cause"))
        else:
            looks.append(look)
    return _watched(looks, skipped, _bounds(rules), judged[-1][0])


def _look(path: Path, started_at: str, judgement: Judgement, bar: Bar | None, most_ms: float | None) -> Look:
    """The scores of a run's answers by case."""
    found: dict[WatchMetric, _ByCase] = {one: defaultdict(lambda: defaultdict(list)) for one in WatchMetric}
    answers: list[LookAnswer] = []
    has_golden = any(case.task is not None and golden_decides(case.task) for case in judgement.cases.values())
    for seen in judgement.observations:
        case = judgement.cases[seen.case]
        if case.task is None or is_of_client(seen):
            continue

        def add(metric: WatchMetric, values: Iterable[float], seen: Observation = seen) -> None:
            found[metric][seen.provider][seen.case] += values

        answers.append(_answer(seen, case.task.name))
        add(WatchMetric.REPLIES, [float(seen.arrived)])
        agrees = [one.value for one in seen.grades if one.against is Yardstick.BASELINE]
        decides = GRADERS.get(case.task.grader).decides
        if decides:
            add(WatchMetric.AGREEMENT, agrees)
        golden = (
            [one.value for one in seen.grades if one.against is Yardstick.GOLDEN] if golden_decides(case.task) else []
        )
        baseline = grade_recorded(case) if golden else None
        if baseline is not None:
            add(WatchMetric.RIGHT, [(value - baseline.value + 1) / 2 for value in golden])
        elif decides and has_golden:
            # What equals the recorded answer is right as often. So golden answers only where hosts differ are no bias.
            add(WatchMetric.RIGHT, [0.5 for value in agrees if value == 1])
        timed = seen.timing is not None and seen.timing.service is not None and not seen.client_limited
        if timed and most_ms is not None and seen.timing is not None:
            add(WatchMetric.IN_TIME, [float((seen.timing.service or 0) <= most_ms * 1e6)])
    scores = {metric: _columns(by_case) for metric, by_case in found.items()}
    return Look(path, started_at, scores, bar, tuple(answers))


def _answer(seen: Observation, task: str) -> LookAnswer:
    scores = {one.against: one.value for one in seen.grades}
    service = None if seen.timing is None or seen.client_limited else seen.timing.service
    return LookAnswer(
        seen.provider,
        task,
        seen.case,
        seen.trial,
        seen.arrived,
        scores.get(Yardstick.BASELINE),
        scores.get(Yardstick.GOLDEN),
        None if service is None else service / 1e6,
        seen.cost,
    )


def _columns(found: _ByCase) -> dict[str, Array]:
    """The mean of each case, because the trials of a case are not independent."""
    return {
        name: np.array([sum(values) / len(values) for values in cases.values() if values])
        for name, cases in found.items()
    }


def _bounds(rules: WorkloadBar) -> dict[WatchMetric, float]:
    """The least mean of each metric. Time is watched only where the bar has a rule about it."""
    least, margin = rules.answers.agreement_at_least, rules.answers.quality_margin
    least, margin = AGREEMENT if least is None else least, MARGIN if margin is None else margin
    failures = FAILURES if rules.failures_at_most is None else rules.failures_at_most
    bounds = {
        WatchMetric.AGREEMENT: _inside(least),
        WatchMetric.RIGHT: _inside((1 - margin) / 2),
        WatchMetric.REPLIES: _inside(1 - failures),
    }
    return bounds if rules.p95_ms_at_most is None else {**bounds, WatchMetric.IN_TIME: IN_TIME}


def _inside(bound: float) -> float:
    """A bound between 0 and 1: a mean cannot fall below 0, and no number of scores shows a mean of exactly 1."""
    return min(max(bound, _LEAST_BOUND), 1 - _LEAST_BOUND)


def _watched(
    looks: Sequence[Look], skipped: list[tuple[Path, str]], bounds: Mapping[WatchMetric, float], newest: Path
) -> Watched:
    hosts = sorted({name for look in looks for name in look.hosts})
    alpha = share_of_alpha(len(hosts) * len(bounds))
    nothing = np.array([])
    events, means = [], []
    for host in hosts:
        for metric, bound in bounds.items():
            series = [look.scores[metric].get(host, nothing) for look in looks]
            shown = _shown(metric, bound)
            for look, column in zip(looks, series, strict=True):
                mean = _shown(metric, float(column.mean())) if len(column) else None
                means.append(LookMean(look, host, metric, len(column), mean, shown))
            for change in changes(series, bound, alpha):
                mean = _shown(metric, float(series[change.look].mean()))
                events.append(HostChange(host, metric, change, shown, mean, looks[change.look]))
    events.sort(key=lambda one: (one.change.look, one.host, one.metric))
    return Watched(tuple(looks), tuple(skipped), tuple(events), alpha, tuple(means), newest)


def _shown(metric: WatchMetric, value: float) -> float:
    """A mean as it is shown: of golden answers the difference from the baseline."""
    return round(2 * value - 1, 12) if metric is WatchMetric.RIGHT else value
