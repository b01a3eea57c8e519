"""Model or serving: whether a weak model chose badly or the engine garbled it, by the reference on the same cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

import msgspec

from trueweight.core import CheckInfo, Observation
from trueweight.core.assessment import Blame
from trueweight.core.estimate import ALPHA, six_digits
from trueweight.core.finding_summary import BlameCode, BlameReason, FindingSummary
from trueweight.core.split_findings import SplitFindings, split
from trueweight.statistics.multiple_testing import tarone
from trueweight.statistics.paired import mcnemar
from trueweight.workflow.judge.observation_table import kinds


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


def judged_cases(observations: Sequence[Observation], repeats: range | None = None) -> Mapping[str, JudgedCases]:
    """By check.

    Args:
        repeats: those that count; None for all.
    """
    asked: defaultdict[str, set[SentCase]] = defaultdict(set)
    failed: defaultdict[str, set[SentCase]] = defaultdict(set)
    cases: defaultdict[SplitFindings, set[SentCase]] = defaultdict(set)
    for seen, rows in kinds(observations):
        if repeats is None or any(one.repeat in repeats for one in rows):
            cases[split(seen.findings)].add(SentCase.of(seen))
    for found, sent in cases.items():
        for check in found.judged:
            asked[check] |= sent
        for finding in found.failed:
            failed[finding.check] |= sent
    return {check: JudgedCases(cases, failed[check]) for check, cases in asked.items()}


def blame(info: CheckInfo | None, own: JudgedCases, theirs: JudgedCases | None) -> tuple[Blame, BlameReason]:
    """Where the failures of a check come from, and the numbers that say so.

    A check that no model can break is the server's. Else the reference, which is the same model, decides: what it
    fails too, in most of the same cases, is the model's; what it passes, beyond chance by the exact sign test over
    cases (McNemar), is not. `correct_blame` corrects the p-value for the other findings of the run.

    Args:
        own: of the provider that fails.
        theirs: of one pass of the reference, which has as many trials as the provider: a case fails if any trial does,
            so it would fail more often in two. None if there is no reference, or if this is it.
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


_TESTED = (BlameCode.REFERENCE_PASSES, BlameCode.TOO_FEW)


def correct_blame(findings: Mapping[str, Sequence[FindingSummary]]) -> dict[str, tuple[FindingSummary, ...]]:
    """The findings of all providers, with the p-values of their blame corrected for each other (Tarone 1990): a server
    is blamed for what a model may cause only beyond chance among all findings of the run."""
    tested = {
        (name, one.check): one.blame_reason
        for name, found in findings.items()
        for one in found
        if one.blame_reason is not None and one.blame_reason.code in _TESTED
    }
    p_values = [reason.p or 0.0 for reason in tested.values()]
    least = [min(1.0, 2.0 ** (1 - (reason.alone or 0) - (reason.reverse or 0))) for reason in tested.values()]
    adjusted = dict(zip(tested, tarone(p_values, least, ALPHA), strict=True))

    def corrected(name: str, finding: FindingSummary) -> FindingSummary:
        reason, p = finding.blame_reason, adjusted.get((name, finding.check))
        if reason is None or p is None:
            return finding
        code = BlameCode.REFERENCE_PASSES if p <= ALPHA else BlameCode.TOO_FEW
        return msgspec.structs.replace(
            finding,
            blame=Blame.SERVING if code is BlameCode.REFERENCE_PASSES else Blame.UNCLEAR,
            blame_reason=msgspec.structs.replace(reason, code=code, p=six_digits(p)),
        )

    return {name: tuple(corrected(name, one) for one in found) for name, found in findings.items()}
