"""Axes of all drawings: the position of a value on an axis that a whole column shares."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from trueweight.core import Estimate
from trueweight.report.numbers import significant, whole_percent

WIDTH: Final = 112.0
MARGIN: Final = 4.0
_STARTS: Final = (0.95, 0.9, 0.8, 0.5, 0.0)
_STEPS: Final = (1, 2, 5)


class Tick(NamedTuple):
    """A labelled place on an axis; ``anchor`` keeps the label inside the drawing."""

    x: float
    label: str
    anchor: str


class Axis(NamedTuple):
    """A scale from ``low`` to ``high``, drawn from ``start`` to ``end``; upwards where ``end`` is the smaller one."""

    low: float
    high: float
    log: bool = False
    unit: str = ""
    start: float = MARGIN
    end: float = WIDTH - MARGIN

    def at(self, value: float) -> float:
        """The position of a value, clamped to the axis."""
        low, high, at = (math.log(max(v, 1e-12)) if self.log else v for v in (self.low, self.high, value))
        share = (at - low) / (high - low) if high > low else 0.5
        return round(self.start + (self.end - self.start) * min(1.0, max(0.0, share)), 2)

    def ticks(self) -> tuple[Tick, ...]:
        """Both ends; the reader interpolates, and the numbers are written anyway."""
        return (
            Tick(self.at(self.low), self._label(self.low), "start"),
            Tick(self.at(self.high), self._label(self.high), "end"),
        )

    def _label(self, value: float) -> str:
        """Ends of an axis are round numbers, so they need no decimals for show."""
        return whole_percent(value) if self.unit == "proportion" else significant(value, 6)


class Mark(NamedTuple):
    """One drawn estimate."""

    x: float
    left: float
    right: float


def point(value: float, unit: str = "") -> Estimate:
    """A value without an interval, to be drawn."""
    return Estimate(value, None, None, 1, unit, "")


def without_interval(estimate: Estimate) -> Estimate:
    """The same estimate without its interval, for what is drawn as a tick only."""
    return msgspec.structs.replace(estimate, low=None, high=None)


def _finite(estimate: Estimate) -> list[float]:
    return [end for end in (estimate.value, estimate.low, estimate.high) if end is not None]


def _round_down(value: float) -> float:
    scale = 10.0 ** math.floor(math.log10(value))
    return max(step * scale for step in _STEPS if step * scale <= value * 1.000001)


def _round_up(value: float) -> float:
    scale = 10.0 ** math.floor(math.log10(value))
    return min(step * scale for step in (*_STEPS, 10) if step * scale >= value * 0.999999)


def _outwards(value: float) -> float:
    if value <= 0:
        return 0.0
    scale = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / scale * 0.999999) * scale:.12g}")


def axis(estimates: Iterable[Estimate], *, log: bool) -> Axis | None:
    """The narrowest axis with round ends that holds all estimates and intervals; None if there is no value.

    An axis of proportions ends at 1, and a linear one contains 0.
    """
    known = [estimate for estimate in estimates if estimate.value is not None]
    numbers = [number for estimate in known for number in _finite(estimate)]
    if not numbers:
        return None
    unit = known[0].unit
    if unit == "proportion":
        return Axis(next(start for start in _STARTS if start <= max(0.0, min(numbers))), 1.0, False, unit)
    positive = [number for number in numbers if number > 0]
    if log and positive:
        low, high = _round_down(min(positive)), _round_up(max(positive))
        return Axis(low, high if high > low else low * 10, True, unit)
    # Ends at two significant digits, outwards: they are written below the axis.
    low, high = 0.0 - _outwards(-min(0.0, *numbers)), _outwards(max(0.0, *numbers))  # not "−0"
    return Axis(low, high if high > low else low + 1.0, False, unit)


def mark(scale: Axis | None, estimate: Estimate | None) -> Mark | None:
    """Where to draw an estimate; an end that is not known is drawn at the dot."""
    if scale is None or estimate is None or estimate.value is None:
        return None
    low, high = (estimate.value if end is None else end for end in (estimate.low, estimate.high))
    return Mark(scale.at(estimate.value), scale.at(low), scale.at(high))
