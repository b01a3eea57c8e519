"""Intervals, paired tests and corrections: pure functions of numbers, shared by metrics, drift and assessment."""

from typing import Any

from numpy.typing import NDArray

__all__ = ["Array"]

Array = NDArray[Any]
"""The arrays that statistics work on: numbers, NaN where a case has none."""
