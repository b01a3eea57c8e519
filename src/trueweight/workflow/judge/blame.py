"""Model or serving: whether a weak model chose badly or the engine garbled it, by the reference on the same cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from typing import NamedTuple

from trueweight.core import CheckInfo, Observation, Outcome
from trueweight.core.assessment import Blame
from trueweight.core.estimate import six_digits
from trueweight.core.finding_summary import BlameCode, BlameReason
from trueweight.statistics.multiple_testing import ALPHA
from trueweight.statistics.paired import mcnemar


class SentCase(NamedTuple):
    """A case through one API: what is compared with the reference. ``api`` is the API of the reference."""

    case: str
    api: str

    @classmethod
    def of(cls, seen: Observation) -> SentCase:
        """The case and the API of an observation."""
        return cls(seen.case, seen.compared_as)


def keys_of(sent: Iterable[SentCase]) -> frozenset[str]:
    """Keys of the cases. Counts and tests are over cases, because the APIs of one case are not independent."""
    return frozenset(one.case for one in sent)


class JudgedCases(NamedTuple):
    """The cases that a check judged for one provider, and those of them that failed it in any repeat."""

    asked: Set[SentCase]
    failed: Set[SentCase]


def judged_cases(observations: Iterable[Observation]) -> Mapping[str, JudgedCases]:
    """By check."""
    asked: defaultdict[str, set[SentCase]] = defaultdict(set)
    failed: defaultdict[str, set[SentCase]] = defaultdict(set)
    for seen in observations:
        for finding in seen.findings:
            if finding.outcome in (Outcome.PASS, Outcome.FAIL):
                asked[finding.check].add(SentCase.of(seen))
            if finding.outcome is Outcome.FAIL:
                failed[finding.check].add(SentCase.of(seen))
    return {check: JudgedCases(cases, failed[check]) for check, cases in asked.items()}


def blame(info: CheckInfo | None, own: JudgedCases, theirs: JudgedCases | None) -> tuple[Blame, BlameReason]:
    """Where the failures of a check come from, and the numbers that say so.

    A check that no model can break is the server's. Else the reference, which is the same model, decides: what it
    fails too, in most of the same cases, is the model's; what it passes, beyond chance by the exact sign test over
    cases (McNemar), is not.

    Args:
        own: of the provider that fails.
        theirs: of the reference; None if there is none, or if this is it.
    """
    shared = len(keys_of(own.failed & theirs.failed)) if theirs else 0
    if info is not None and info.engine:
        return Blame.SERVING, BlameReason(code=BlameCode.ENGINE_ONLY, shared=shared)
    if theirs is None:
        return Blame.UNCLEAR, BlameReason(code=BlameCode.NO_REFERENCE)
    common = len(keys_of(own.failed & theirs.asked))
    if not common:
        return Blame.UNCLEAR, BlameReason(code=BlameCode.REFERENCE_UNJUDGED)
    if 2 * shared >= common:
        return Blame.MODEL, BlameReason(code=BlameCode.REFERENCE_FAILS, shared=shared, common=common)
    alone = common - shared
    reverse = len(keys_of((theirs.failed & own.asked) - own.failed) - keys_of(own.failed & theirs.asked))
    p = mcnemar(alone, reverse)
    significant = p <= ALPHA
    reason = BlameReason(
        code=BlameCode.REFERENCE_PASSES if significant else BlameCode.TOO_FEW,
        alone=alone,
        reverse=reverse,
        unjudged=len(keys_of(own.failed)) - common,
        p=six_digits(p),
    )
    return (Blame.SERVING if significant else Blame.UNCLEAR), reason
