"""All metrics of all providers of a run, and their comparisons with the reference, corrected for multiplicity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from trueweight.core import Comparison, Estimate, Observation, Variant
from trueweight.core.judging import NotJudged, guarded
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
    """

    metrics: dict[str, dict[str, Estimate]]
    versus_reference: dict[str, dict[str, Comparison]]
    self_agreement: dict[str, Estimate]
    tables: dict[str, Table]
    problems: dict[str, list[NotJudged]]


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
    halves = None
    if reference is not None and reference in tables and passes >= 2:
        halves = make_passes(tables[reference], repeats, resampler)
    why_not = NOT_REPEATED if reference in tables else NO_REFERENCE
    own = metrics.get(reference or "")
    versus = _versus(samples, reference, problems)
    agreement = _self_agreement(halves, own, why_not, problems[reference or ""])
    return Measured(metrics, versus, agreement, tables, {name: found for name, found in problems.items() if found})


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


def _versus(
    samples: Mapping[str, Sample], reference: str | None, problems: Mapping[str, list[NotJudged]]
) -> dict[str, dict[str, Comparison]]:
    out: dict[str, dict[str, Comparison]] = {name: {} for name in samples}
    candidates = [name for name in samples if name != reference]
    for metric in trial_metrics().values():
        if metric.difference is None:
            continue
        if reference is None or reference not in samples:
            none = Estimate.not_applicable("difference", NO_REFERENCE)
            found = {name: Difference(none, None) for name in candidates}
        else:
            found = {
                name: _difference(metric, samples[name], samples[reference], problems[name]) for name in candidates
            }
        tested = [name for name in candidates if found[name].p is not None]
        adjusted = dict(zip(tested, holm([found[name].p or 0.0 for name in tested]), strict=True))
        for name in candidates:
            estimate, p = found[name]
            out[name][metric.id] = Comparison.of_estimate(_with_holm(estimate, len(tested)), p, adjusted.get(name))
    return out


def _with_holm(estimate: Estimate, family: int) -> Estimate:
    if estimate.value is None:
        return estimate
    words = f"{estimate.method}; p_holm over {family} provider{'' if family == 1 else 's'}"
    return msgspec.structs.replace(estimate, method=words)


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
