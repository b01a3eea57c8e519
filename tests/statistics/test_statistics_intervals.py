"""Intervals hold what they promise, agree with scipy, and are honest where data is thin."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import scipy  # its `stats` takes a second to import: where it is used, and not in each worker
from hypothesis import given, settings
from hypothesis import strategies as st

from trueweight.metrics import Resampler, bca, clustered, exact, quantile, wilson
from trueweight.statistics.proportion import fisher_exact_p


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_is_that_of_newcombe_1998(successes: int, trials: int, low: float, high: float) -> None:
    """Table I of Newcombe (1998), method 3: the published limits to four places."""
    found = wilson(successes, trials).interval
    assert found == pytest.approx((low, high), abs=5e-5)


@settings(deadline=None)
@given(st.integers(1, 5000))
def test_none_and_all_get_one_exact_limit_and_no_other(n: int) -> None:
    """0 of n and n of n: the limit where such luck has probability 5%, open on the side where nothing was seen."""
    none, every = wilson(0, n).interval, wilson(n, n).interval
    assert none.low is None
    assert every.high is None
    assert (1 - none.high) ** n == pytest.approx(0.05)
    assert every.low**n == pytest.approx(0.05)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60))
def test_an_interval_holds_its_estimate_and_has_width(counts: list[tuple[int, int]]) -> None:
    """Whatever the cases, the interval lies around the value, within [0, 1], and is never a point."""
    hits = np.array([min(a, b) for a, b in counts], dtype=float)
    trials = np.array([b for _, b in counts], dtype=float)
    resampler = Resampler(len(counts), 3, resamples=200)
    if not trials.sum():
        with pytest.raises(ValueError, match="at least one trial"):
            clustered(hits, trials, resampler)
        return
    low, high = clustered(hits, trials, resampler).interval
    low, high = 0.0 if low is None else low, 1.0 if high is None else high
    assert 0 <= low <= hits.sum() / trials.sum() <= high <= 1
    assert low < high


def test_bca_is_scipys_on_the_same_resamples() -> None:
    """Given our draws, ``scipy.stats.bootstrap`` finds the same two ends to the last digits."""
    rng = np.random.default_rng(5)
    trials = rng.integers(1, 4, 80).astype(float)
    hits = rng.binomial(trials.astype(int), 0.8).astype(float)
    boot = Resampler(80, 11).bootstrap(np.column_stack([hits, trials]), lambda s: s[..., 0] / s[..., 1])
    theirs = scipy.stats.bootstrap(
        (hits, trials),
        lambda h, t, axis: h.sum(axis=axis) / t.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=0,
        bootstrap_result=SimpleNamespace(bootstrap_distribution=boot.draws),
        method="BCa",
    ).confidence_interval
    assert bca(boot) == pytest.approx((theirs.low, theirs.high), rel=1e-10)


def test_resamples_of_cases_are_seeded_and_of_the_right_size() -> None:
    """Each resample draws as many cases as there are; the seed decides which."""
    ones = np.ones((50, 1))
    marks = np.arange(50.0)[:, None]
    assert (Resampler(50, 1).sums(ones) == 50).all()
    assert (Resampler(50, 1).sums(marks) == Resampler(50, 1).sums(marks)).all()
    assert (Resampler(50, 1).sums(marks) != Resampler(50, 2).sums(marks)).any()


def test_few_kinds_of_cases_and_many_are_resampled_alike() -> None:
    """Drawing kinds and drawing cases one by one give sums of the same distribution."""
    rows = np.random.default_rng(8).integers(0, 3, size=(700, 1)).astype(float)
    kinds, single = Resampler(700, 3), Resampler(700, 3)
    by_kind = kinds.sums(rows)[:, 0]
    by_case = single.sums(np.column_stack([rows, np.arange(700.0)]))[:, 0]  # a second column makes every row distinct
    assert scipy.stats.ks_2samp(by_kind, by_case).pvalue > 0.01


@pytest.mark.parametrize("rate", [0.75, 0.95, 0.99])
def test_coverage_of_clustered_proportions(rate: float) -> None:
    """Over 400 runs of 120 cases × 2 correlated modes, the 95% interval holds the true rate 92% to 100% of the time."""
    rng = np.random.default_rng(20260101)
    resampler = Resampler(120, 7)
    trials = np.full(120, 2.0)
    held = 0
    for _ in range(400):
        # Beta-distributed case rates: intraclass correlation 1 / (1 + 4) = 0.2.
        hits = rng.binomial(2, rng.beta(4 * rate, 4 * (1 - rate), 120)).astype(float)
        low, high = clustered(hits, trials, resampler).interval
        held += (low is None or low <= rate) and (high is None or rate <= high)
    assert 0.92 <= held / 400 <= 1.0


@pytest.mark.parametrize("q", [0.5, 0.9])
def test_coverage_of_quantiles(q: float) -> None:
    """Over 400 samples of 100 lognormal times, the interval holds the true quantile 91% to 99% of the time."""
    rng = np.random.default_rng(20260102)
    truth = float(scipy.stats.lognorm(0.5).ppf(q))
    held = 0
    for _ in range(400):
        (low, high), _ = quantile(rng.lognormal(0, 0.5, 100), q)
        assert low is not None
        assert high is not None
        held += low <= truth <= high
    assert 0.91 <= held / 400 <= 0.99


@pytest.mark.parametrize(
    "icc", [pytest.param(0.0, marks=pytest.mark.slow), 0.5, pytest.param(0.9, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("asked", [2, pytest.param(6, marks=pytest.mark.slow)])
def test_coverage_of_quantiles_of_repeated_cases(icc: float, asked: int) -> None:
    """Times of one case resemble each other: the median of 60 cases asked often is held 90% to 99% of the time.

    Resampling the requests as if they were independent held it 59% of the time for six repeats that are nearly alike.
    """
    rng = np.random.default_rng(20260103)
    cases = np.repeat(np.arange(60), asked)
    held = 0
    for _ in range(200):
        common, own = rng.standard_normal((60, 1)), rng.standard_normal((60, asked))
        values = np.exp(np.sqrt(icc) * common + np.sqrt(1 - icc) * own).ravel()
        (low, high), _ = quantile(values, 0.5, cases)
        assert low is not None
        assert high is not None
        held += low <= 1.0 <= high
    assert 0.90 <= held / 200 <= 0.99


def test_repeats_that_agree_count_once() -> None:
    """Asking each case ten times and getting the same times tells nothing new, and narrows no end."""
    values = np.random.default_rng(4).lognormal(0, 1, 40)
    cases = np.arange(40)
    for q in (0.5, 0.9):
        once, _ = quantile(values, q)
        often, _ = quantile(np.tile(values, 10), q, np.tile(cases, 10))
        assert None not in (*once, *often)
        order = np.sort(values)
        places = [np.searchsorted(order, [end or 0.0 for end in ends]) for ends in (once, often)]
        assert np.abs(places[0] - places[1]).max() <= 1  # type 7 interpolates, resampled cases do not
    (low, high), note = quantile(np.tile(values, 10), 0.99, np.tile(cases, 10))
    assert (low is None, high, "too few" in note) == (False, None, True)


@pytest.mark.parametrize(
    ("cases", "asked", "q", "icc"), [(60, 2, 0.95, 0.5), (500, 1, 0.99, 0.0), (200, 1, 0.95, 0.0), (250, 2, 0.99, 0.5)]
)
def test_coverage_of_high_quantiles(cases: int, asked: int, q: float, icc: float) -> None:
    """The 95th and 99th percentile, one value a case and two: held in at least 92% of 400 samples (s.e. 1.2 points)."""
    rng = np.random.default_rng(20260104)
    case, truth = np.repeat(np.arange(cases), asked), float(np.exp(scipy.stats.norm.ppf(q)))
    held = 0
    for _ in range(400):
        common, own = rng.standard_normal((cases, 1)), rng.standard_normal((cases, asked))
        values = np.exp(np.sqrt(icc) * common + np.sqrt(1 - icc) * own).ravel()
        (low, high), _ = quantile(values, q, case)
        held += (low is None or low <= truth) and (high is None or truth <= high)
    assert held / 400 >= 0.92


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=80), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_a_quantile_lies_in_its_interval(values: list[float], q: float) -> None:
    """Whatever the values and their cases."""
    for case in (None, np.arange(len(values)) // 2):
        low, high = quantile(np.array(values), q, case)[0]
        estimate = float(np.quantile(values, q))
        assert low is None or low <= estimate
        assert high is None or estimate <= high


def test_a_small_sample_has_no_far_end() -> None:
    """A 95th percentile of 20 requests has no upper limit, a single request has no interval at all."""
    (low, high), note = quantile(np.arange(20.0), 0.95)
    assert low is not None
    assert high is None
    assert "too few" in note
    assert quantile(np.array([3.0]), 0.5)[0] == (None, None)
    assert quantile(np.full(50, 3.0), 0.5)[0] == (None, None)


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(1, 40))
def test_exact_is_clopper_pearson(successes: int, extra: int) -> None:
    """For whole counts the limits are those of ``scipy.stats.binomtest``."""
    trials = successes + extra
    theirs = scipy.stats.binomtest(successes, trials).proportion_ci(0.95, method="exact")
    assert exact(successes, trials) == pytest.approx((theirs.low, theirs.high))


def test_two_counts_differ_by_fishers_test() -> None:
    """The lady tasting tea: 4 of 4 against 0 of 4 has p = 2/70; nothing to compare has p = 1."""
    assert fisher_exact_p(4, 4, 0, 4) == pytest.approx(2 / 70)
    assert fisher_exact_p(0, 0, 5, 5) == 1.0
