"""Intervals of a proportion of trials that are independent, or clustered in cases; the n at which one decides; and
whether two proportions differ."""

from __future__ import annotations

import itertools
import math
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import special

from trueweight.core import Estimate
from trueweight.core.estimate import ALPHA
from trueweight.statistics import Array
from trueweight.statistics.resample import CONFIDENCE, Interval, Resampler, bca

FEW = 10
"""With fewer cases than this on either side, the limits are exact ones, because resampling is unreliable then."""

_WILSON_NEEDS = 15
"""With fewer independent trials than this on either side, the limits are exact ones. With 10, Wilson's limits hold in
92.5% at the worst rates of 75 to 150 trials; with 15 in 93% and more."""


class Ends(NamedTuple):
    """An interval, and the method by which it was computed."""

    interval: Interval
    method: str


def wilson(successes: int, trials: int) -> Ends:
    """95% interval of a proportion of independent trials.

    0 of n and n of n get the exact one-sided limit, and no limit on the other side.

    Raises:
        ValueError: if there are no trials.
    """
    if trials <= 0:
        raise ValueError("a proportion needs at least one trial")
    if successes in (0, trials):
        return one_sided(successes > 0, trials)
    z, share = float(special.ndtri((1 + CONFIDENCE) / 2)), successes / trials
    below = 2 * (trials + z**2)
    centre, half = (2 * successes + z**2) / below, z / below * math.sqrt(4 * successes * (1 - share) + z**2)
    return Ends(Interval(centre - half, centre + half), "Wilson")


def independent(successes: int, trials: int) -> Ends:
    """95% interval of a proportion of independent trials: Wilson's, or exact limits if fewer than ``_WILSON_NEEDS``
    succeed, or fail, because Wilson's then hold in as few as 84%. All or none: as `wilson`.

    Raises:
        ValueError: if there are no trials.
    """
    if 0 < min(successes, trials - successes) < _WILSON_NEEDS:
        return Ends(exact(successes, trials), f"exact limits over {trials}")
    return wilson(successes, trials)


def one_sided(all_succeed: bool, units: int) -> Ends:
    """Exact one-sided 95% limit when none, or all, of some independent units succeed."""
    share = (1 - CONFIDENCE) ** (1 / units)
    interval = Interval(share, None) if all_succeed else Interval(None, 1 - share)
    return Ends(interval, f"exact one-sided limit over {units} case{'' if units == 1 else 's'}")


def exact(successes: float, units: float, confidence: float = CONFIDENCE) -> Interval:
    """Clopper–Pearson limits; ``successes`` may be a fraction when units are clusters (Korn and Graubard 1998)."""
    tail = (1 - confidence) / 2
    low = float(special.betaincinv(successes, units - successes + 1, tail)) if successes > 0 else 0.0
    high = float(special.betaincinv(successes + 1, units - successes, 1 - tail)) if successes < units else 1.0
    return Interval(low, high)


def clustered(hits: Array, trials: Array, resampler: Resampler) -> Ends:
    """95% interval of Σ hits / Σ trials. Both are sums by case, and the cases are independent.

    The method is the first that applies. No hit, or only hits: the exact one-sided limit over cases. One trial in each
    case: `independent`. Fewer than ``FEW`` cases with a hit, or with a miss: exact limits with the case as the unit,
    which are conservative when the trials of a case disagree. Otherwise: BCa over resampled cases.

    Raises:
        ValueError: if there are no trials.
    """
    seen = trials > 0
    units, total, hit = int(seen.sum()), float(trials.sum()), float(hits.sum())
    if units == 0:
        raise ValueError("a proportion needs at least one trial")
    if hit in (0.0, total):
        return one_sided(hit > 0, units)
    missed = int((hits[seen] < trials[seen]).sum())
    enough = min(missed, int((hits > 0).sum())) >= FEW
    if trials.max() == 1:
        return independent(round(hit), units)
    if enough:
        boot = resampler.bootstrap(np.column_stack([hits, trials]), lambda s: s[..., 0] / s[..., 1])
        found = bca(boot)
        if found is not None:
            return Ends(found, f"BCa bootstrap over cases, {resampler.resamples} resamples")
    return Ends(exact(hit / total * units, units), f"exact limits over {units} cases")


