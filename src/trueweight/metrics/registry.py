"""The metrics there are. A new metric is a new file in ``metrics/``: nothing else lists them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from trueweight.core import Estimate
from trueweight.metrics.sample import Sample
from trueweight.statistics.paired import Difference


@dataclass(frozen=True, slots=True)
class Metric:
    """One number about a provider.

    Attributes:
        unit: of the value.
        definition: one sentence that a reader of the report sees beside the number.
        higher_is_better: None where neither is.
        estimate: from a provider's trials.
        difference: of a provider from the reference (two samples, provider first), paired by case; None where the
            metric does not compare.
        floor_is_estimate: whether the noise floor shows the reference's own estimate, which compares its two runs, or
            else the difference of its second run from its first.
    """

    name: str
    unit: str
    definition: str
    higher_is_better: bool | None
    estimate: Callable[[Sample], Estimate]
    difference: Callable[[Sample, Sample], Difference] | None = None
    floor_is_estimate: bool = False


_METRICS: dict[str, Metric] = {}


def register(metric: Metric) -> Metric:
    """Add a metric.

    Raises:
        ValueError: if the name is taken.
    """
    if metric.name in _METRICS:
        raise ValueError(f"two metrics are named {metric.name!r}")
    _METRICS[metric.name] = metric
    return metric


@cache
def all_metrics() -> dict[str, Metric]:
    """Every metric by name, in order of file and then of definition."""
    package = importlib.import_module("trueweight.metrics.catalogue")
    for module in sorted(found.name for found in pkgutil.iter_modules(package.__path__)):
        importlib.import_module(f"{package.__name__}.{module}")
    return dict(_METRICS)


COMPARED = (
    "must_pass_rate",
    "schema_accuracy",
    "schema_accuracy_unconditional",
    "tool_call_f1",
    "trigger_accuracy",
    "structured_output_accuracy",
    "success_rate",
    "first_attempt_success_rate",
    "ttft",
    "e2e",
    "output_speed",
)
"""What `trueweight compare` compares between two runs."""
