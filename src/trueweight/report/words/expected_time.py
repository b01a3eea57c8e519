"""The expected time of what is sent, in words: a range, and what it is estimated from."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Final

from trueweight.plan import ASSUMED, Pace, Seconds
from trueweight.report.numbers import Towards, significant

_SHORT: Final = 100
"""So many seconds, or minutes, are written as they are; more in the next unit."""


def time_words(seconds: Seconds, paces: Mapping[str, Pace], providers: Collection[str]) -> str:
    """``Expected time: 20 s to 8 min, by concurrent requests and rate limits: …``

    Args:
        paces: of the providers that a probe has measured.
        providers: names of all that something is sent to.
    """
    assumed = f"{ASSUMED.reply:g} s, and {1 / ASSUMED.token:g} tokens a second"
    unknown = sorted(set(providers) - paces.keys())
    if not unknown:
        source = "The last probe measured both paces."
    elif len(unknown) == len(set(providers)):
        source = f"Assumed without a probe: {assumed}."
    else:
        source = f"The last probe measured both paces; assumed for {', '.join(unknown)}: {assumed}."
    return (
        f"Expected time: {_range(seconds)}, by concurrent requests and rate limits: the least if each reply is a quick "
        f"one, the most if each uses its token limit at a slow pace. {source} Waits that a provider asks for are added."
    )


def _range(seconds: Seconds) -> str:
    least, most = _written(seconds.least, Towards.DOWN), _written(seconds.most, Towards.UP)
    return f"about {most}" if least == most else f"{least} to {most}"


def _written(seconds: float, towards: Towards) -> str:
    whole = math.ceil if towards is Towards.UP else math.floor
    if seconds <= _SHORT:
        return f"{max(1, whole(round(seconds, 6)))} s"
    if seconds <= _SHORT * 60:
        return f"{whole(round(seconds / 60, 6))} min"
    return f"{significant(seconds / 3600, towards=towards)} h"
