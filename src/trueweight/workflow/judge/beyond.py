"""How often a provider fails a check beyond what the reference does, or without one the other candidates."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

import msgspec
import numpy as np

from trueweight.core import Comparison, Observation, way
from trueweight.core.estimate import ALPHA
from trueweight.core.finding_summary import FindingSummary
from trueweight.core.split_findings import SplitFindings, split
from trueweight.statistics import Array
from trueweight.statistics.consensus import (
    RateTable,
    make_ways_table,
    pair_table,
    worse_than_one,
    worse_than_others,
)
from trueweight.statistics.multiple_testing import tarone
from trueweight.statistics.paired import difference_by_case
from trueweight.statistics.power import TrialsByWay
from trueweight.statistics.resample import Resampler
from trueweight.workflow.judge.observation_table import kinds

Rates = Mapping[str, Mapping[tuple[str, str], tuple[int, int]]]
"""Check → case and way (its API and mode) → trials that fail it, and trials that it judged."""

_SAME: Final = 1e-9
"""Means of different sums may differ by less than this and be the same."""


class _Tested(NamedTuple):
    """Failure rates by case and their test.

    Attributes:
        p: one-sided, against ours being higher; ``least``: the smallest that its cases can reach.
    """

    ours: Array
    theirs: Array
    p: float
    least: float


def failure_rates(observations: Sequence[Observation], repeats: range | None = None) -> Rates:
    """How often each check fails in each case and way.

    Args:
        repeats: those that count; None for all.
    """
    out: defaultdict[str, defaultdict[tuple[str, str], tuple[int, int]]] = defaultdict(
        lambda: defaultdict(lambda: (0, 0))
    )
    replies: Counter[tuple[tuple[str, str], SplitFindings]] = Counter()
    for seen, rows in kinds(observations):
        number = len(rows) if repeats is None else sum(one.repeat in repeats for one in rows)
        if number:
            sent = seen.case, f"{seen.compared_as} {way(seen.mode, seen.thinking)}"
            replies[sent, split(seen.findings)] += number
    for (sent, found), number in replies.items():
        for check in found.judged:
            fails, of = out[check][sent]
            out[check][sent] = fails, of + number
        for finding in found.failed:
            fails, of = out[finding.check][sent]
            out[finding.check][sent] = fails + number, of
    return out


def mark_beyond(
    findings: Mapping[str, Sequence[FindingSummary]],
    rates: Mapping[str, Rates],
    cases: Sequence[str],
    reference: str | None,
    seed: int,
) -> dict[str, tuple[FindingSummary, ...]]:
    """The findings of all providers, with ``beyond`` set for those of the candidates.

    The p-values are corrected over all candidates and all checks that judged a reply, failing or not (Tarone 1990): a
    check that too few cases tell apart could not be significant, so it costs the others nothing.

    Args:
        rates: provider → how often its checks fail; of the reference those of one pass.
        reference: None compares each candidate with the mean of the others.
    """
    candidates = [name for name in findings if name != reference]
    tested: dict[tuple[str, str], _Tested] = {}
    for name in candidates:
        others = [reference] if reference is not None else [other for other in candidates if other != name]
        for check in rates[name] if others else ():
            found = _compare(_counts([rates[one].get(check, {}) for one in (name, *others)], cases))
            if found is not None:
                tested[name, check] = found
    corrected = tarone([one.p for one in tested.values()], [one.least for one in tested.values()], ALPHA)
    adjusted = dict(zip(tested, corrected, strict=True))

    def marked(name: str, finding: FindingSummary) -> FindingSummary:
        one = tested.get((name, finding.check))
        if one is None:
            return finding
        return msgspec.structs.replace(finding, beyond=_comparison(one, adjusted[name, finding.check], seed).rounded())

    return {name: tuple(marked(name, finding) for finding in found) for name, found in findings.items()}


def _counts(found: Sequence[Mapping[tuple[str, str], tuple[int, int]]], cases: Sequence[str]) -> TrialsByWay:
    """Trials that hold a check, and that it judged: cases by providers by ways."""
    ways = {one: place for place, one in enumerate(sorted({sent for by_way in found for _, sent in by_way}))}
    rows = {case: row for row, case in enumerate(cases)}
    out = np.zeros((2, len(cases), len(found), len(ways)), dtype=np.int64)
    for column, one in enumerate(found):
        for (case, sent), (fails, of) in one.items():
            if case in rows:
                out[:, rows[case], column, ways[sent]] = of - fails, of
    return TrialsByWay(*out)


def _compare(counts: TrialsByWay) -> _Tested | None:
    """The failure rates of the first provider and of the others; None if no case tells them apart."""
    judged = counts.judged.sum(axis=2) > 0
    known = judged[:, 0] & judged[:, 1:].any(axis=1)
    counts = TrialsByWay(counts.passed[known], counts.judged[known])
    if not known.any() or (counts.passed == counts.judged).all():
        return None
    everyone = make_ways_table(*counts)
    if counts.passed.shape[1] == 2:
        pair = pair_table(*counts, 0, 1, everyone)
        ours, theirs = 1 - pair.pooled.rates.T
        # A sign-flip test of m cases that differ reaches 2⁻ᵐ.
        least = min(2.0 ** -_apart(table.rates) for table in pair.tables)
        return _Tested(ours, theirs, pair.p_value(partial(worse_than_one, own=0, reference=1)), least)
    rates = 1 - everyone.pooled.rates
    p = everyone.p_value(partial(worse_than_others, own=0)) if rates[:, 0].any() else 1.0
    return _Tested(rates[:, 0], np.nanmean(rates[:, 1:], axis=1), p, min(map(_least, everyone.tables)))


def _apart(rates: Array) -> int:
    """The number of cases in which the providers' rates differ."""
    both = rates[np.isfinite(rates).sum(axis=1) > 1]
    return int((np.nanmax(both, axis=1) > np.nanmin(both, axis=1)).sum())


def _least(table: RateTable) -> float:
    """The smallest p-value of the leave-one-out test: the provider is the lowest in each case that tells any apart; of
    one whose trials of a case are all the same, it fails each case that another passes."""
    known = table.rates[np.isfinite(table.rates[:, 0])]
    if table.fixed[0]:
        mean = np.nanmean(known, axis=1)
        return float(np.prod(1 - mean[mean < 1]))
    return float(table.rates.shape[1]) ** -_apart(known)


def _comparison(tested: _Tested, p_holm: float, seed: int) -> Comparison:
    size = len(tested.ours)
    difference = difference_by_case(tested.ours, tested.theirs, Resampler(size, seed), of=size).estimate
    delta = tested.ours - tested.theirs
    worse, better = int((delta > _SAME).sum()), int((delta < -_SAME).sum())
    return Comparison.of_estimate(difference, p_worse=tested.p, p_holm=p_holm, worse=worse, better=better)
