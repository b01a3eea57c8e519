"""The outcome of k passes in n repeats: pass, fail or flaky; and the p-value that two providers' counts differ."""

from __future__ import annotations

from functools import cache

import scipy

from trueweight.statistics.proportion import wilson


@cache
def outcome_of_repeats(passed: int, of: int) -> str:
    """``pass`` or ``fail`` if the 95% interval of the pass rate lies on that side of ½, else ``flaky``.

    If all repeats agree, their outcome counts, however few they are; reports show n beside it.

    Raises:
        ValueError: if there are no repeats.
    """
    if of <= 0:
        raise ValueError("an outcome needs at least one repeat")
    if passed in (0, of):
        return "pass" if passed else "fail"
    low, high = wilson(passed, of).interval
    if low is not None and low > 0.5:
        return "pass"
    return "fail" if high is not None and high < 0.5 else "flaky"


@cache
def fisher_exact_p(passed: int, of: int, other_passed: int, other_of: int) -> float:
    """Fisher's exact two-sided p-value that two counts have the same rate; 1 if either is empty."""
    if not of or not other_of:
        return 1.0
    table = [[passed, of - passed], [other_passed, other_of - other_passed]]
    return min(1.0, float(scipy.stats.fisher_exact(table).pvalue))
