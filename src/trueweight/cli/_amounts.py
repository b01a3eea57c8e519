"""Amounts on the command line: money and rates."""

from __future__ import annotations

import math
from typing import Any

import click

MOST = 10**6


class Amount(click.FloatRange):
    """A number above 0. NaN is not one: it is below no limit, so a budget of it would never be reached."""

    name = "amount"

    def __init__(self) -> None:
        super().__init__(0, MOST, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """As click does it, and NaN refused."""
        found: float = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value} is no number.", param, ctx)
        return found
