"""Metrics that are a quantile over requests: times in milliseconds, speeds, token counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import numpy as np

from trueweight.core import Estimate
from trueweight.metrics.registry import Metric, register
from trueweight.metrics.sample import Sample
from trueweight.metrics.table import Table
from trueweight.statistics import Array
from trueweight.statistics.paired import Difference, median_difference
from trueweight.statistics.quantile import no_quantile, quantile

Rows = Callable[[Table], Array]
IN_ONE_PIECE: Final = "the stream comes in one piece"
"""Why a stream lacks a time to its first token, and those between tokens."""
UNDEFINED: Final = "not defined by the reply"
"""Why a reply that arrived lacks a quantity, in ``Estimate.missing``: one without a thought has no thinking time."""


def in_one_piece_words(streams: int) -> str:
    """Why so many streams have no time to a first token."""
    return f"{streams} streams came in one piece, after the last token was generated"


def everything(table: Table) -> Array:
    """All rows."""
    return np.asarray(table.case >= 0)


def _usable(table: Table, time: str) -> Array:
    """Rows with that time which the client did not spoil; a busy client spoils no count of tokens."""
    spoiled = table.client_limited & (time != "thinking_tokens")
    return table.arrived & np.isfinite(table.times[time]) & ~spoiled


def _estimate(time: str, q: float, unit: str, scope: Rows, only: Rows) -> Callable[[Sample], Estimate]:
    def estimate(sample: Sample) -> Estimate:
        table = sample.own
        asked = scope(table)
        used = asked & _usable(table, time) & only(table)
        values, of = table.times[time][used], int(asked.sum())
        missing = _missing(table, asked & ~used, time)
        if why := _why_none(missing) if not len(values) else no_quantile(len(values), q):
            return Estimate(None, None, None, len(values), unit, "n/a", of=of, missing=missing, note=why)
        case = table.case[used]
        interval, note = quantile(values, q, case)
        units = "cases" if len(np.unique(case)) < len(values) else "requests"
        opened = int((used & table.cold).sum())
        if opened and only is everything:
            note = "; ".join(filter(None, [note, f"{opened} of {len(values)} on a new connection"]))
        return Estimate(
            float(np.quantile(values, q)),
            *interval,
            n=len(values),
            unit=unit,
            method=f"quantile {q:g} (type 7), exact limits over {units} (Woodruff)",
            of=of,
            missing=missing,
            note=note,
        )

    return estimate


def _why_none(missing: Mapping[str, int]) -> str:
    """Why no request has the quantity."""
    if IN_ONE_PIECE in missing:
        return in_one_piece_words(missing[IN_ONE_PIECE])
    return no_quantile(0, 0.5)


def _missing(table: Table, rows: Array, time: str) -> dict[str, int]:
    """Why rows have no such time, and how many: the first reason that fits."""
    reasons = Counter(table.absent[rows & ~table.arrived].tolist())
    rows = rows & table.arrived
    for why, fits in (
        (IN_ONE_PIECE, table.in_one_piece & ~np.isfinite(table.times[time])),
        (UNDEFINED, ~np.isfinite(table.times[time])),
        ("client-limited", table.client_limited),
        ("connection", np.ones_like(rows)),
    ):
        reasons[why] += int((rows & fits).sum())
        rows = rows & ~fits
    return dict(sorted((+reasons).items()))


def _difference(time: str, unit: str, scope: Rows) -> Callable[[Sample, Sample], Difference]:
    def difference(ours: Sample, theirs: Sample) -> Difference:
        of = len(np.unique(ours.own.case[scope(ours.own)]))
        mine, other = (_case_medians(s, scope(s.own) & _usable(s.own, time), time) for s in (ours, theirs))
        return median_difference(mine, other, unit, of=of)

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


_UNITS: Final[dict[str, tuple[str, bool | None]]] = {
    "output_speed": ("tokens/s", True),
    "zero_gaps": ("proportion", None),
    "chunk_tokens": ("tokens", None),
    "thinking_tokens": ("tokens", None),
}
"""Unit of what is no time, and whether more is better."""


class Quantity(NamedTuple):
    """What the quantiles of one idea share.

    Attributes:
        time: name of the column of ``Table.times``.
        title: without quantile and unit, e.g. ``TTFT``.
        definition: what is measured for one request, after "Median of".
        source: where the quantity is defined.
        scope: rows that have it at all.
        place: of the median; each further metric follows behind it.
    """

    time: str
    title: str
    definition: str
    source: str
    place: int
    scope: Rows = everything


def quantile_metric(
    name: str,
    of: Quantity,
    *,
    q: float = 0.5,
    only: Rows = everything,
    words: str = "",
    place: int = 0,
    compared: bool = False,
    column: bool = False,
    beside: str = "",
    beside_words: str = "{}",
) -> None:
    """Register a quantile of a quantity; medians over all connections are also compared with the reference.

    Args:
        only: rows of the scope that count, where not all do; ``words`` then says which.
        place: how far behind the median it stands.
    """
    unit, higher = _UNITS.get(of.time, ("ms", False))
    which = "Median" if q == 0.5 else f"{round(q * 100)}th percentile"
    short = "" if q == 0.5 else f" p{round(q * 100)}"
    head = f"{of.title}{short}{f', {words} connection' if words else ''}"
    register(
        Metric(
            id=name,
            title=f"{head}, ms" if unit == "ms" else head,
            unit=unit,
            definition=f"{which} of {of.definition}{f' Only on {words} connections.' if words else ''}",
            source=of.source,
            method=_METHOD,
            higher_is_better=higher,
            place=of.place + place,
            estimate=_estimate(of.time, q, unit, of.scope, only),
            difference=_difference(of.time, unit, of.scope) if q == 0.5 and only is everything else None,
            compared=compared,
            column=column,
            log=unit != "proportion",
            beside=beside,
            beside_words=beside_words,
        )
    )


_METHOD: Final = (
    "Sample quantile of type 7 (Hyndman and Fan 1996) over the requests whose times the client did not spoil. 95% "
    "interval: exact limits over requests (Woodruff 1952), or over cases where a case has several; none at p99 under "
    "100 requests. "
    "Difference from the reference: median over cases of the difference of medians; exact sign test."
)


def streams(table: Table) -> Array:
    """Rows that asked for a stream."""
    return table.stream


def warm(table: Table) -> Array:
    """Rows on a kept connection."""
    return np.asarray(~table.cold)


def cold(table: Table) -> Array:
    """Rows that opened a connection."""
    return table.cold
