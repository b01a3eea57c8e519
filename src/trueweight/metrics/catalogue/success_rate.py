"""Whether a response arrives at all: after retries, and at the first attempt."""

from __future__ import annotations

import numpy as np

from trueweight.core import FailureKind
from trueweight.metrics.sample import Sample
from trueweight.metrics.share import Share, share_metric
from trueweight.metrics.table import NOT_OFFERED, NOT_RECORDED, Table
from trueweight.statistics import Array

_NOTHING = "nothing was sent"
_SUCCESS = "brought a complete 2xx response, or the refusal that the case demands."
_SOURCE = "2xx as in https://www.rfc-editor.org/rfc/rfc9110#section-15.3; complete: the body arrived to its end."


_NOT_COUNTED = (NOT_RECORDED, NOT_OFFERED, FailureKind.INTERRUPTED.value, FailureKind.CLIENT_LIMIT.value)


def _started(table: Table) -> Array:
    """Trials that began and that this client did not end: neither by an interrupt nor by one of its limits."""
    return ~np.isin(table.absent, _NOT_COUNTED)


@share_metric(
    "success_rate",
    "Success",
    f"Share of started trials whose final attempt, after retries, {_SUCCESS}",
    source=_SOURCE,
    place=500,
    compared=True,
    column=True,
    beside="first_attempt_success_rate",
    beside_words="{} at once",
)
def success_rate(sample: Sample) -> Share:
    table = sample.own
    return Share(table.case >= 0, _started(table), table.ok, "", _NOTHING)


@share_metric(
    "first_attempt_success_rate",
    "First-attempt success",
    f"Share of started trials whose first attempt {_SUCCESS}",
    source=_SOURCE,
    place=501,
    compared=True,
)
def first_attempt_success_rate(sample: Sample) -> Share:
    table = sample.own
    return Share(table.case >= 0, _started(table), table.first_ok, "", _NOTHING)
