"""All metrics of all providers of a run, and their differences from one pass of the reference, with corrected tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from trueweight.core import Comparison, Estimate, Observation, Variant
from trueweight.core.judging import NotJudged, guarded
from trueweight.metrics.by_api import measure_apis
from trueweight.metrics.catalogue.agreement_with_others import AGREEMENT_WITH_OTHERS, agreement_with_others
from trueweight.metrics.registry import Metric, trial_metrics
from trueweight.metrics.sample import NO_REFERENCE, NOT_REPEATED, Sample, make_passes, make_samples
from trueweight.metrics.table import CaseInfo, Table, tabulate
from trueweight.statistics.multiple_testing import holm
from trueweight.statistics.paired import Difference
from trueweight.statistics.resample import Resampler


class Measured(NamedTuple):
    """Everything that is measured of a run, by provider and by metric.

    Attributes:
        self_agreement: metric → the reference against itself.
        problems: by provider, the metrics that could not be computed.
        by_api: API → the main metrics of its trials, for each provider that is asked through several.
    """

    metrics: dict[str, dict[str, Estimate]]
    versus_reference: dict[str, dict[str, Comparison]]
    self_agreement: dict[str, Estimate]
    tables: dict[str, Table]
    problems: dict[str, list[NotJudged]]
    by_api: dict[str, dict[str, dict[str, Estimate]]]


def measure(
    observations: Mapping[str, Sequence[Observation]],
    cases: Sequence[CaseInfo],
    *,
    reference: str | None,
    repeats: int,
    passes: int,
    seed: int,
    variants: Mapping[str, Mapping[str, Sequence[Variant]]] | None = None,
) -> Measured:
    """Measure each provider. The reference has ``repeats × passes`` trials per case and mode, any other ``repeats``.

    Args:
        variants: provider → case → API and mode of its trials; by default each mode of the case, in chat.
    """
    resampler = Resampler(len(cases), seed)
    tables = {
        name: tabulate(
            seen,
            cases,
            repeats * passes if name == reference else repeats,
            None if variants is None else variants[name],
        )
        for name, seen in observations.items()
    }
    samples = make_samples(tables, reference, repeats, passes, resampler)
    problems: defaultdict[str, list[NotJudged]] = defaultdict(list)
    metrics = {
        name: {
            metric.id: _estimate(metric, partial(metric.estimate, sample), problems[name])
            for metric in trial_metrics().values()
            if metric.estimate
        }
        for name, sample in samples.items()
    }
    if reference is None:
        for name, found in agreement_with_others(samples).items():
            metrics[name][AGREEMENT_WITH_OTHERS.id] = found
    halves = None
    if reference is not None and reference in tables and passes >= 2:
        halves = make_passes(tables[reference], repeats, resampler)
    why_not = NOT_REPEATED if reference in tables else NO_REFERENCE
    own = metrics.get(reference or "")
    compared = None
    if reference is not None and reference in samples:
        compared = halves[1] if halves is not None else samples[reference]
    versus = compare_candidates(trial_metrics().values(), samples, reference, compared, problems)
    agreement = _self_agreement(halves, own, why_not, problems[reference or ""])
    failed = {name: found for name, found in problems.items() if found}
    by_api = {name: measure_apis(sample) for name, sample in samples.items()}
    return Measured(metrics, versus, agreement, tables, failed, by_api)


def _estimate(metric: Metric, work: Callable[[], Estimate], problems: list[NotJudged]) -> Estimate:
    """The estimate; not applicable, with the error as the reason, if it raises."""
    found = guarded(metric.id, work)
    if isinstance(found, NotJudged):
        problems.append(found)
        return Estimate.not_applicable(metric.unit, found.reason)
    return found


def _difference(metric: Metric, own: Sample, theirs: Sample, problems: list[NotJudged]) -> Difference:
    """The difference; not applicable, with the error as the reason, if it raises."""
    assert metric.difference is not None
    found = guarded(metric.id, partial(metric.difference, own, theirs))
    if isinstance(found, NotJudged):
        problems.append(found)
        return Difference(Estimate.not_applicable("difference", found.reason), None)
    return found


def compare_candidates(
    metrics: Iterable[Metric],
    samples: Mapping[str, Sample],
    reference: str | None,
    other: Sample | None,
    problems: Mapping[str, list[NotJudged]],
) -> dict[str, dict[str, Comparison]]:
    """Provider → metric → each candidate less one pass of the reference, with corrected tests.

    Args:
        reference: which of the providers it is.
        other: its one pass, which has as many trials of each case as a candidate; None without a reference.
        problems: provider → a list to which a metric that raises is added.
    """
    known = {metric.id: metric for metric in metrics}
    candidates = [name for name in samples if name != reference]
    found: dict[tuple[str, str], Difference] = {}
    for metric in known.values():
        if metric.difference is None:
            continue
        for name in candidates:
            none = Difference(Estimate.not_applicable("difference", NO_REFERENCE), None)
            found[name, metric.id] = (
                none if other is None else _difference(metric, samples[name], other, problems[name])
            )
    tested = {key: one.p for key, one in found.items() if one.p is not None}
    adjusted = dict(zip(tested, holm(list(tested.values())), strict=True))
    out: dict[str, dict[str, Comparison]] = {name: {} for name in samples}
    for (name, metric_id), one in found.items():
        out[name][metric_id] = _comparison(one, known[metric_id], adjusted.get((name, metric_id)))
    return out


def _comparison(found: Difference, metric: Metric, p_holm: float | None) -> Comparison:
    if found.tests is None:
        return Comparison.of_estimate(found.estimate)
    less = metric.higher_is_better is not False
    worse, better = (found.lower, found.higher) if less else (found.higher, found.lower)
    p_worse = found.tests.lower if less else found.tests.higher
    return Comparison.of_estimate(
        found.estimate, p=found.tests.differs, p_holm=p_holm, p_worse=p_worse, worse=worse, better=better
    )


def _self_agreement(
    halves: tuple[Sample, Sample] | None,
    own: Mapping[str, Estimate] | None,
    why_not: str,
    problems: list[NotJudged],
) -> dict[str, Estimate]:
    """The reference's pass B against its pass A: the score itself for tool-call F1 and its kin, else the difference."""
    out = {}
    for metric in trial_metrics().values():
        if metric.difference is None:
            continue
        if halves is None or own is None:
            out[metric.id] = Estimate.not_applicable(metric.unit, why_not)
        elif metric.self_agreement_is_estimate:
            out[metric.id] = own[metric.id]
        else:
            out[metric.id] = _difference(metric, halves[1], halves[0], problems).estimate
    return out
