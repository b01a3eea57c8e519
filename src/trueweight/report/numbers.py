"""Numbers as text: rounded to the digits that the interval supports, and never rounded up to 100%.

The one place that rounds for people: every output takes shares, differences and limits from here.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import Final

from trueweight.core import Estimate

NONE: Final = "n/a"
MINUS: Final = "−"
_NOTHING: Final = 1e-12
"""What is smaller is a rest of arithmetic."""
_MOST_DECIMALS: Final = {"ms": 2, "tokens": 1, "USD": 4}
"""Unit → decimals that mean something: a time stamp is late by more than a hundredth of a ms (docs/wire.md)."""


class Towards(Enum):
    """To which side a limit is rounded: away from the value."""

    DOWN = "down"
    UP = "up"


def percent(value: float) -> str:
    """``97.3%``, always one decimal so that a column aligns. Only 1 is written 100.0%, and only 0 is 0.0%."""
    if value in (0.0, 1.0):
        return f"{abs(value):.1%}"
    return f"{min(max(round(value * 100, 1), 0.1), 99.9):.1f}%"


def whole_percent(value: float) -> str:
    """``97%``, for a sentence: without decimals, unless that would be 0% or 100% of what is neither."""
    whole = round(value * 100)
    return f"{whole}%" if 0 < whole < 100 or value in (0.0, 1.0) else percent(value)


def percent_at_most(value: float) -> str:
    """``31%``: an upper limit of a share, rounded up, so that the sentence holds. It may be 100%."""
    return f"{points_at_least(value)}%"


def points_at_least(value: float) -> str:
    """``16``: a distance in percentage points that is large enough for something, rounded up."""
    return f"{math.ceil(round(value * 100, 6))}"


def dollars(usd: float, *, at_most: bool = False) -> str:
    """``$0.0031``, ``$12.40``: an amount; ``at_most`` rounds up and writes ``≤ $0.0032``."""
    digits = 4 if usd < 1 else 2
    if at_most:
        return f"≤ ${math.ceil(round(usd * 10**digits, 6)) / 10**digits:,.{digits}f}"
    return f"${usd:,.{digits}f}"


def counted(count: int, noun: str) -> str:
    """``1 case``, ``2 cases``, ``1,998 cases``: a number and its noun, whose plural ends in s."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def points(value: float) -> str:
    """A difference of proportions in percentage points, signed: ``−3.1``, ``+0.2``, ``0.0``."""
    scaled = round(value * 100, 1)
    if scaled == 0:
        return "0.0"
    return f"{'+' if scaled > 0 else MINUS}{abs(scaled):.1f}"


def decimals_of(value: float, digits: int = 3) -> int:
    """How many decimals show that many significant digits of a value."""
    return min(6, max(0, digits - 1 - math.floor(math.log10(abs(value))))) if value else 0


def most_decimals(unit: str) -> int:
    """How many decimals of a value mean something in its unit, at most."""
    return _MOST_DECIMALS.get(unit, 6)


def plain(value: float, decimals: int) -> str:
    """Fixed decimals, thousands set apart by a thin space. What rounds to zero has no sign."""
    text = f"{value:,.{decimals}f}"
    if not text.strip("-0."):
        text = text.removeprefix("-")
    return text.replace(",", "\u2009").replace("-", MINUS)


def significant(value: float | None, digits: int = 2, *, towards: Towards | None = None) -> str:
    """``0.12``, ``140``: a number of free scale at that many significant digits, without trailing zeros.

    Args:
        towards: of a limit, the side to which it is rounded.
    """
    if value is None:
        return NONE
    if abs(value) < _NOTHING:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    scaled = round(value * 10.0**decimals, 6)  # a limit that has these digits only stays as it is
    rounded = round(scaled) if towards is None else math.ceil(scaled) if towards is Towards.UP else math.floor(scaled)
    text = f"{rounded / 10.0**decimals:.{max(0, decimals)}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", MINUS)


def signed(value: float, unit: str, decimals: int | None = None) -> str:
    """A difference as text: `write`, with a plus sign before what is above zero."""
    text = write(value, unit, decimals)
    return f"+{text}" if value > 0 and not text.startswith("+") and text.strip("0.") else text


def write(value: float | None, unit: str, decimals: int | None = None) -> str:
    """A value in its unit's own style, without the unit's name except where it is part of the number (%).

    Args:
        decimals: for units of free scale, so that a column aligns; three significant digits if None.
    """
    if value is None:
        return NONE
    if unit == "proportion":
        return percent(value)
    if unit == "difference":
        return points(value)
    if decimals is None:
        is_whole = unit == "tokens" and value == round(value)
        decimals = 0 if is_whole else min(decimals_of(value), most_decimals(unit))
    return plain(value, decimals)


def sample(estimate: Estimate) -> str:
    """``n = 78 of 80 (reset 2)``: the sample size, and what is missing by reason."""
    text = f"n = {estimate.n}"
    if estimate.of is not None and estimate.of != estimate.n:
        text += f" of {estimate.of}"
    if estimate.missing:
        text += " (" + ", ".join(f"{count} {why}" for why, count in sorted(estimate.missing.items())) + ")"
    return text


def _outwards(end: float, unit: str, decimals: int | None, up: bool) -> float:
    """A limit at the digits in which it is written, rounded away from the value: .9496 is not "≥ 95.0"."""
    digits = 3 if unit in ("proportion", "difference") else decimals_of(end) if decimals is None else decimals
    scaled = round(end * 10**digits, 6)  # a limit that has these digits only stays as it is
    return float((math.ceil(scaled) if up else math.floor(scaled)) / 10**digits)


def span(estimate: Estimate, decimals: int | None = None, *, signs: bool = False) -> str:
    """The interval in the least ink: ``95.1–98.6``, ``≥ 95.4``, ``−3.1 to +0.4``; empty when there is none.

    Args:
        signs: the estimate is a difference, whatever its unit: ``+20 to +44``.
    """
    unit = estimate.unit
    if decimals is None and estimate.low is not None and estimate.high is not None:
        # The width says which digits mean anything, and no end is more exact than the value.
        decimals = decimals_of(estimate.high - estimate.low or estimate.high)
        if estimate.value:
            decimals = min(decimals, decimals_of(estimate.value))
        decimals = min(decimals, most_decimals(unit))
    low, high = (
        None if end is None else (signed if signs else write)(_outwards(end, unit, decimals, up), unit, decimals)
        for end, up in ((estimate.low, False), (estimate.high, True))
    )
    low, high = (None if end is None else end.removesuffix("%") for end in (low, high))
    if low is None:
        return "" if high is None else f"≤ {high}"
    if high is None:
        return f"≥ {low}"
    return f"{low} to {high}" if signs or unit == "difference" or MINUS in low else f"{low}–{high}"
