"""The result of a load sweep, as data: the form of ``load.json``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal

import msgspec

from trueweight.core.estimate import Estimate

LOAD_FORMAT: Final = "trueweight.load/2"


def level_name(level: float, *, open_loop: bool) -> str:
    """``concurrency 8``, or ``2.5/s`` in an open loop."""
    return f"{level:g}/s" if open_loop else f"concurrency {level:g}"


class OffPlan(StrEnum):
    """Why a level was not sent as planned, so that it says nothing of the provider's throughput."""

    INCOMPLETE = "incomplete"
    """Not all requests of the level were sent: an interrupt, a limit of cost, or the provider was stopped."""
    MOVED = "moved"
    """A part of an open loop was sent later: the run was resumed, or a worker was replaced."""
    LATE = "late"
    """This client started the requests of an open loop late."""
    PACED = "paced"
    """``requests_per_minute`` of the provider is less than the rate of the level."""


class LoadPoint(msgspec.Struct, frozen=True, kw_only=True):
    """What one provider did at one level.

    Attributes:
        level: concurrent requests; in an open loop requests started per second.
        attempted: trials, each counted once.
        ok: of them, those that brought a whole HTTP success in the end.
        good: of those, the ones that met every limit; equal to ``ok`` without limits.
        not_judged: of those, the ones that missed no limit and whose time for one cannot be measured (an answer of one
            token has no time per output token), and those that are cut in thought.
        cut_in_thought: successes whose limit of tokens ended before the answer, because of the thought.
        in_one_piece: streams that the server held back until their last token: they have no TTFT, TTFO and TPOT, and
            a limit of TTFT holds of when they came.
        seconds: what rates are per: those with a request under way; in an open loop the whole of each session.
        throughput: successes per second.
        goodput: requests that met every limit, per second; None if no request could be judged.
        tokens_per_second: completion tokens, as the server counted them, over all requests.
        client_limited: trials that this client spoiled.
        failures: by kind of failure.
        good_share: ``good`` as a share of ``attempted`` without ``not_judged``.
        times: name → quantile → estimate, milliseconds, over successes that the client did not spoil.
        off_plan: why the level was not sent as planned: then throughput and goodput are not the provider's.
        unsent: requests of the level that were not sent, or interrupted; ``unsent_reason``: why.
        planned_per_second, sent_per_second: requests started per second in an open loop, from the first to the last, by
            the schedule and in fact; None in a closed loop, and for fewer than two requests.
    """

    level: float
    open_loop: bool
    provider: str
    attempted: int
    ok: int
    good: int
    seconds: float
    throughput: float
    goodput: float | None
    tokens_per_second: float
    client_limited: int
    failures: Mapping[str, int]
    good_share: Estimate
    times: Mapping[str, Mapping[str, Estimate]]
    not_judged: int = 0
    cut_in_thought: int = 0
    in_one_piece: int = 0
    off_plan: OffPlan | None = None
    unsent: int = 0
    unsent_reason: str = ""
    planned_per_second: float | None = None
    sent_per_second: float | None = None

    @property
    def judged(self) -> int:
        """Trials that were held against every limit."""
        return self.attempted - self.not_judged

    @property
    def level_name(self) -> str:
        """The level in words: see `level_name`."""
        return level_name(self.level, open_loop=self.open_loop)

    @property
    def mostly_client_limited(self) -> bool:
        """Whether this client spoiled more than half of the trials, so that the level says nothing of the provider."""
        return self.client_limited * 2 > self.attempted

    @property
    def measures_provider(self) -> bool:
        """Whether throughput and goodput are the provider's: the level was sent as planned, by a fit client."""
        return self.off_plan is None and not self.mostly_client_limited

    def rounded(self) -> LoadPoint:
        """The same with six decimals, and estimates with six significant digits, as ``load.json`` holds it."""
        return msgspec.structs.replace(
            self,
            seconds=round(self.seconds, 6),
            throughput=round(self.throughput, 6),
            goodput=None if self.goodput is None else round(self.goodput, 6),
            tokens_per_second=round(self.tokens_per_second, 6),
            planned_per_second=None if self.planned_per_second is None else round(self.planned_per_second, 6),
            sent_per_second=None if self.sent_per_second is None else round(self.sent_per_second, 6),
            good_share=self.good_share.rounded(),
            times={name: {q: found.rounded() for q, found in each.items()} for name, each in self.times.items()},
        )


class ProviderLoad(msgspec.Struct, frozen=True, kw_only=True):
    """What the levels of one provider say together.

    Attributes:
        saturates_at: the level from which more load brings hardly more throughput; None if there is none.
        most_goodput_at: the level of most goodput.

    Levels that were not sent as planned, or by a client that was too busy, are left out.
    """

    saturates_at: float | None
    most_goodput_at: float | None


class LoadResult(msgspec.Struct, frozen=True, kw_only=True):
    """A sweep: every provider at every level.

    Attributes:
        slo_ms: service level objectives, milliseconds, by name: ``ttft``, ``tpot``, ``e2e``.
        providers: by name.
    """

    format: Literal["trueweight.load/2"] = LOAD_FORMAT
    suite: str
    requests_per_level: int
    seed: int
    slo_ms: Mapping[str, float]
    points: tuple[LoadPoint, ...]
    providers: Mapping[str, ProviderLoad]
