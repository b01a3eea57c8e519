"""Model or serving: whether a weak model chose badly or the engine garbled it, by the reference on the same cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from enum import StrEnum
from functools import cache
from typing import NamedTuple

import scipy

from trueweight.core import CheckInfo, Observation, Outcome

ALPHA = 0.05


class Who(StrEnum):
    """Where a failure comes from."""

    MODEL = "model"
    SERVING = "serving"
    UNCLEAR = "unclear"


class Blame(NamedTuple):
    """Who, and why we think so, in one sentence."""

    who: Who
    why: str


class Judged(NamedTuple):
    """The cases that a check spoke of for one provider, and those of them that failed it in any repeat."""

    asked: Set[str]
    failed: Set[str]


def judged_cases(observations: Iterable[Observation]) -> Mapping[str, Judged]:
    """By check."""
    asked: defaultdict[str, set[str]] = defaultdict(set)
    failed: defaultdict[str, set[str]] = defaultdict(set)
    for seen in observations:
        for finding in seen.findings:
            if finding.outcome in (Outcome.PASS, Outcome.FAIL):
                asked[finding.check].add(seen.case)
            if finding.outcome is Outcome.FAIL:
                failed[finding.check].add(seen.case)
    return {check: Judged(cases, failed[check]) for check, cases in asked.items()}


def blame(info: CheckInfo | None, ours: Judged, theirs: Judged | None) -> Blame:
    """Judge a check that fails.

    A check that no model can break speaks for itself. Else the reference, which is the same model, decides: what it
    fails too, in most of the same cases, is the model's; what it passes, beyond chance by the exact sign test over
    cases (McNemar), is not.

    Args:
        ours: of the provider that fails.
        theirs: of the reference; None if there is none, or if this is it.
    """
    shared = ours.failed & theirs.failed if theirs else frozenset()
    if info is not None and info.engine:
        too = f"; so does the reference's in {len(shared)} of these cases" if shared else ""
        return Blame(Who.SERVING, f"no model can break this law, only what writes the reply{too}")
    if theirs is None:
        return Blame(
            Who.UNCLEAR, "a model or a server can break this law, and there is no reference beside it to tell which"
        )
    common = ours.failed & theirs.asked
    if not common:
        return Blame(Who.UNCLEAR, "the reference's replies to these cases gave this check nothing to judge")
    if 2 * len(shared) >= len(common):
        return Blame(Who.MODEL, f"the reference fails it too, in {len(shared)} of the same {_cases(len(common))}")
    alone = len(common) - len(shared)
    reverse = len((theirs.failed & ours.asked) - ours.failed)
    p = _sign_test(alone, reverse)
    verb = "fails" if alone == 1 else "fail"
    silent = len(ours.failed) - len(common)
    unheard = f"; in {silent} more its replies gave this check nothing to judge" if silent else ""
    against = f"the reference passes {_cases(alone)} that {verb} here and fails {reverse} that pass (p = {p:.2g})"
    if p <= ALPHA:
        return Blame(Who.SERVING, f"{against}: the same model, so its weights, template or engine differ here")
    return Blame(Who.UNCLEAR, f"{against}: too few to tell from chance{unheard}")


def _cases(count: int) -> str:
    return f"{count} case{'' if count == 1 else 's'}"


@cache
def _sign_test(one: int, other: int) -> float:
    """Exact two-sided p-value that two counts of discordant pairs are equally likely."""
    return float(scipy.stats.binomtest(one, one + other).pvalue) if one + other else 1.0
