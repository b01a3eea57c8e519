"""What else was seen of a candidate besides its verdict, as codes with their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trueweight.core import DriftFinding, DriftFindingCode, DriftMode, DriftVerdict
from trueweight.drift.candidate import CandidateTest
from trueweight.drift.investigate import Investigation

RARE_SHARE: Final = 0.1
"""If a smaller share of the reference's draws occurs more than once, strangeness shows nothing."""

LEAST_PROMPTS_FOR_DRAWS: Final = 12


def findings_of(found: Investigation, c: CandidateTest) -> tuple[DriftFinding, ...]:
    """All findings of a candidate, in the order in which a reader needs them."""
    support = found.support.get(c.provider.name)
    return (
        *(support.findings if support else ()),
        *_of_prompts(c),
        *_of_answers(c),
        *_of_sending(found, c),
        *_of_draws(c),
    )


def _of_prompts(c: CandidateTest) -> Iterator[DriftFinding]:
    if (remark := c.misconfiguration.remark) is not None:
        yield remark
    if (evidence := c.misconfiguration.evidence) is not None and c.verdict is not DriftVerdict.MISCONFIGURED:
        yield evidence


def _of_answers(c: CandidateTest) -> Iterator[DriftFinding]:
    tally, n = c.tally, len(c.scored)
    if tally.raw_differs:
        yield DriftFinding(code=DriftFindingCode.WHITE_SPACE, count=tally.raw_differs, of=n)
    if tally.empty:
        yield DriftFinding(code=DriftFindingCode.EMPTY, count=tally.empty, of=n)
    if tally.refused or tally.refused_reference:
        code = DriftFindingCode.REFUSED
        yield DriftFinding(code=code, count=tally.refused, of=n, reference=tally.refused_reference)


def _of_sending(found: Investigation, c: CandidateTest) -> Iterator[DriftFinding]:
    if c.dead:
        yield DriftFinding(code=DriftFindingCode.STOPPED, why=c.dead)
    if found.reference_dead:
        yield DriftFinding(code=DriftFindingCode.REFERENCE_STOPPED, why=found.reference_dead)
    unreported = found.spent[c.provider.name].unreported
    if unreported and c.provider.price is not None:
        yield DriftFinding(code=DriftFindingCode.USAGE_MISSING, count=unreported)


def _of_draws(c: CandidateTest) -> Iterator[DriftFinding]:
    n = len(c.scored)
    if c.mode is not DriftMode.SAMPLED or not n:
        return
    if n >= LEAST_PROMPTS_FOR_DRAWS and c.tally.typical_floor / n < RARE_SHARE:
        yield DriftFinding(code=DriftFindingCode.DRAWS_RARELY_REPEAT)
    if c.seeds_differ:
        yield DriftFinding(code=DriftFindingCode.SEEDS_DIFFER)
