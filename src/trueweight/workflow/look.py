"""One look of a watch: a small sample of the workload, the same for all hosts, as a run of the history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import numpy as np

from trueweight.assess import Bar
from trueweight.core import Case, ConfigError, InfrastructureError, Provider, near_miss
from trueweight.store import RunFile
from trueweight.suites import find_suite
from trueweight.workflow.run_builder import RunBuilder
from trueweight.workflow.send import RunOptions
from trueweight.workflow.send_whole import BuiltRun


def looks_in(history: Path) -> list[Path]:
    """The run directories of a history, sorted by name; none if it does not exist."""
    if not history.is_dir():
        return []
    return sorted(path for path in history.iterdir() if RunFile.MANIFEST.is_in(path))


def sample_of(cases: Sequence[Case], number: int, seed: int, look: int) -> tuple[Case, ...]:
    """Cases drawn without replacement, anew for each look; all of them if there are not more.

    Each draw is independent of the earlier ones, so the mean of a look is unbiased whatever was seen before.
    """
    if number >= len(cases):
        return tuple(cases)
    drawn = np.random.default_rng([seed, 37, look]).permutation(len(cases))[:number]
    return tuple(cases[at] for at in sorted(drawn))


def plan_look(
    folder: Path,
    providers: Sequence[Provider],
    bar: Bar | None,
    history: Path,
    *,
    number: int,
    seed: int,
    tasks: Sequence[str] = (),
) -> BuiltRun:
    """The run of the next look. Its rules are judged over all looks together, so none is refused for too few cases.

    Args:
        tasks: names of those that are watched; all of them if there are none.

    Raises:
        ConfigError: as `find_suite`; ``workload-missing`` if no case of the suite is of a workload; ``watch-task`` with
            the near miss if it has no such task.
    """
    suite = find_suite(str(folder))
    cases = [case for case in suite.cases if case.task is not None]
    if not cases:
        hint = "`trueweight workload from LOG -o DIR` makes one."
        raise ConfigError("not a workload", code="workload-missing", where=str(folder), hint=hint)
    known = sorted({case.task.name for case in cases if case.task is not None})
    for name in tasks:
        if name not in known:
            raise ConfigError(f"no task {name!r}", code="watch-task", where=str(folder), hint=near_miss(name, known))
    cases = [case for case in cases if not tasks or (case.task is not None and case.task.name in tasks)]
    drawn = sample_of(cases, number, seed, len(looks_in(history)))
    options = RunOptions(passes=1, seed=seed, of_history=True)
    builder = RunBuilder(providers, [replace(suite, cases=drawn)], options, bar=bar)
    prepared = builder.run()
    return BuiltRun(prepared.manifest, prepared.cases, prepared.plan, bar, builder)


def look_directory(history: Path, now: datetime) -> Path:
    """A directory that does not exist yet, named by the time of the look."""
    stem = now.strftime("%Y-%m-%dT%H-%M-%SZ")
    for number in range(1, 1000):
        path = history / (stem if number == 1 else f"{stem}-{number}")
        if not path.exists():
            return path
    raise ConfigError("too many runs of one second", code="watch-history", where=str(history))


def repeat(
    look: Callable[[], None],
    every: float,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    failed: Callable[[InfrastructureError], None],
) -> NoReturn:
    """Look again and again, each ``every`` seconds after the last one began, until something is raised.

    Args:
        clock: monotonic seconds.
        failed: gets the error of a look that the network or the disk ended; the next look is made all the same.
    """
    while True:
        begun = clock()
        try:
            look()
        except InfrastructureError as error:
            failed(error)
        sleep(max(0.0, every - (clock() - begun)))
