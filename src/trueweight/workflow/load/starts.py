"""Whether the requests of an open loop were started at the rate of their level, by the starts on record."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, pairwise
from typing import NamedTuple

from trueweight.core.load_result import OffPlan
from trueweight.wire import WireSettings

LONGEST_GAP = 20.0
"""Mean gaps of an open loop that a gap without a request may last and still be of one session: with gaps like those of
independent users one in e²⁰ is longer."""
_LEAST_SHARE = 0.9
"""Share of the planned rate from which a level counts as sent at its rate."""


class Start(NamedTuple):
    """When a request should have started by the schedule of its session, and when it did, in seconds of wall clock."""

    meant: float
    sent: float


class StartRate(NamedTuple):
    """How a level was started.

    Attributes:
        planned, sent: requests started per second; None for fewer than two requests.
        off_plan: why the two differ; None if they do not, or if the provider held the requests back.
    """

    planned: float | None = None
    sent: float | None = None
    off_plan: OffPlan | None = None


def planned_starts(settings: WireSettings, provider: str, number: int) -> list[float]:
    """The schedule of an open loop that is sent in one session: seconds from its beginning."""
    return [instant / 1e9 for instant in islice(settings.starts_of(provider), number)]


def pace(starts: Sequence[Start], planned: Sequence[float], rate: float, *, held: bool, paced: bool) -> StartRate:
    """Compare the starts on record with the schedule.

    Args:
        planned: see `planned_starts`; at least as many as there are starts.
        held: the provider held requests back: it asked to wait, or as many were under way as there may be. Then a late
            start is what the load did to the provider.
        paced: the file of providers allows fewer requests a minute than the level starts.
    """
    plan = planned[: len(starts)]
    meant, sent = sorted(one.meant for one in starts), sorted(one.sent for one in starts)
    found = StartRate(_rate(plan), _rate(sent))
    if _falls_behind(meant, plan, rate):
        return found._replace(off_plan=OffPlan.MOVED)
    if not held and _falls_behind(sent, meant, rate):
        return found._replace(off_plan=OffPlan.PACED if paced else OffPlan.LATE)
    return found


def _falls_behind(starts: Sequence[float], planned: Sequence[float], rate: float) -> bool:
    if len(starts) < 2:
        return False
    longest = max(after - before for before, after in pairwise(starts))
    fits = longest <= max(LONGEST_GAP / rate, *(after - before for before, after in pairwise(planned)))
    return not fits or (planned[-1] - planned[0]) < _LEAST_SHARE * (starts[-1] - starts[0])


def _rate(starts: Sequence[float]) -> float | None:
    """Starts per second, from the first to the last."""
    seconds = starts[-1] - starts[0] if starts else 0.0
    return (len(starts) - 1) / seconds if seconds > 0 else None
