"""The first screen: which provider to use, which to avoid, and a drawn row per provider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from trueweight.core import Drift, DriftVerdict, Estimate
from trueweight.core.assessment import LimitCode
from trueweight.core.note import NoteCode
from trueweight.core.summary import ProviderSummary, Summary
from trueweight.metrics import Metric, all_metrics, in_order
from trueweight.metrics.quantiles import UNDEFINED
from trueweight.report.axes import Axis, Mark, axis, mark, without_interval
from trueweight.report.numbers import NONE, decimals_of, plain, points, sample, span, write
from trueweight.report.words import (
    DRIFT_WORDS,
    RecommendationLine,
    Recommended,
    cut_in_thought,
    notes_words,
    recommendation_lines,
    run_limits,
    run_notes,
    summary_sentence,
)

_REMARKS: Final = frozenset({NoteCode.OPEN_CALLS})
"""Notes on what numbers contain. They stand below the table; all others limit what the run can say."""
_SPOILED: Final = 0.1
"""A row has its own mark if this share of its times is spoiled; below it only the line above the table reports it."""


class Column(NamedTuple):
    """A metric's column: its shared axis and, where there is one, the band of the reference's self-agreement."""

    metric: Metric
    axis: Axis
    band: Mark | None
    self_agreement: str
    decimals: int


class DrawnEstimate(NamedTuple):
    """An estimate, written and drawn. ``small`` stands beside the value, ``tick`` is where a second value is drawn,
    ``exact`` is the value by which a column is sorted; "" if there is none.
    """

    value: str
    small: str
    mark: Mark | None
    tick: float | None
    title: str
    exact: str = ""


class ProviderRow(NamedTuple):
    """A provider in the table.

    Attributes:
        precision: as declared; empty if it is the same as the reference's.
        limited: how many of its times this client spoiled, e.g. ``12 of 80 times``; empty below a tenth.
    """

    recommended: Recommended
    precision: str
    sentence: str
    limited: str
    cells: tuple[DrawnEstimate, ...]


class FirstScreen(NamedTuple):
    """All of the first screen. ``cut`` are sentences on replies without an answer to judge, ``limits`` sentences on
    what this run cannot say, ``remarks`` on what its numbers contain, ``compared`` the number of candidates that were
    compared with the reference, ``among`` that of candidates that were compared with each other because there is no
    reference.
    """

    cut: tuple[str, ...]
    lines: tuple[RecommendationLine, ...]
    limits: tuple[str, ...]
    remarks: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[ProviderRow, ...]
    compared: int
    among: int


def _estimate(provider: ProviderSummary, metric: str) -> Estimate | None:
    found = provider.metrics.get(metric)
    if metric == "drift" and provider.drift is not None:
        found = provider.drift.effect
    return found


def _known(estimates: Sequence[Estimate | None]) -> list[Estimate]:
    return [estimate for estimate in estimates if estimate is not None and estimate.value is not None]


def _column(summary: Summary, metric: Metric) -> Column | None:
    providers = summary.providers.values()
    estimates = _known([_estimate(provider, metric.id) for provider in providers])
    beside = _known([_estimate(provider, metric.beside) for provider in providers]) if metric.beside else []
    agreement = summary.self_agreement.get(metric.id) if metric.shows_difference else None
    values = [abs(estimate.value) for estimate in estimates if estimate.value]
    # The smallest value sets the decimals of its column, but the largest must not look more exact than it is.
    decimals = min(decimals_of(min(values), 2), decimals_of(max(values)) + 1) if values else 0
    beside = [one for one in beside if not _vanishes(one, decimals)]
    # A second value shares the axis; its own interval does not.
    drawn = [*estimates, *map(without_interval, beside), *([agreement] if agreement else [])]
    scale = axis(drawn, log=metric.log)
    if scale is None or not estimates:
        return None
    words = ""
    if agreement is not None and agreement.value is not None:
        words = write(agreement.value, agreement.unit) + (f", {span(agreement)}%" if span(agreement) else "")
    return Column(metric, scale, mark(scale, agreement), words, min(decimals, 3) if metric.id == "drift" else decimals)


def _small(provider: ProviderSummary, column: Column, estimate: Estimate) -> tuple[str, float | None]:
    """What stands beside the value: the difference from the reference, the second metric, or the interval."""
    metric = column.metric
    if metric.id == "drift":
        return "" if provider.drift is None else _drift_words(provider.drift), None
    difference = provider.versus_reference.get(metric.id) if metric.shows_difference else None
    if difference is not None and difference.value is not None:
        return points(difference.value), None
    second = _estimate(provider, metric.beside) if metric.beside else None
    without = estimate.missing.get(UNDEFINED, 0)
    if metric.beside and without > estimate.n:  # the median of a few replies is not what a reader takes it for
        return f"in {estimate.n:,} of {estimate.n + without:,} replies", None
    if second is None or second.value is None or second.value == estimate.value:
        return span(estimate, column.decimals), None
    if _vanishes(second, column.decimals):
        return metric.beside_words.format(f"< {plain(10.0**-column.decimals, column.decimals)}"), None
    amount = write(second.value, second.unit, column.decimals if second.value else None)  # not 0.000
    return metric.beside_words.format(amount), column.axis.at(second.value)


def _vanishes(second: Estimate, decimals: int) -> bool:
    """Whether a second value would be written as zero and is none: it would stretch the axis for nothing."""
    return bool(second.value) and second.unit != "proportion" and round(second.value or 0.0, decimals) == 0


def _drift_words(drift: Drift) -> str:
    rung = f" ≈ {drift.rung}" if drift.rung and drift.verdict is DriftVerdict.DRIFT else ""
    return DRIFT_WORDS[drift.verdict] + rung


def _cell(provider: ProviderSummary, column: Column, *, is_reference: bool) -> DrawnEstimate:
    estimate = _estimate(provider, column.metric.id)
    if estimate is None or estimate.value is None:
        missing = "drift is measured from the reference" if is_reference else "not measured"
        note = estimate.note if estimate is not None and estimate.note else missing
        return DrawnEstimate("—" if is_reference and column.metric.id == "drift" else NONE, "", None, None, note)
    small, tick = _small(provider, column, estimate)
    value = write(estimate.value, "proportion" if estimate.unit == "proportion" else "", column.decimals)
    title = f"95% interval {span(estimate, column.decimals) or 'none'}; {sample(estimate)}; {estimate.method}"
    return DrawnEstimate(value, small, mark(column.axis, estimate), tick, title, f"{estimate.value:.6g}")


def _limited(provider: ProviderSummary) -> str:
    spoiled = provider.counts.client_limited
    of = provider.counts.recorded or spoiled
    return f"{spoiled} of {of} times" if spoiled and spoiled >= _SPOILED * of else ""


def first_screen(summary: Summary, providers: Sequence[Recommended]) -> FirstScreen:
    """Lay out the first screen."""
    remarks = [note for note in summary.run.notes if note.code in _REMARKS]
    columns = tuple(c for c in (_column(summary, metric) for metric in in_order(all_metrics()) if metric.column) if c)
    reference = summary.run.reference
    theirs = summary.reference.precision if summary.reference is not None else None
    rows = []
    for one in providers:
        cells = tuple(_cell(one.provider, column, is_reference=one.name == reference) for column in columns)
        declared = one.provider.precision or ""
        shown = declared if declared != (theirs or "") or one.name == reference else ""
        rows.append(ProviderRow(one, shown, summary_sentence(one.provider), _limited(one.provider), cells))
    alone = {
        LimitCode.NO_REFERENCE,
        LimitCode.REFERENCE_SILENT,
        LimitCode.REFERENCE_CUT,
        LimitCode.REFERENCE_NOT_ASKED,
        LimitCode.REFERENCE_REFUSED,
        LimitCode.REFERENCE_UNJUDGEABLE,
        LimitCode.REFERENCE_SETUP_FAULT,
    }
    compared = reference is not None and not any(limit.code in alone for limit in summary.limits)
    return FirstScreen(
        cut_in_thought(summary),
        recommendation_lines(summary, providers),
        (*run_notes(summary, without=_REMARKS), *run_limits(summary)),
        tuple(notes_words(remarks, tuple(summary.providers))),
        columns,
        tuple(rows),
        len(providers) - 1 if compared else 0,
        sum(bool(one.provider.counts.arrived) for one in providers) if reference is None else 0,
    )
