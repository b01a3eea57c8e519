"""How long it takes, in the words that the definitions use; milliseconds and tokens per second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from trueweight.core import Estimate
from trueweight.metrics.registry import Metric, register
from trueweight.metrics.sample import Sample
from trueweight.metrics.table import Table
from trueweight.statistics.array import Array
from trueweight.statistics.paired import Difference, median_difference
from trueweight.statistics.quantile import P99_NEEDS, quantile

Rows = Callable[[Table], Array]


def _everything(table: Table) -> Array:
    return np.asarray(table.case >= 0)


def _usable(table: Table, time: str) -> Array:
    """Rows with that time which the client did not spoil."""
    return table.arrived & np.isfinite(table.times[time]) & ~table.client_limited


def _estimate(time: str, q: float, unit: str, scope: Rows, only: Rows) -> Callable[[Sample], Estimate]:
    def estimate(sample: Sample) -> Estimate:
        table = sample.own
        asked = scope(table)
        used = asked & _usable(table, time) & only(table)
        values, of = table.times[time][used], int(asked.sum())
        missing = _missing(table, asked & ~used, time)
        if not len(values) or (q >= 0.99 and len(values) < P99_NEEDS):
            why = f"n = {len(values)}: no 99th percentile under {P99_NEEDS}" if len(values) else "no request defines it"
            return Estimate(None, None, None, len(values), unit, "n/a", of=of, missing=missing, note=why)
        case = table.case[used]
        interval, note = quantile(values, q, sample.resampler, case)
        units = "cases" if len(np.unique(case)) < len(values) else "requests"
        opened = int((used & table.cold).sum())
        if opened and only is _everything:
            note = "; ".join(filter(None, [note, f"{opened} of {len(values)} on a new connection"]))
        return Estimate(
            float(np.quantile(values, q)),
            *interval,
            n=len(values),
            unit=unit,
            method=f"quantile {q:g} (type 7), bootstrap over {units}, {sample.resampler.resamples} resamples",
            of=of,
            missing=missing,
            note=note,
        )

    return estimate


def _missing(table: Table, rows: Array, time: str) -> tuple[tuple[str, int], ...]:
    """Why rows have no such time, and how many: the first reason that fits."""
    reasons = Counter(table.absent[rows & ~table.arrived].tolist())
    rows = rows & table.arrived
    for why, fits in (
        ("not defined by the reply", ~np.isfinite(table.times[time])),
        ("client-limited", table.client_limited),
        ("connection", np.ones_like(rows)),
    ):
        reasons[why] += int((rows & fits).sum())
        rows = rows & ~fits
    return tuple(sorted((+reasons).items()))


def _difference(time: str, unit: str, scope: Rows) -> Callable[[Sample, Sample], Difference]:
    def difference(ours: Sample, theirs: Sample) -> Difference:
        of = len(np.unique(ours.own.case[scope(ours.own)]))
        mine, other = (_case_medians(s, scope(s.own) & _usable(s.own, time), time) for s in (ours, theirs))
        return median_difference(mine, other, unit, ours.resampler, of=of)

    return difference


def _case_medians(sample: Sample, rows: Array, time: str) -> Array:
    """Median over the trials of each case; NaN for a case without any."""
    case, values = sample.own.case[rows], sample.own.times[time][rows]
    out = np.full(sample.resampler.cases, np.nan)
    if not len(case):
        return out
    order = np.lexsort((values, case))
    case, values = case[order], values[order]
    present, start, count = np.unique(case, return_index=True, return_counts=True)
    out[present] = (values[start + (count - 1) // 2] + values[start + count // 2]) / 2
    return out


_UNITS: dict[str, tuple[str, bool | None]] = {
    "output_speed": ("tokens/s", True),
    "zero_gaps": ("proportion", None),
    "chunk_tokens": ("tokens", None),
}
"""Of what is no time: unit, and whether more is better."""


def time_metric(
    name: str, time: str, words: str, *, q: float = 0.5, scope: Rows = _everything, only: Rows = _everything
) -> None:
    """Register a quantile of a time; medians over all connections are also compared with the reference."""
    unit, higher = _UNITS.get(time, ("ms", False))
    compared = q == 0.5 and only is _everything
    which = "Median" if q == 0.5 else f"{round(q * 100)}th percentile"
    difference = _difference(time, unit, scope) if compared else None
    register(Metric(name, unit, f"{which} of {words}", higher, _estimate(time, q, unit, scope, only), difference))


def streams(table: Table) -> Array:
    """Rows that asked for a stream."""
    return table.stream


def warm(table: Table) -> Array:
    """Rows on a kept connection."""
    return np.asarray(~table.cold)


def cold(table: Table) -> Array:
    """Rows that opened one."""
    return table.cold


_TTFT = "the time from sending to the first token event on any channel, streamed replies only."
_E2E = "the service time: from sending to the last token event, or to the end of a plain reply."

time_metric("ttft", "ttft", _TTFT, scope=streams)
time_metric("ttft_p90", "ttft", _TTFT, q=0.90, scope=streams)
time_metric("ttft_p95", "ttft", _TTFT, q=0.95, scope=streams)
time_metric("ttft_p99", "ttft", _TTFT, q=0.99, scope=streams)
time_metric("ttft_warm", "ttft", f"{_TTFT} Warm connections only.", scope=streams, only=warm)
time_metric("ttft_cold", "ttft", f"{_TTFT} New connections only.", scope=streams, only=cold)
time_metric(
    "ttfe", "ttfe", "the time from sending to the first event, be it empty, streamed replies only.", scope=streams
)
time_metric(
    "ttfo", "ttfo", "the time from sending to the first content or tool-call event, streams only.", scope=streams
)
time_metric("e2e", "service", _E2E)
time_metric("e2e_p90", "service", _E2E, q=0.90)
time_metric("e2e_p95", "service", _E2E, q=0.95)
time_metric("e2e_p99", "service", _E2E, q=0.99)
time_metric("e2e_warm", "service", f"{_E2E} Warm connections only.", only=warm)
time_metric("e2e_cold", "service", f"{_E2E} New connections only.", only=cold)
time_metric(
    "response_time", "response", "the time from the scheduled start to the last token event, so that queueing shows."
)
time_metric("response_time_p95", "response", "the time from the scheduled start to the last token event.", q=0.95)
time_metric(
    "tpot", "tpot", "the time per output token after the first, by the server's token count, streams.", scope=streams
)
time_metric("output_speed", "output_speed", "completion tokens per second between the first and the last token event.")
