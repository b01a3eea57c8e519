"""How often a provider fails a check beyond what the reference does, or without one the other candidates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np

from trueweight.core import Comparison, Observation, Outcome
from trueweight.core.finding_summary import FindingSummary
from trueweight.statistics import Array
from trueweight.statistics.multiple_testing import ALPHA, tarone
from trueweight.statistics.paired import difference_by_case
from trueweight.statistics.permutation import grid_of, lowest_of, sign_flip
from trueweight.statistics.resample import Resampler

Rates = Mapping[str, Mapping[str, tuple[int, int]]]
"""Check → case → trials that fail it, and trials that it judged."""


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


def failure_rates(observations: Iterable[Observation], repeats: range | None = None) -> Rates:
    """How often each check fails in each case.

    Args:
        repeats: those that count; None for all.
    """
    out: defaultdict[str, defaultdict[str, tuple[int, int]]] = defaultdict(lambda: defaultdict(lambda: (0, 0)))
    for seen in observations:
        if repeats is not None and seen.repeat not in repeats:
            continue
        for finding in seen.findings:
            if finding.outcome in (Outcome.PASS, Outcome.FAIL):
                fails, of = out[finding.check][seen.case]
                out[finding.check][seen.case] = (fails + (finding.outcome is Outcome.FAIL), of + 1)
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
            found = _compare([_column(rates[one], check, cases) for one in (name, *others)])
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


def _column(rates: Rates, check: str, cases: Sequence[str]) -> Array:
    """Fails and judged trials of each case."""
    by_case = rates.get(check, {})
    return np.array([by_case.get(case, (0, 0)) for case in cases], dtype=float).reshape(-1, 2)


def _compare(columns: Sequence[Array]) -> _Tested | None:
    """The failure rates of the first provider and of the others; None if no case tells them apart."""
    counts = np.stack(columns, axis=1)
    of = counts[:, :, 1]
    rates = np.divide(counts[:, :, 0], of, out=np.full(of.shape, np.nan), where=of > 0)
    known = np.isfinite(rates[:, 0]) & np.isfinite(rates[:, 1:]).any(axis=1)
    rates, steps = rates[known], grid_of(of[known].astype(int))
    if not len(rates) or not np.nansum(rates):
        return None
    theirs = np.nanmean(rates[:, 1:], axis=1)
    delta = rates[:, 0] - theirs
    if rates.shape[1] == 2:
        return _Tested(rates[:, 0], theirs, sign_flip(delta, steps).higher, 2.0 ** -int((delta != 0).sum()))
    # Few failures are many successes: the test against being lowest, of the rates of success.
    apart = int((np.nanmax(rates, axis=1) > np.nanmin(rates, axis=1)).sum())
    p = lowest_of(1 - rates, 0, steps) if rates[:, 0].any() else 1.0
    return _Tested(rates[:, 0], theirs, p, float(rates.shape[1]) ** -apart)


def _comparison(tested: _Tested, p_holm: float, seed: int) -> Comparison:
    size = len(tested.ours)
    difference = difference_by_case(tested.ours, tested.theirs, Resampler(size, seed), of=size).estimate
    delta = tested.ours - tested.theirs
    worse, better = int((delta > _SAME).sum()), int((delta < -_SAME).sum())
    return Comparison.of_estimate(difference, p_worse=tested.p, p_holm=p_holm, worse=worse, better=better)
