"""Whether a host gives the same answer through each of its APIs."""

from __future__ import annotations

from collections import Counter
from functools import partial

import numpy as np

from trueweight.core import Estimate
from trueweight.core.api_comparison import AnswerKind
from trueweight.metrics.registry import Metric, register
from trueweight.metrics.sample import Sample
from trueweight.statistics.proportion import clustered


def _estimate(sample: Sample, *, texts: bool = False) -> Estimate:
    """Share of pairs of answers through two APIs that are equal; beside it that of pairs through one.

    Args:
        texts: take the answers that are texts, in place of calls and JSON values.
    """
    table, cases = sample.own, sample.resampler.cases
    known = (table.answer_kind != "") & ((table.answer_kind == AnswerKind.TEXT) == texts)
    if len(np.unique(table.api[known])) < 2:
        return Estimate.not_applicable("proportion", "the run has one API for this provider, or nothing to compare")
    equal, pairs, own_equal, own_pairs = (np.zeros(cases) for _ in range(4))
    for case in np.unique(table.case[known]).tolist():
        rows = known & (table.case == case)
        found = list(zip(table.api[rows].tolist(), table.answer[rows].tolist(), strict=True))
        everything, within = _pairs([one for _, one in found]), (0, 0)
        for api in {name for name, _ in found}:
            part = _pairs([one for name, one in found if name == api])
            within = (within[0] + part[0], within[1] + part[1])
        equal[case], pairs[case] = everything[0] - within[0], everything[1] - within[1]
        own_equal[case], own_pairs[case] = within
    of, n = len(np.unique(table.case[known])), int((pairs > 0).sum())
    missing = {"answered through one API only": of - n} if of > n else {}
    if not n:
        nothing = "no case was answered through two APIs"
        return Estimate.not_applicable("proportion", nothing, of=of, missing=missing)
    interval, method = clustered(equal, pairs, sample.resampler)
    alone = f"; through one API {own_equal.sum() / own_pairs.sum():.1%} of pairs are equal" if own_pairs.sum() else ""
    value = float(equal.sum() / pairs.sum())
    note = f"{int(pairs.sum())} pairs{alone}"
    return Estimate(value, *interval, n=n, unit="proportion", method=method, of=of, missing=missing, note=note)


def _pairs(answers: list[str]) -> tuple[int, int]:
    """Equal pairs, and all pairs, of some answers."""
    count = len(answers)
    return sum(n * (n - 1) // 2 for n in Counter(answers).values()), count * (count - 1) // 2


register(
    Metric(
        id="same_through_apis",
        title="Same through its APIs",
        unit="proportion",
        definition="Of the pairs of answers to one case through two APIs of the host, at temperature 0, the share that "
        "make the same tool calls (names and arguments), or give the same JSON value. The note has the same share for "
        "pairs through one API: what chance alone does.",
        source="Own definition.",
        method="Equal pairs ÷ pairs; 95% interval with the case as the unit.",
        higher_is_better=True,
        place=118,
        column=True,
        estimate=_estimate,
    )
)
register(
    Metric(
        id="same_text_through_apis",
        title="Same text through its APIs",
        unit="proportion",
        definition="Of the pairs of answers to one case without tools and schema through two APIs of the host, at "
        "temperature 0, the share that have the same text, white space apart. The note has the same share for pairs "
        "through one API: what chance alone does.",
        source="Own definition.",
        method="Equal pairs ÷ pairs; 95% interval with the case as the unit.",
        higher_is_better=True,
        place=124,
        estimate=partial(_estimate, texts=True),
    )
)
