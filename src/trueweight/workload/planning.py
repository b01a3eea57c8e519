"""How many cases a bar on a workload takes: at best, and for a provider that is as good as the baseline.

The limits are those by which `trueweight.workload.estimates` decides, so what is promised here is what a run does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from scipy import special

from trueweight.core.bar_outcome import WorkloadRule
from trueweight.statistics.multiple_testing import share_of_alpha
from trueweight.statistics.proportion import exact, least_n
from trueweight.workload.estimates import looks_of

LIKELY: Final = 0.8
"""The probability with which a provider as good as the baseline is to pass."""
MOST: Final = 20_000
"""Cases beyond which no number is given."""

SLACK: Final = 0.2
"""How far below what the bar asks of all tasks together the answers of one task may surely be, so that it moves."""


class Need(NamedTuple):
    """What one rule takes.

    Attributes:
        least: cases with which a provider without any mistake passes; None if no number does.
        likely: cases with which one that is as good as the baseline passes with a probability of 80%; None if that is
            not known.
    """

    rule: WorkloadRule
    least: int | None
    likely: int | None


def share_needs(rule: WorkloadRule, at_least: float, looks: int, expected: float | None) -> Need:
    """Of a share that must be at least so large: agreement, readable answers, replies that arrive.

    Args:
        expected: the share of a provider as good as the baseline.
    """
    least = least_n(at_least, _tail(looks)) if 0 < at_least < 1 else None
    likely = None if expected is None or expected <= at_least else _likely_share(at_least, looks, expected)
    return Need(rule, least, likely)


def margin_needs(margin: float, looks: int, discordant: float) -> Need:
    """Of a difference from the baseline that must be above minus the margin.

    Args:
        discordant: the share of cases in which exactly one of two equally good sides is right.
    """
    least = least_n(1 - margin, _tail(looks))
    z = special.ndtri(1 - share_of_alpha(looks) / 2) + special.ndtri(LIKELY)
    return Need(WorkloadRule.QUALITY, least, max(least, math.ceil(z**2 * discordant / margin**2)))


def quantile_needs(rule: WorkloadRule, q: float, looks: int) -> Need:
    """Of an upper limit of a quantile: so many requests, that the slowest of them is probably beyond it."""
    return Need(rule, least_n(q, share_of_alpha(looks) / 2), None)


def needs_looked_at_once(
    readable: float | None, p95_ms: float | None, failures: float | None, candidates: int
) -> Iterator[Need]:
    """Of the rules that are looked at once for each candidate, from the bounds of the bar; None sets none."""
    once = looks_of(candidates)
    if readable is not None:
        yield share_needs(WorkloadRule.READABLE, readable, once, None)
    if p95_ms is not None:
        yield quantile_needs(WorkloadRule.LATENCY, 0.95, once)
    if failures is not None:
        yield share_needs(WorkloadRule.FAILURES, 1 - failures, once, None)


def _tail(looks: int) -> float:
    """The tail of the exact limits of a mean loss: gains and losses share the error, each on two sides."""
    return share_of_alpha(looks) / 4


@lru_cache(maxsize=256)
def _likely_share(at_least: float, looks: int, expected: float) -> int | None:
    """The least n with which a share of ``expected`` passes with a probability of `LIKELY`."""
    n = least = least_n(at_least, _tail(looks))
    while n <= MOST and _power(n, at_least, looks, expected) < LIKELY:
        n = math.ceil(n * 1.25)  # in long steps, because each costs two dozen exact limits
    if n > MOST:
        return None
    few = max(least, math.floor(n / 1.25))
    steps = range(few, n, max(1, few // 30))
    return next((size for size in steps if _power(size, at_least, looks, expected) >= LIKELY), n)


def _power(n: int, at_least: float, looks: int, expected: float) -> float:
    """The probability that the exact limit of the losses leaves the share above the bound."""
    each = 1 - 2 * _tail(looks)
    low, high = 0, n
    if (exact(0, n, each).high or 1.0) > 1 - at_least:
        return 0.0
    while high - low > 1:  # the most losses that still pass
        middle = (low + high) // 2
        low, high = (middle, high) if (exact(middle, n, each).high or 1.0) <= 1 - at_least else (low, middle)
    return float(special.bdtr(low, n, 1 - expected))
