"""The answers to a workload in two runs: the change of each provider's score, paired by case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np

from trueweight.core.grader import GRADERS
from trueweight.core.workload import Yardstick
from trueweight.metrics import Difference, Resampler
from trueweight.statistics import Array
from trueweight.statistics.paired import difference_by_case
from trueweight.workflow.judge import Judgement

METRIC: Final = "workload"
_Scores: TypeAlias = Mapping[tuple[str, str], Mapping[Yardstick, float]]
"""Provider and case → the mean score by what it is against."""


def workload_differences(
    names: Collection[str], before: Judgement, after: Judgement, keys: Sequence[str], resampler: Resampler
) -> dict[str, Difference]:
    """Provider → after − before, over the cases that both runs graded; none for a provider without such a case.

    A case is scored by its golden answer if both runs have one, else by the recorded answer, where its grader decides.
    """
    old, new = _scores(before), _scores(after)
    found = {}
    for name in names:
        sides = [_column(old, new, name, keys), _column(new, old, name, keys)]
        if np.isfinite(sides[0] - sides[1]).any():
            found[name] = difference_by_case(sides[1], sides[0], resampler, of=len(keys))
    return found


def _scores(judgement: Judgement) -> _Scores:
    values: defaultdict[tuple[str, str], defaultdict[Yardstick, list[float]]] = defaultdict(lambda: defaultdict(list))
    for seen in judgement.observations:
        task = judgement.cases[seen.case].task
        for grade in seen.grades if task is not None else ():
            decides = task is not None and GRADERS.get(task.grader).decides
            if grade.against is Yardstick.GOLDEN or (grade.against is Yardstick.BASELINE and decides):
                values[seen.provider, seen.case][grade.against].append(grade.value)
    return {key: {one: sum(found) / len(found) for one, found in own.items()} for key, own in values.items()}


def _column(own: _Scores, other: _Scores, name: str, keys: Sequence[str]) -> Array:
    """The scores of one run by case, by a yardstick that both have; NaN where there is none."""
    out = []
    for key in keys:
        mine, theirs = own.get((name, key), {}), other.get((name, key), {})
        shared = next((one for one in (Yardstick.GOLDEN, Yardstick.BASELINE) if one in mine and one in theirs), None)
        out.append(np.nan if shared is None else mine[shared])
    return np.array(out, dtype=float)
