"""Streams that come in one piece have no time to a first token, and none between tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from trueweight.core import Mode, Observation, Outcome, Timing
from trueweight.core.reply_digest import AT_ONCE

_CHECK: Final = "stream-in-pieces"


def without_burst_times(observations: Sequence[Observation]) -> list[Observation]:
    """The observations. Where streams of a provider through an API come in one piece, those that did keep the time of
    the whole reply alone: a time to the first token would be that of the last one."""
    buffered = {
        (seen.provider, seen.api)
        for seen in observations
        if any(one.check == _CHECK and one.outcome is Outcome.FAIL for one in seen.findings)
    }
    return [
        replace(seen, timing=_whole(seen.timing))
        if (seen.provider, seen.api) in buffered and seen.mode is Mode.STREAM and _came_at_once(seen.timing)
        else seen
        for seen in observations
    ]


def _came_at_once(timing: Timing | None) -> bool:
    return timing is not None and timing.generation is not None and timing.generation <= AT_ONCE


def _whole(timing: Timing | None) -> Timing | None:
    if timing is None:
        return None
    return Timing(
        service=timing.service,
        response=timing.response,
        lag=timing.lag,
        connect=timing.connect,
        cold=timing.cold,
        in_one_piece=True,
    )
