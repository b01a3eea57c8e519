"""The test of a candidate by log-probabilities: the same question in two variants, asked of both sides at two times."""

from __future__ import annotations

import math
from statistics import fmean
from typing import Final

from trueweight.core import DriftMode, Provider
from trueweight.drift.candidate import CandidateTest, ScoredPrompt
from trueweight.drift.dilution import Dilution, far_limit
from trueweight.drift.distance import divergence
from trueweight.drift.facts import Facts, alike
from trueweight.drift.places import AnswerPair, compare
from trueweight.drift.product import Pair, gap
from trueweight.drift.systematic import SystematicDifference, SystematicTest
from trueweight.drift.thresholds import Thresholds

NO_COMMON_TOKENS = "no-common-tokens"

MOST_FAR: Final = 2
"""More far answers than these are named: another model may answer part of the requests."""


DILUTION_SHARE: Final = 0.1
"""The weight of *dilution* in the evidence: a tenth of far answers soon outweighs it, and *systematic* loses little."""


Again = tuple[AnswerPair | None, AnswerPair | None]
"""The answers of both sides to the two variants when they were sent once more."""


class LogprobTest(CandidateTest):
    """The test of one candidate by products of differences (see `product`, `systematic`) and by odd answers.

    An honest engine is within the tolerances of both, so the average of both e-processes tests that it is one.
    """

    def __init__(self, provider: Provider, thresholds: Thresholds) -> None:
        super().__init__(provider, DriftMode.LOGPROBS, thresholds)
        self.kl: list[float] = []
        self.top_differs = 0
        self.gaps: list[float] = []
        self.own_gaps: list[float] = []
        self.reference_gaps: list[float] = []
        self.answers: dict[str, tuple[AnswerPair, AnswerPair]] = {}
        self._test = SystematicTest(thresholds)
        self._dilution = Dilution()

    @property
    def e_drift(self) -> float:
        """See `CandidateTest`."""
        return (1 - DILUTION_SHARE) * self._test.e_drift + DILUTION_SHARE * self._dilution.value

    @property
    def e_equal(self) -> float:
        """See `CandidateTest`."""
        return self._test.e_equal

    @property
    def tau(self) -> float:
        """The tolerated systematic difference, in nats."""
        return self.thresholds.tolerance

    @property
    def difference(self) -> SystematicDifference:
        """How far the candidate is from the reference, in nats."""
        return self._test.difference()

    def is_equivalent(self, alpha: float) -> bool:
        """Whether bets, interval and resolution are all within the tolerance, and few answers are far."""
        return self._test.is_below_tolerance(alpha) and self._dilution.e_rare >= 1.0 / alpha

    @property
    def far(self) -> int:
        """The number of answers that are much further from the reference's than most are."""
        limit = far_limit(self.gaps)
        return 0 if limit is None else sum(one > limit for one in self.gaps)

    def is_far(self, answers: AnswerPair) -> bool:
        """Whether the next answer is far, so that its request is worth sending again."""
        limit = far_limit(self.gaps)
        return limit is not None and _exceeds(_gap(*answers), limit)

    def take(self, prompt: str, one: AnswerPair, two: AnswerPair, again: Again = (None, None)) -> None:
        """Score one question: both sides' answers to two variants of it, and to those that were sent again."""
        pairs = (self._reduced(one), self._reduced(two))
        found = compare(one, two)
        gaps = [gap(pair) for pair in pairs]
        if found is None:
            # Variants of a question may have other likely tokens; the two sides of one request must not.
            spelled = any(size is None for size in gaps)
            self.missing[NO_COMMON_TOKENS if spelled else "variants-share-no-tokens"] += 1
            return
        for pair in pairs:
            self.kl.append(divergence(pair.reference, pair.candidate))
            self.top_differs += pair.reference[0].key != pair.candidate[0].key
        if (limit := far_limit(self.gaps)) is not None:
            for answers, size, repeat in zip((one, two), gaps, again, strict=True):
                self._take_odd(limit, answers, repeat, far=_exceeds(size, limit))
        self.answers[prompt] = (one, two)
        sizes = (found.first.first, found.first.second)
        self.gaps += sizes
        self._test.update(found.value, found.size)
        self.scored.append(ScoredPrompt(prompt, found.value, math.hypot(*sizes) / math.sqrt(2)))
        self.wealth.append(self.e_drift)

    def _take_odd(self, limit: float, answers: AnswerPair, repeat: AnswerPair | None, *, far: bool) -> None:
        moved = [False, False]
        if far and repeat is not None:
            moved = [_exceeds(_gap(*side), limit) for side in zip(answers, repeat, strict=True)]
        self._dilution.update(far=far, reference_moved=moved[0], candidate_moved=moved[1])

    def _reduced(self, answers: AnswerPair) -> Pair:
        """Both sides' distributions at the same place, the answers counted."""
        a, c = alike(*answers)
        self._count(a, c)
        return Pair(a.top, c.top)

    def take_repeat(self, reference: tuple[Facts, Facts], own: tuple[Facts, Facts]) -> None:
        """Take in two answers of each side to the same request at two times: the noise of each side."""
        for facts, gaps in ((reference, self.reference_gaps), (own, self.own_gaps)):
            if (found := _gap(*facts)) is not None:
                gaps.append(found)

    @property
    def noise(self) -> float | None:
        """The candidate's own noise in time, in nats (RMS of one answer); None if no request was repeated."""
        return _noise(self.own_gaps)

    @property
    def noise_reference(self) -> float | None:
        """The same of the reference."""
        return _noise(self.reference_gaps)


def _gap(first: Facts, second: Facts) -> float | None:
    """The size in nats of the difference of two answers to the same request; None if they show too few tokens alike."""
    one, other = alike(first, second)
    return gap(Pair(one.top, other.top))


def _exceeds(size: float | None, limit: float) -> bool:
    return size is not None and size > limit


def _noise(gaps: list[float]) -> float | None:
    """Two answers differ by √2 times the noise of one."""
    return math.sqrt(fmean(one * one for one in gaps) / 2) if gaps else None
