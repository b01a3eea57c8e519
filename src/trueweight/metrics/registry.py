"""The metrics there are: each is declared once, in the module that computes it.

Page, bar, gate, comparison, site, ``explain`` and documentation read the declaration. A metric from another package is
declared in the same way and found through the entry-point group ``trueweight.metrics``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from trueweight.core import Estimate
from trueweight.core.registry import Registry
from trueweight.metrics.sample import Sample
from trueweight.statistics.paired import Difference

UNDECLARED_PLACE: Final = 1_000
"""The place of a metric that gives none: behind all of ours, in order of id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number about a provider.

    Attributes:
        id: its name in ``summary.json``, in ``bar.toml`` and on the command line.
        title: head of its column or row.
        unit: of the value: ``proportion``, ``ms``, ``tokens/s``, ``USD`` …
        definition: what is measured, in sentences that stand beside the number.
        source: a URL or a citation of the definition, or where it is defined if it is trueweight's own.
        method: how the value, its interval and its difference from the reference are estimated.
        higher_is_better: None where neither direction is better.
        place: where it stands in tables; lower comes first.
        estimate: from a provider's trials; None for what separate requests measure, as drift is.
        difference: of a provider from the reference (two samples, provider first), paired by case; None where the
            metric is not compared with the reference.
        self_agreement_is_estimate: the reference's estimate compares its two passes already, so the self-agreement is
            that estimate; else it is the difference of the second pass from the first.
        compared: ``trueweight compare`` compares it between two runs.
        column: it is a column of the page's first table.
        shows_difference: its column shows the paired difference from the reference and the band of self-agreement.
        log: its axis is logarithmic.
        beside: id of a second metric, written beside the value in the words ``beside_words`` (``p95 {}``).
    """

    id: str
    title: str
    unit: str
    definition: str
    source: str
    method: str
    higher_is_better: bool | None
    place: int = UNDECLARED_PLACE
    estimate: Callable[[Sample], Estimate] | None = None
    difference: Callable[[Sample, Sample], Difference] | None = None
    self_agreement_is_estimate: bool = False
    compared: bool = False
    column: bool = False
    shows_difference: bool = False
    log: bool = False
    beside: str = ""
    beside_words: str = "{}"


_METRICS: Final = Registry[Metric]("metric", "trueweight.metrics")


def register(metric: Metric) -> Metric:
    """Add a metric.

    Raises:
        ConfigError: ``registry-duplicate`` if the id is taken.
    """
    return _METRICS.add(metric.id, metric)


def all_metrics() -> Mapping[str, Metric]:
    """Every metric by id, sorted by id.

    Raises:
        ConfigError: ``plugin-broken`` if a module that declares metrics cannot be imported.
    """
    return _METRICS.all()


def trial_metrics() -> Mapping[str, Metric]:
    """The metrics that are estimated from the trials of a run, which a bar can set a threshold on; sorted by id."""
    return {name: metric for name, metric in all_metrics().items() if metric.estimate is not None}


def compared_metrics() -> tuple[str, ...]:
    """Ids of the metrics that ``trueweight compare`` compares between two runs, in order of place."""
    return tuple(metric.id for metric in in_order(all_metrics()) if metric.compared)


def metric_origin(name: str) -> str:
    """The package that declares a metric.

    Raises:
        ConfigError: ``unknown-metric`` if there is none of that id.
    """
    return _METRICS.origin(name)


def describe(name: str) -> Metric:
    """The metric of that id. A summary can hold one whose package is not installed: its id is then its title."""
    known = all_metrics().get(name)
    if known is not None:
        return known
    return Metric(
        id=name, title=name.replace("_", " "), unit="", definition="", source="", method="", higher_is_better=None
    )


def in_order(names: Iterable[str]) -> tuple[Metric, ...]:
    """The metrics of these ids by place, then by id."""
    return tuple(sorted(map(describe, names), key=lambda metric: (metric.place, metric.id)))
