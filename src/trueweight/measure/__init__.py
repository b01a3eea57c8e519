"""Observations → estimates: pure, seeded, vectorised."""

from trueweight.measure.many import benjamini_hochberg, holm
from trueweight.measure.measuring import Comparison, Measured, measure
from trueweight.measure.paired import Difference, difference_by_case, mcnemar, median_difference
from trueweight.measure.proportion import clustered, exact, wilson
from trueweight.measure.quantile import quantile
from trueweight.measure.registry import Metric, all_metrics, register
from trueweight.measure.resample import Resampler, bca
from trueweight.measure.sample import Sample, make_halves, make_samples
from trueweight.measure.share import Share, estimate_share, share_metric
from trueweight.measure.table import CaseInfo, Table, tabulate

__all__ = [
    "CaseInfo",
    "Comparison",
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
    "difference_by_case",
    "estimate_share",
    "exact",
    "holm",
    "make_halves",
    "make_samples",
    "mcnemar",
    "measure",
    "median_difference",
    "quantile",
    "register",
    "share_metric",
    "tabulate",
    "wilson",
]
