"""Metrics that are a share of replies: hits ÷ trials, clustered by case, with every missing trial accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from trueweight.core import Estimate
from trueweight.metrics.registry import Metric, register
from trueweight.metrics.sample import Sample
from trueweight.statistics import Array
from trueweight.statistics.paired import Difference, difference_by_case
from trueweight.statistics.proportion import clustered


class Share(NamedTuple):
    """Which trials count, and which of them hit. All arrays are over the rows of ``sample.own``.

    Attributes:
        asked: trials that the metric applies to.
        counted: those of them in the denominator.
        hit: those of them in the numerator.
        why: the reason why a trial with a reply is not counted; for each row if they differ, see `either`.
        nothing: why the metric does not apply if it applies to no trial.
    """

    asked: Array
    counted: Array
    hit: Array
    why: str | Array
    nothing: str


def either(rows: Array, yes: str, no: str) -> Array:
    """One of two texts for each row. Objects: as characters, a text for each of 100,000 rows takes 16 MB."""
    texts = np.array([no, yes], dtype=object)
    return texts[np.asarray(rows, dtype=np.intp)]


_METHOD: Final = (
    "Hits ÷ counted trials. 95% interval with the case as the unit: Wilson, an exact limit, or a BCa bootstrap over "
    "cases. Difference from the reference: mean over cases of the difference of rates; exact sign-flip test over cases."
)


def share_metric(
    name: str,
    title: str,
    definition: str,
    *,
    source: str,
    place: int,
    compared: bool = False,
    column: bool = False,
    beside: str = "",
    beside_words: str = "{}",
) -> Callable[[Callable[[Sample], Share]], Callable[[Sample], Share]]:
    """Register a function that says which trials count and which hit, as a proportion of which more is better."""

    def add(share: Callable[[Sample], Share]) -> Callable[[Sample], Share]:
        def estimate(sample: Sample) -> Estimate:
            return estimate_share(sample, share(sample))

        def difference(ours: Sample, theirs: Sample) -> Difference:
            return difference_of_shares(ours, share(ours), theirs, share(theirs))

        register(
            Metric(
                id=name,
                title=title,
                unit="proportion",
                definition=definition,
                source=source,
                method=_METHOD,
                higher_is_better=True,
                place=place,
                estimate=estimate,
                difference=difference,
                compared=compared,
                column=column,
                beside=beside,
                beside_words=beside_words,
            )
        )
        return share

    return add


def estimate_share(sample: Sample, share: Share) -> Estimate:
    """The proportion with its interval; not applicable, with the reasons, if no trial counts."""
    asked, counted = sample.by_case(share.asked), sample.by_case(share.asked & share.counted)
    hits = sample.by_case(share.asked & share.counted & share.hit)
    of, units = int((asked > 0).sum()), int((counted > 0).sum())
    if not of:
        return Estimate.not_applicable("proportion", share.nothing)
    lost = np.flatnonzero(share.asked & ~share.counted)
    case, why = sample.own.case[lost], share.why if isinstance(share.why, str) else share.why[lost]
    reasons = np.where(sample.own.arrived[lost], why, sample.own.absent[lost])
    missing = _missing_cases(case, reasons, (counted == 0)[case])
    note = _lost_trials(int(share.asked.sum()), reasons)
    if not units:
        nothing = f"no trial counts: {note}"
        return Estimate.not_applicable("proportion", nothing, of=of, missing=missing)
    interval, method = clustered(hits, counted, sample.resampler)
    value = float(hits.sum() / counted.sum())
    return Estimate(value, *interval, n=units, unit="proportion", method=method, of=of, missing=missing, note=note)


def _missing_cases(case: Array, reasons: Array, of_lost_case: Array) -> dict[str, int]:
    """Cases of which no trial counts, by the reason of their first trial. The rows are those that are not counted."""
    _, first = np.unique(case[of_lost_case], return_index=True)
    return dict(sorted(Counter(reasons[of_lost_case][first].tolist()).items()))


def _lost_trials(asked: int, reasons: Array) -> str:
    """``rests on 190 of 200 trials (reset 8, timeout-stall 2)``; empty if none is lost."""
    if not len(reasons):
        return ""
    counts = sorted(Counter(reasons.tolist()).items())
    return f"rests on {asked - len(reasons)} of {asked} trials ({', '.join(f'{why} {n}' for why, n in counts)})"


def difference_of_shares(ours: Sample, our_share: Share, theirs: Sample, their_share: Share) -> Difference:
    """Mean over cases of the difference of the two providers' rates."""
    of = int((ours.by_case(our_share.asked) > 0).sum())
    if not of:
        return Difference(Estimate.not_applicable("difference", our_share.nothing), None)
    return difference_by_case(_rates(ours, our_share), _rates(theirs, their_share), ours.resampler, of=of)


def _rates(sample: Sample, share: Share) -> Array:
    counted = sample.by_case(share.asked & share.counted)
    hits = sample.by_case(share.asked & share.counted & share.hit)
    rates: Array = np.divide(hits, counted, out=np.full(len(hits), np.nan), where=counted > 0)
    return rates
