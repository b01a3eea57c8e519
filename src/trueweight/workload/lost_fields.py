"""Fields that a provider gets wrong far more often than the baseline, however right the other fields are.

The mean F1 of an answer with 20 fields hides one that is always wrong. So each field is compared for itself, paired by
case, and the intervals hold for all fields of the task together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from trueweight.core.confusion import FieldScore
from trueweight.core.workload import Grade, LostField, Yardstick
from trueweight.statistics import Array
from trueweight.workload.estimates import Estimator
from trueweight.workload.mistakes import LEAST_OF_LABEL

FALL: Final = 0.2
"""A field that is surely right less often than at the baseline by more than this share of its cases is lost."""
_LEAST_CASES: Final = 5
"""Cases that expect a field, for it to be compared; fewer could show nothing."""
_MOST: Final = 5
"""Lost fields of one task that are named, the worst first."""


class FieldsOf(NamedTuple):
    """The grades of one case.

    Attributes:
        ours: of the provider, against the best known answer.
        recorded: of the recorded answer against the golden one; None without both.
        others: of further recorded answers against the first.
    """

    ours: Sequence[Grade]
    recorded: Grade | None
    others: Sequence[Grade]


class _Field(NamedTuple):
    """Scores of one field in the cases that concern it; NaN where a side is not known."""

    ours: Array
    theirs: Array
    itself: Array


def lost_fields(make: Estimator, cases: Sequence[FieldsOf]) -> Iterator[LostField]:
    """The fields that are surely lost, the worst first.

    By golden answers a field is lost if the difference from the baseline, paired by case, is surely below -`FALL`; that
    holds for all looks. By recorded answers it is lost if it surely agrees less than the baseline with itself by more
    than `FALL`; or, in cases where that is not known, if it is surely as recorded in less than half of them. There the
    baseline may be the side that is wrong, so that only stays open. A field in which the baseline differs from itself
    as often, such as a title, is not lost.
    """
    rates = [_Rates(one) for one in cases]
    expected = _expected(cases)
    found = []
    for path in expected:
        field = _field(path, rates)
        lost = _by_golden(make, path, field, len(expected)) or _by_recorded(make.seed, path, field, len(expected))
        if lost is not None:
            found.append(lost)
    yield from sorted(found, key=lambda one: (one.right.value or 0.0, one.path))[:_MOST]


class _Rates:
    """The score of each field in one case, by side; None for a side that is not known."""

    def __init__(self, case: FieldsOf) -> None:
        golden = any(one.against is Yardstick.GOLDEN for one in case.ours)
        self.ours = _rates(_read(case.ours)) or None
        self.theirs = _rates([case.recorded]) if golden and case.recorded is not None else None
        self.itself = _rates(case.others) if case.others and not golden else None


def _read(grades: Iterable[Grade]) -> list[Grade]:
    """Without answers of which nothing could be read: these are counted by their form."""
    return [one for one in grades if one.readable or any(count.right for count in one.fields)]


def _rates(grades: Iterable[Grade]) -> dict[str, float]:
    """F1 of each field, the mean over the answers that it concerns."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for grade in grades:
        for count in grade.fields:
            score = FieldScore(*count).f1
            if score is not None:
                found[count.path].append(score)
    return {path: sum(scores) / len(scores) for path, scores in found.items()}


def _expected(cases: Sequence[FieldsOf]) -> list[str]:
    """Paths that enough cases expect."""
    found: defaultdict[str, int] = defaultdict(int)
    for case in cases:
        for path in {count.path for one in case.ours for count in one.fields if count.right + count.missing}:
            found[path] += 1
    return sorted(path for path, number in found.items() if number >= _LEAST_CASES)


def _field(path: str, cases: Sequence[_Rates]) -> _Field:
    """A side without the field, where another one has it, is right not to have it."""
    rows = []
    for case in cases:
        sides = (case.ours, case.theirs, case.itself)
        if any(side is not None and path in side for side in sides):
            rows.append([np.nan if side is None else side.get(path, 1.0) for side in sides])
    return _Field(*np.array(rows, dtype=float).reshape(-1, 3).T)


def _by_golden(make: Estimator, path: str, field: _Field, fields: int) -> LostField | None:
    both = np.isfinite(field.ours - field.theirs)
    ours, theirs = field.ours[both], field.theirs[both]
    sure = Estimator(make.looks * fields, make.seed)
    if not _falls(sure, ours, theirs):
        return None
    base = float(theirs.mean())
    return LostField(path, sure.mean(ours, ""), base - FALL, base, Yardstick.GOLDEN)


def _by_recorded(seed: int, path: str, field: _Field, fields: int) -> LostField | None:
    sure = Estimator(fields, seed)
    given = np.isfinite(field.ours)
    base = np.where(np.isfinite(field.theirs), field.theirs, field.itself)
    both, alone = given & np.isfinite(base), given & ~np.isfinite(base)
    known = float(base[both].mean()) if both.any() else None
    if known is not None and _falls(sure, field.ours[both], base[both]):
        return LostField(path, sure.mean(field.ours[given], ""), known - FALL, known)
    ours = field.ours[alone]
    if len(ours) < _LEAST_CASES:
        return None
    noisy = known is not None and int(both.sum()) >= _LEAST_CASES and ours.mean() >= known - FALL
    if noisy or not _is_below_half(sure, ours):
        return None
    return LostField(path, sure.mean(ours, ""), LEAST_OF_LABEL, known)


def _falls(make: Estimator, ours: Array, theirs: Array) -> bool:
    """Whether scores of the same cases are surely lower by more than `FALL`."""
    if len(ours) < _LEAST_CASES or ours.mean() - theirs.mean() >= -FALL:
        return False
    high = make.difference(ours, theirs, of=len(ours), note="").sure_high
    return high is not None and high < -FALL


def _is_below_half(make: Estimator, scores: Array) -> bool:
    """Whether the mean is surely below `LEAST_OF_LABEL`."""
    if scores.mean() >= LEAST_OF_LABEL:
        return False
    high = make.mean(scores, "").sure_high
    return high is not None and high < LEAST_OF_LABEL
