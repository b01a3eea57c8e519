"""No estimate lies outside its interval, whatever the metric, and limits of availability hold for all providers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from summaries import make_estimate, make_provider_summary, make_summary
from trueweight.assess import assess
from trueweight.core.assessment import ReasonCode
from trueweight.metrics import Resampler, make_samples, trial_metrics
from trueweight.metrics.sample import make_passes
from trueweight.metrics.table import _RATES, _TIMES, _TOKENS
from trueweight.report.numbers import span, write


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 45), st.sampled_from([1, 3]), st.sampled_from([0.0, 0.05, 0.5, 0.97, 1.0]), st.integers(0, 10**6))
def test_every_estimate_lies_in_its_interval(bench: Any, cases: int, repeats: int, rate: float, seed: int) -> None:
    """All metrics and all differences, of fleets of any size and rate, with costs and a few lost replies; as they are
    stored and as they are written. Times are drawn, all the same, zero, or of very different sizes."""
    fleets, rng = bench.fleets, np.random.default_rng(seed)
    fleet = fleets.Fleet(2, cases, repeats, rate, "alike", "uneven", True)
    tables = {}
    for name, passes in fleets.draw(fleet, rng).items():
        table = fleets.table_of(passes, rng)
        cost = rng.lognormal(0, 1, len(table))
        absent = np.where(rng.random(len(table)) < 0.05, "reset", "")
        times = {time: rng.lognormal(3, 1, len(table)) for time in (*_TIMES, *_RATES, _TOKENS)} | table.times
        if odd := seed % 4:
            times = {time: (values * 0 + 7, values * 0, values**9)[odd - 1] for time, values in times.items()}
        table = replace(table, times=times, thinking_cost=cost / 3)
        tables[name] = replace(table, cost=cost, absent=absent, ok=absent == "", first_ok=absent == "")
    resampler = Resampler(cases, seed, resamples=200)
    samples = make_samples(tables, fleets.REFERENCE, repeats, 2, resampler)
    second = make_passes(tables[fleets.REFERENCE], repeats, resampler)[1]
    checked = 0
    for metric in trial_metrics().values():
        found = [metric.estimate(samples["host-1"])] if metric.estimate else []
        found += [metric.difference(samples["host-1"], second).estimate] if metric.difference else []
        for one in (one.rounded() for one in found if one.value is not None):
            assert one.low is None or one.low <= one.value, (metric.id, one)
            assert one.high is None or one.value <= one.high, (metric.id, one)
            written = write(one.value, one.unit), span(one)
            assert not any(re.search(r"[-−]0(\.0+)?(?![\d.,])", text) for text in written), (metric.id, written)
            assert one.unit != "proportion" or one.value in (0, 1) or written[0] not in ("0.0%", "100.0%"), metric.id
            checked += 1
    assert checked > 5


@pytest.mark.parametrize(("others", "code"), [(0, ReasonCode.SUCCESS_LOW), (19, ReasonCode.SUCCESS_UNCERTAIN)])
def test_a_success_rate_is_surely_low_among_all_providers(others: int, code: ReasonCode) -> None:
    """An upper limit of 94.5% is below 95% for one provider; of twenty, one has such a limit by chance."""
    low = make_provider_summary(metrics={"success_rate": make_estimate(0.88, 0.8, 0.945)})
    providers = {"low": low} | {f"other-{n}": make_provider_summary() for n in range(others)}
    assert assess(make_summary(providers)).providers["low"].assessment.reasons[0].code is code
