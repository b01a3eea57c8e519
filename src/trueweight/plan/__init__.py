"""Makes the trials of cases × providers × APIs in their order, bounds their cost, and expects their time."""

from trueweight.plan.expected_time import ASSUMED, Pace, Seconds, Stage, expected_time, measured_paces
from trueweight.plan.forecast import Forecast, TokenCeiling, forecast, token_ceiling
from trueweight.plan.order import Inexpressible, Plan, inexpressible, limit, make_plan, take_shard

__all__ = [
    "ASSUMED",
    "Forecast",
    "Inexpressible",
    "Pace",
    "Plan",
    "Seconds",
    "Stage",
    "TokenCeiling",
    "expected_time",
    "forecast",
    "inexpressible",
    "limit",
    "make_plan",
    "measured_paces",
    "take_shard",
    "token_ceiling",
]
