"""What else was seen of a candidate besides its verdict, as codes with their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trueweight.core import DriftFinding, DriftFindingCode, DriftMode, DriftVerdict
from trueweight.drift.by_logprobs import MOST_FAR, NO_COMMON_TOKENS, LogprobTest
from trueweight.drift.by_texts import TextTest
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
    known = c.prompt_and_sampler
    if c.verdict is DriftVerdict.EQUIVALENT:
        counted: DriftFinding | None = known.counting
    elif c.verdict is DriftVerdict.DRIFT:
        counted = known.some_lengths
    else:
        counted = known.other_prompt or known.some_lengths
    if counted is not None:
        yield counted
    if c.verdict is DriftVerdict.DRIFT and known.sampler is not None:
        yield known.sampler
    if count := c.missing[NO_COMMON_TOKENS]:
        yield DriftFinding(code=DriftFindingCode.NO_COMMON_TOKENS, count=count, of=count + len(c.scored))


def _of_answers(c: CandidateTest) -> Iterator[DriftFinding]:
    n = len(c.scored)
    if isinstance(c, LogprobTest) and c.far > MOST_FAR:
        yield DriftFinding(code=DriftFindingCode.FAR_ANSWERS, count=c.far, of=len(c.gaps))
    if c.raw_differs:
        yield DriftFinding(code=DriftFindingCode.WHITE_SPACE, count=c.raw_differs, of=n)
    if c.empty:
        yield DriftFinding(code=DriftFindingCode.EMPTY, count=c.empty, of=n)
    if c.refused or c.refused_reference:
        code = DriftFindingCode.REFUSED
        yield DriftFinding(code=code, count=c.refused, of=n, reference=c.refused_reference)


def _of_sending(found: Investigation, c: CandidateTest) -> Iterator[DriftFinding]:
    if c.dead:
        yield DriftFinding(code=DriftFindingCode.STOPPED, why=c.dead)
    if found.reference_dead:
        yield DriftFinding(code=DriftFindingCode.REFERENCE_STOPPED, why=found.reference_dead)
    spent = found.spent[c.provider.name]
    if spent.unknown and (c.provider.price is not None or spent.cost is not None):
        yield DriftFinding(code=DriftFindingCode.USAGE_MISSING, count=spent.unknown)


def _of_draws(c: CandidateTest) -> Iterator[DriftFinding]:
    n = len(c.scored)
    if not isinstance(c, TextTest) or c.mode is not DriftMode.SAMPLED or not n:
        return
    if n >= LEAST_PROMPTS_FOR_DRAWS and c.typical_floor / n < RARE_SHARE:
        yield DriftFinding(code=DriftFindingCode.DRAWS_RARELY_REPEAT)
    if c.seeds_differ:
        yield DriftFinding(code=DriftFindingCode.SEEDS_DIFFER)
