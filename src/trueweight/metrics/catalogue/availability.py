"""Whether an answer comes at all: on the first attempt, and after retries."""

from __future__ import annotations

import numpy as np

from trueweight.core import FailureKind
from trueweight.metrics.sample import Sample
from trueweight.metrics.share import Share, share_metric
from trueweight.metrics.table import NOT_RECORDED, Table
from trueweight.statistics.array import Array

_NOTHING = "nothing was asked"


def _started(table: Table) -> Array:
    """Trials that began and were not broken off by us."""
    return np.asarray((table.absent != NOT_RECORDED) & (table.absent != FailureKind.INTERRUPTED.value))


@share_metric(
    "success_rate",
    "Share of started trials whose final attempt, retries included, brought a whole HTTP success, or the refusal that "
    "the case asks for.",
)
def success_rate(sample: Sample) -> Share:
    table = sample.own
    return Share(table.case >= 0, _started(table), table.ok, "", _NOTHING)


@share_metric(
    "first_attempt_success_rate",
    "Share of started trials whose first attempt brought a whole HTTP success, or the refusal that the case asks for.",
)
def first_attempt_success_rate(sample: Sample) -> Share:
    table = sample.own
    return Share(table.case >= 0, _started(table), table.first_ok, "", _NOTHING)
