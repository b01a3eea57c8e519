"""Where the mistakes of a provider are: which answer instead of which, which fields, which labels are lost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from trueweight.core.workload import Confusion, FieldScore, Grade, LostLabel, Yardstick
from trueweight.workload.estimates import Estimator

MOST_LABELS: Final = 24
"""Answers in a confusion matrix; the others are one."""
LEAST_OF_LABEL: Final = 0.5
"""A label that is surely given in a smaller share of the cases that expect it is lost."""
OTHER: Final = "(other)"


def confusion_of(grades: Sequence[Grade]) -> Confusion | None:
    """Counts by expected and read answer, the commonest first; None where answers are not in a word."""
    pairs = Counter((grade.wanted, grade.read) for grade in grades if grade.wanted)
    if not pairs:
        return None
    wanted = Counter(grade.wanted for grade in grades if grade.wanted)
    if len(wanted) > MOST_LABELS:
        return None  # not one of few: a matrix would show nothing
    rows = [name for name, _ in sorted(wanted.items(), key=lambda one: (-one[1], one[0]))]
    others = Counter(read for _, read in pairs.elements() if read not in wanted)
    extra = [name for name, _ in sorted(others.items(), key=lambda one: (-one[1], one[0]))]
    kept, rest = extra[: MOST_LABELS - len(rows)], extra[MOST_LABELS - len(rows) :]
    columns = [*rows, *kept, *([OTHER] if rest else [])]
    counts = [[pairs[row, name] for name in (*rows, *kept)] for row in rows]
    if rest:
        for row, line in zip(rows, counts, strict=True):
            line.append(sum(pairs[row, name] for name in rest))
    return Confusion(tuple(rows), tuple(columns), tuple(map(tuple, counts)))


def fields_of(grades: Sequence[Grade]) -> tuple[FieldScore, ...]:
    """Counts by field over all answers, the field with most mistakes first."""
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for grade in grades:
        for path, *numbers in grade.fields:
            for place, number in enumerate(numbers):
                found[path][place] += number
    scores = (FieldScore(path, *numbers) for path, numbers in found.items())
    return tuple(sorted(scores, key=lambda one: (-(one.missing + one.extra), one.path))[:100])


def lost_labels(
    make: Estimator, grades: Iterable[Sequence[tuple[str, Grade]]], against: Yardstick
) -> Iterator[LostLabel]:
    """Labels that are expected in several cases and surely given in less than half of them; intervals hold for all
    labels of the task together, and by golden answers for all looks.

    Args:
        grades: those of each case.
    """
    found: defaultdict[str, list[float]] = defaultdict(list)
    for of_case in grades:
        own = [one for _, one in of_case if one.against is against and one.wanted]
        if own:
            found[own[0].wanted].append(sum(one.value == 1 for one in own) / len(own))
    if len(found) > MOST_LABELS:
        return
    # Against golden answers it is a failure, so it holds for all looks; against recorded ones it only stays open.
    looks = make.looks if against is Yardstick.GOLDEN else 1
    surely = Estimator(looks * max(1, len(found)), make.seed)
    for label, right in sorted(found.items()):
        share = surely.share(sum(right), len(right))
        if share.sure_high is not None and share.sure_high < LEAST_OF_LABEL:
            yield LostLabel(label, share)
