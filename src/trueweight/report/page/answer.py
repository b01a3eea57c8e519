"""The first screen: whom to use, whom to avoid, and a drawn row per provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from trueweight.metrics import Metric, all_metrics, in_order
from trueweight.report.axes import Axis, Mark, axis, mark
from trueweight.report.headline import Line, limits, verdict_lines
from trueweight.report.numbers import NONE, decimals_of, points, sample, span, write
from trueweight.report.standing import Standing, has_answered

_SPOILED = 0.1
"""A row whose times are spoiled in more than this share says so itself; below it the line above the table does."""


class Column(NamedTuple):
    """A metric's column: its shared axis and, where there is one, the band of the noise floor."""

    metric: Metric
    axis: Axis
    band: Mark | None
    floor: str
    decimals: int


class Cell(NamedTuple):
    """An estimate, written and drawn. ``small`` stands beside the value, ``tick`` is where a second value is drawn."""

    value: str
    small: str
    mark: Mark | None
    tick: float | None
    title: str


class Row(NamedTuple):
    """A provider.

    Attributes:
        precision: as declared, where it is not the reference's too.
        limited: how many of its times this client spoiled, if that is a part that counts.
    """

    standing: Standing
    precision: str
    sentence: str
    limited: str
    cells: tuple[Cell, ...]


class Answer(NamedTuple):
    """All of the first screen. ``limits`` are sentences on what this run cannot say, ``compared`` the candidates that
    were held against the reference.
    """

    lines: tuple[Line, ...]
    limits: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    compared: int


def _estimate(provider: Mapping[str, Any], metric: str) -> Mapping[str, Any]:
    found = provider.get("metrics", {}).get(metric)
    if metric == "drift" and provider.get("drift"):
        found = provider["drift"].get("effect")
    return found if isinstance(found, Mapping) else {}


def _column(summary: Mapping[str, Any], metric: Metric) -> Column | None:
    providers = summary["providers"].values()
    estimates = [_estimate(provider, metric.id) for provider in providers]
    beside = [_estimate(provider, metric.beside) for provider in providers] if metric.beside else []
    floor = (summary.get("noise_floor") or {}).get(metric.id) if metric.shows_difference else None
    # A second value shares the axis; its own interval does not.
    seconds = [{**found, "low": None, "high": None} for found in beside]
    scale = axis([*estimates, *seconds, *([floor] if floor else [])], log=metric.log)
    if scale is None or all(estimate.get("value") is None for estimate in estimates):
        return None
    words = ""
    if floor and floor["value"] is not None:
        words = write(floor["value"], floor["unit"]) + (f", {span(floor)}%" if span(floor) else "")
    values = [abs(estimate["value"]) for estimate in estimates if estimate.get("value")]
    # The smallest value sets the decimals of its column, but the largest must not look more exact than it is.
    decimals = min(decimals_of(min(values), 2), decimals_of(max(values)) + 1) if values else 0
    return Column(metric, scale, mark(scale, floor), words, min(decimals, 3) if metric.id == "drift" else decimals)


def _small(provider: Mapping[str, Any], column: Column, estimate: Mapping[str, Any]) -> tuple[str, float | None]:
    """What stands beside the value: the difference from the floor, the second metric, or the interval."""
    metric = column.metric
    if metric.id == "drift":
        return _drift_words(provider["drift"]), None
    difference = provider.get("versus_reference", {}).get(metric.id) if metric.shows_difference else None
    if difference and difference.get("value") is not None:
        return points(difference["value"]), None
    second = _estimate(provider, metric.beside) if metric.beside else {}
    if second.get("value") is None:
        return span(estimate, column.decimals), None
    if second["value"] == estimate["value"]:
        return span(estimate, column.decimals), None
    words = metric.beside_words.format(write(second["value"], second["unit"], column.decimals))
    return words, column.axis.at(second["value"])


def _drift_words(drift: Mapping[str, Any]) -> str:
    verdict = str(drift.get("verdict"))
    rung = f" ≈ {drift['rung']}" if drift.get("rung") and verdict == "drift" else ""
    return {"drift": "drift", "equivalent": "same", "inconclusive": "open", "misconfigured": "n/a"}.get(
        verdict, verdict
    ) + rung


def _cell(provider: Mapping[str, Any], column: Column, *, is_reference: bool) -> Cell:
    estimate = _estimate(provider, column.metric.id)
    if estimate.get("value") is None:
        note = estimate.get("note", "the reference is what drift is measured from" if is_reference else "not measured")
        return Cell("—" if is_reference and column.metric.id == "drift" else NONE, "", None, None, str(note))
    small, tick = _small(provider, column, estimate)
    value = write(estimate["value"], "proportion" if estimate["unit"] == "proportion" else "", column.decimals)
    title = (
        f"95% interval {span(estimate, column.decimals) or 'none'}; {sample(estimate)}; {estimate.get('method', '')}"
    )
    return Cell(value, small, mark(column.axis, estimate), tick, title)


def _limited(provider: Mapping[str, Any]) -> str:
    counts = provider.get("counts", {})
    spoiled = counts.get("client_limited", 0)
    of = counts.get("recorded") or spoiled
    return f"{spoiled} of {of} times" if spoiled and spoiled >= _SPOILED * of else ""


def answer(summary: Mapping[str, Any], ranked: Sequence[Standing]) -> Answer:
    """Lay out the first screen."""
    columns = tuple(c for c in (_column(summary, metric) for metric in in_order(all_metrics()) if metric.column) if c)
    reference = summary["run"].get("reference")
    theirs = str(summary["providers"].get(reference, {}).get("precision") or "")
    rows = []
    for standing in ranked:
        provider = summary["providers"][standing.provider]
        cells = tuple(_cell(provider, column, is_reference=standing.provider == reference) for column in columns)
        declared = str(provider.get("precision") or "")
        said = declared if declared != theirs or standing.provider == reference else ""
        rows.append(Row(standing, said, str(provider.get("sentence") or ""), _limited(provider), cells))
    compared = len(ranked) - 1 if has_answered(summary, reference) else 0
    return Answer(verdict_lines(summary, ranked), limits(summary), columns, tuple(rows), compared)
