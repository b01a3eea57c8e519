"""The cases of a workload as columns: what was recorded, how right it was, and the baseline's own noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np

from trueweight.core import Case
from trueweight.core.grader import GRADERS
from trueweight.core.task import CaseTask, RecordedAnswer
from trueweight.core.workload import Grade
from trueweight.statistics import Array
from trueweight.workload.grading import golden_decides, grade_others, grade_recorded


def column(values: Sequence[float | None]) -> Array:
    """Numbers as a column; NaN for None."""
    return np.array([np.nan if value is None else value for value in values], dtype=float)


class Columns:
    """The cases that have a task, in the order of the run.

    Attributes:
        keys: of the cases; ``index`` is the place of each.
        weights: requests of the log that each stands for.
        names: of the tasks, sorted.
    """

    def __init__(self, cases: Mapping[str, Case]) -> None:
        self.cases = [case for case in cases.values() if case.task is not None]
        self.tasks: list[CaseTask] = [case.task for case in self.cases if case.task is not None]
        self.keys = [case.key for case in self.cases]
        self.index = {key: at for at, key in enumerate(self.keys)}
        self.weights = np.array([task.stands_for for task in self.tasks], dtype=float)
        self.names = sorted({task.name for task in self.tasks})

    def __len__(self) -> int:
        return len(self.keys)

    def rows(self, task: str) -> Array:
        """Which cases are of a task; all of them for ""."""
        return np.array([task in ("", one.name) for one in self.tasks], dtype=bool)

    @cached_property
    def deciding(self) -> Array:
        """Which cases have a grader for which agreement with a recorded answer is a measure of quality."""
        return np.array([GRADERS.get(task.grader).decides for task in self.tasks], dtype=bool)

    @cached_property
    def golden_decides(self) -> Array:
        """Which cases have a golden answer that shows if another one is right."""
        return np.array([golden_decides(task) for task in self.tasks], dtype=bool)

    @cached_property
    def baseline_right(self) -> Array:
        """The score of each recorded answer by the golden one."""
        return column([None if grade is None else grade.value for grade in self.recorded_grades])

    @cached_property
    def recorded_grades(self) -> list[Grade | None]:
        """The recorded answer of each case by the golden one."""
        return [grade_recorded(case) for case in self.cases]

    @cached_property
    def other_grades(self) -> list[list[Grade]]:
        """The further recorded answers of each case against the first."""
        return [grade_others(case) for case in self.cases]

    @cached_property
    def noise(self) -> Array:
        """The score of further recorded answers against the first."""
        return column([sum(one.value for one in own) / len(own) if own else None for own in self.other_grades])

    def recorded(self, value: Callable[[RecordedAnswer], float | None]) -> Array:
        """What was recorded, by case."""
        return column([None if task.recorded is None else value(task.recorded) for task in self.tasks])