@cache
def fisher_exact_p(passed: int, of: int, other_passed: int, other_of: int) -> float:
    """Fisher's exact two-sided p-value that two counts have the same rate; 1 if either is empty."""
    if not of or not other_of:
        return 1.0
    both = passed + other_passed
    ways = [
        math.comb(of, at) * math.comb(other_of, both - at) for at in range(max(0, both - other_of), min(of, both) + 1)
    ]
    seen = math.comb(of, passed) * math.comb(other_of, other_passed)
    return sum(way for way in ways if way <= seen) / sum(ways)


def least_n(share: float, tail: float) -> int:
    """The least n that can show that more than a share succeeds: with this share, all n succeed with a probability of
    at most ``tail``. Both are strictly between 0 and 1."""
    return math.ceil(math.log(tail) / math.log(share))


_MARGIN = 1.2
"""So many times the n at which a limit would reach the bound: limits of resampling vary by some percent."""


def n_that_decides(found: Estimate, bound: float) -> int | None:
    """The n at which the interval, at the rate observed so far, would lie on one side of the bound.

    Exact where the limits are: n of n, 0 of n, and no difference at all. For other proportions, the n of an exact
    interval with the same effective size, whichever way the rate rounds. Else as `_shrunk` says. The result is None if
    the value is the bound, because no n decides then, or if there is no interval.
    """
    value, low, high, n = found.value, found.low, found.high, found.n
    if value is None or value == bound:
        return None
    if found.unit == "proportion" and value in (0, 1) and (low is None) != (high is None):
        room = bound if value == 1 else 1 - bound
        return max(n + 1, least_n(room, ALPHA)) if 0 < room < 1 else None
    end = low if value > bound else high
    if end is None or end == value:
        return None
    if found.unit == "difference" and value == 0 and abs(bound) < 1 and _is_of_no_difference(found):
        return max(n + 1, least_n(1 - abs(bound), (1 - CONFIDENCE) / 4))
    if found.unit == "proportion" and 0 < value < 1:
        return _n_of_proportion(value, end, n, bound)
    half = abs(end - value) if low is None or high is None else (high - low) / 2
    return max(n + 1, math.ceil(_MARGIN * n / _shrunk(abs(end - value), half, abs(bound - value)) ** 2))


def _is_of_no_difference(found: Estimate) -> bool:
    """Whether no case differs. Equal gains and losses have a wider interval, which shrinks only with the root of n."""
    end = 1 - ((1 - CONFIDENCE) / 4) ** (1 / found.n)
    return found.low is not None and found.high is not None and max(-found.low, found.high) <= end * (1 + 1e-3)


def _shrunk(arm: float, half: float, room: float) -> float:
    """The √(n / more) at which an arm of an interval is as long as the room to the bound. The interval shrinks with √n,
    and what the arm is shorter or longer than half of it, which is by skewness, with n (Hall 1992)."""
    return 2 * room / (half + math.sqrt(max(0.0, half**2 + 4 * (arm - half) * room)))


def _n_of_proportion(value: float, end: float, n: int, bound: float) -> int | None:
    """The n at which an exact interval lies on the value's side of the bound."""

    def limit(hits: float, size: float) -> float:
        found = exact(min(max(hits, 0.0), size), size)
        return float(found.low or 0.0) if value > bound else float(1.0 if found.high is None else found.high)

    def beyond(each: float) -> bool:
        return (limit(value * n * each, n * each) - end) * (1 if value > bound else -1) >= 0

    # How many independent trials a case is worth: as many as make the exact limit the one that was found.
    least, most = 0.01, 100.0
    for _ in range(50):
        middle = math.sqrt(least * most)
        least, most = (least, middle) if beyond(middle) else (middle, most)

    def decides(size: int) -> bool:
        hits = math.floor(value * size) if value > bound else math.ceil(value * size)
        return (limit(hits * most, size * most) - bound) * (1 if value > bound else -1) >= 0

    few, many = n, 2 * n
    while not decides(many):
        few, many = many, 2 * many
        if many > 2**40:
            return None
    while many - few > 1:
        middle_n = (few + many) // 2
        few, many = (few, middle_n) if decides(middle_n) else (middle_n, many)
    many = math.ceil(_MARGIN * many)
    return next(size for size in itertools.count(many) if decides(size))
