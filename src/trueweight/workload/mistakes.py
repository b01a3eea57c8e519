"""Where the mistakes of a provider are: which answer instead of which, which fields, which labels are lost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from trueweight.core.confusion import Confusion, FieldScore
from trueweight.core.workload import Grade, LostLabel, Quality, Yardstick
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


def yardstick_of(grades: Iterable[tuple[str, Grade]]) -> Yardstick:
    """What the answers to a case are compared with: golden if it has a golden answer, else recorded."""
    golden = any(grade.against is Yardstick.GOLDEN for _, grade in grades)
    return Yardstick.GOLDEN if golden else Yardstick.BASELINE


def best_known(grades: Sequence[tuple[str, Grade]]) -> list[Grade]:
    """The grades of a case against its golden answer if it has one, else against the recorded one."""
    against = yardstick_of(grades)
    return [grade for _, grade in grades if grade.against is against]


def lost_labels(make: Estimator, kept: Sequence[Sequence[Grade]]) -> Iterator[LostLabel]:
    """Labels that are expected in several cases and surely given in less than half of them; intervals hold for all
    labels of the task together, and by golden answers for all looks.

    Args:
        kept: the grades of each case, as `best_known` gives them.
    """
    found: defaultdict[str, list[tuple[float, bool]]] = defaultdict(list)
    for own in kept:
        words = [one for one in own if one.wanted]
        if words:
            share = sum(one.value == 1 for one in words) / len(words)
            found[words[0].wanted].append((share, words[0].against is Yardstick.GOLDEN))
    if len(found) > MOST_LABELS:
        return
    # By golden answers alone it is a failure, so it holds for all looks; with recorded ones it only stays open.
    for label, right in sorted(found.items()):
        by_golden = _lost([share for share, golden in right if golden], make.looks * len(found), make.seed)
        lost = by_golden or _lost([share for share, _ in right], len(found), make.seed)
        if lost is not None:
            yield LostLabel(label, lost, Yardstick.GOLDEN if by_golden else Yardstick.BASELINE)


def _lost(right: Sequence[float], looks: int, seed: int) -> Quality | None:
    """The share if it is surely below `LEAST_OF_LABEL`; None if it is not."""
    share = Estimator(looks, seed).share(sum(right), len(right)) if right else None
    return None if share is None or share.sure_high is None or share.sure_high >= LEAST_OF_LABEL else share
