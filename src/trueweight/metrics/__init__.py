"""Observations → estimates: pure, seeded, vectorised."""

from trueweight.metrics.measuring import Measured, measure
from trueweight.metrics.registry import (
    Metric,
    all_metrics,
    compared_metrics,
    describe,
    in_order,
    metric_origin,
    register,
    trial_metrics,
)
from trueweight.metrics.sample import Sample, make_passes, make_samples
from trueweight.metrics.share import Share, estimate_share, share_metric
from trueweight.metrics.table import CaseInfo, Table, tabulate
from trueweight.statistics.multiple_testing import benjamini_hochberg, holm
from trueweight.statistics.paired import Difference, difference_by_case, mcnemar, median_difference
from trueweight.statistics.proportion import clustered, exact, independent, wilson
from trueweight.statistics.quantile import quantile
from trueweight.statistics.resample import Resampler, bca

__all__ = [
    "CaseInfo",
    "Difference",
    "Measured",
    "Metric",
    "Resampler",
    "Sample",
    "Share",
    "Table",
    "all_metrics",
    "bca",
    "benjamini_hochberg",
    "clustered",
    "compared_metrics",
    "describe",
    "difference_by_case",
    "estimate_share",
    "exact",
    "holm",
    "in_order",
    "independent",
    "make_passes",
    "make_samples",
    "mcnemar",
    "measure",
    "median_difference",
    "metric_origin",
    "quantile",
    "register",
    "share_metric",
    "tabulate",
    "trial_metrics",
    "wilson",
]
