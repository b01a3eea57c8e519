"""The first screen: whom to use, whom to avoid, and a drawn row per provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from trueweight.report.metrics import METRICS, Metric
from trueweight.report.numbers import NONE, decimals_of, points, sample, span, write
from trueweight.report.page.charts import Axis, Mark, axis, mark
from trueweight.report.standing import Group, Standing


class Column(NamedTuple):
    """A metric's column: its shared axis and, where there is one, the band of the noise floor."""

    metric: Metric
    axis: Axis | None
    band: Mark | None
    floor: str
    decimals: int


class Cell(NamedTuple):
    """An estimate, written and drawn. ``beside`` is the paired difference, ``title`` the small print."""

    value: str
    interval: str
    mark: Mark | None
    title: str
    beside: str = ""


class Row(NamedTuple):
    """A provider."""

    standing: Standing
    model: str
    precision: str
    sentence: str
    cells: tuple[Cell, ...]


class Answer(NamedTuple):
    """All of the first screen. Each group is a list of ``(name, ground)``."""

    use: tuple[tuple[str, str], ...]
    avoid: tuple[tuple[str, str], ...]
    undecided: tuple[tuple[str, str], ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def _estimate(provider: Mapping[str, Any], metric: str) -> Mapping[str, Any]:
    found = provider.get("metrics", {}).get(metric)
    return found if isinstance(found, Mapping) else {}


def _column(summary: Mapping[str, Any], metric: Metric) -> Column | None:
    estimates = [_estimate(provider, metric.id) for provider in summary["providers"].values()]
    floor = (summary.get("noise_floor") or {}).get(metric.id) if metric.floor else None
    scale = axis([*estimates, *([floor] if floor else [])], log=metric.log)
    if scale is None:
        return None
    words = f"{write(floor['value'], floor['unit'])} {span(floor)}" if floor and floor["value"] is not None else ""
    values = [abs(estimate["value"]) for estimate in estimates if estimate.get("value")]
    # The smallest value sets the decimals of its column, but the largest must not look more exact than it is.
    decimals = min(decimals_of(min(values)), decimals_of(max(values)) + 1) if values else 0
    return Column(metric, scale, mark(scale, floor), words, decimals)


def _cell(provider: Mapping[str, Any], column: Column) -> Cell:
    estimate = _estimate(provider, column.metric.id)
    if estimate.get("value") is None:
        return Cell(NONE, "", None, str(estimate.get("note", "not measured")))
    difference = provider.get("versus_reference", {}).get(column.metric.id) if column.metric.floor else None
    beside = ""
    if difference and difference.get("value") is not None:
        beside = f"{points(difference['value'])} ({span(difference)})"
    value = write(estimate["value"], estimate["unit"], column.decimals)
    title = f"{sample(estimate)}; {estimate.get('method', '')}"
    return Cell(value, span(estimate, column.decimals), mark(column.axis, estimate), title, beside)


def answer(summary: Mapping[str, Any], ranked: Sequence[Standing]) -> Answer:
    """Lay out the first screen."""
    columns = tuple(c for c in (_column(summary, metric) for metric in METRICS if metric.column) if c)
    rows = []
    for standing in ranked:
        provider = summary["providers"][standing.provider]
        cells = tuple(_cell(provider, column) for column in columns)
        model, precision, sentence = (str(provider.get(key) or "") for key in ("model", "precision", "sentence"))
        rows.append(Row(standing, model, precision, sentence, cells))

    def group(which: Group) -> tuple[tuple[str, str], ...]:
        return tuple((s.provider, s.ground) for s in ranked if s.group is which)

    return Answer(group(Group.USE), group(Group.AVOID), group(Group.UNDECIDED), columns, tuple(rows))
