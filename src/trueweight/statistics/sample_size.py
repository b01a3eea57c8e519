"""The number of cases that would decide a comparison with a bound."""

from __future__ import annotations

import math

from trueweight.core import Estimate
from trueweight.statistics.multiple_testing import ALPHA


def n_that_decides(found: Estimate, bound: float) -> int | None:
    """The n at which the interval, at the rate observed so far, would lie on one side of the bound.

    The half-width of an interval shrinks with √n. The exact one-sided limit of n of n is α ** (1/n), that of 0 of n is
    1 − α ** (1/n). The result is None if the value is the bound, because no n decides then, or if there is no interval.
    """
    value, low, high, n = found.value, found.low, found.high, found.n
    if value is None or value == bound:
        return None
    if found.unit == "proportion" and value in (0, 1) and (low is None) != (high is None):
        room = bound if value == 1 else 1 - bound
        return max(n + 1, math.ceil(math.log(ALPHA) / math.log(room))) if 0 < room < 1 else None
    end = low if value > bound else high
    if end is None or end == value:
        return None
    return max(n + 1, math.ceil(n * ((end - value) / (bound - value)) ** 2))
