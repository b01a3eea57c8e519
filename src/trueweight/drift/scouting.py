"""Scouting: questions to whose variants the reference's answers go on alike for several places.

A question with many such places has a product that scatters little (see `places`). The reference's answers alone
select; the comparison is made with fresh answers of both sides, so the selection causes no bias where noise is new in
each answer. (Where a request always gets the same replica, and replicas differ much, products of honest hosts are above
0: see docs/drift.md.)
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

from trueweight.drift.facts import Facts, MissingReply, Place
from trueweight.drift.places import is_sure

LEAST_PLACES: Final = 3
"""Places that show something, from which a question is asked before the others."""

LEAST_MARGIN: Final = 0.2
"""Nats by which the chosen token must be likelier than the next: with less, fine quantisation or another engine may
choose another one, and the answers part. (On tuning questions a third of all were left; with 0.1 nats it was a half,
and Q8_0 was found in 97% to 100% of runs instead of 100%.)"""

AT_ONCE: Final = 12
"""Questions that are scouted before a round for which too few are ready: two for each request to a candidate."""

GIVE_UP_AFTER: Final = 24
"""Scouted questions, none of them with enough common places, after which no more are scouted."""


def is_common(one: Facts | MissingReply, two: Facts | MissingReply) -> bool:
    """Whether the reference's answers to both variants of a question have enough common places."""
    return isinstance(one, Facts) and isinstance(two, Facts) and common_places(one, two) >= LEAST_PLACES


def common_places(one: Facts, two: Facts) -> int:
    """The number of places, sure ones left out, up to where two answers part or nearly do; that place included."""
    count = 0
    for place in zip(one.places, two.places, strict=False):
        count += not is_sure(place)
        if place[0].chosen != place[1].chosen or min(map(_margin, place)) < LEAST_MARGIN:
            break
    return count


class Scout:
    """The order of questions: common ones first, then the other scouted ones, then the rest.

    Within each part they keep the given order. (Ranked, the first ones would be unlike the others, and the mean of a
    few would not be that of all.)
    """

    def __init__(self, questions: Sequence[str], most: int) -> None:
        self.common: list[str] = []
        self._asked = 0
        self._scouted = 0
        self._unscouted = deque(questions[:most])
        self._others = deque[str]()
        self._never = deque(questions[most:])

    def to_scout(self, wanted: int) -> tuple[str, ...]:
        """The next questions to scout; none if ``wanted`` common ones are ready, or scouting is of no use."""
        useless = self._scouted >= GIVE_UP_AFTER and not self.common
        if useless or len(self.common) - self._asked >= wanted:
            return ()
        return tuple(itertools.islice(self._unscouted, AT_ONCE))

    def take(self, found: Mapping[str, bool]) -> None:
        """Take in whether the scouted questions are common."""
        self._scouted += len(found)
        for question, common in found.items():
            self._unscouted.remove(question)
            (self.common if common else self._others).append(question)

    def next(self, wanted: int) -> tuple[str, ...]:
        """So many questions, fewer at the end."""
        found = self.common[self._asked : self._asked + wanted]
        self._asked += len(found)
        for others in (self._others, self._unscouted, self._never):
            while others and len(found) < wanted:
                found.append(others.popleft())
        return tuple(found)


def _margin(place: Place) -> float:
    return place.top[0].logprob - place.top[1].logprob if len(place.top) > 1 else 0.0
