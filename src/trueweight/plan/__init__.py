"""Cases × providers → trials in order, and their highest cost, before the first request."""

from trueweight.plan.forecast import Forecast, TokenCeiling, forecast, token_ceiling
from trueweight.plan.order import Plan, make_plan
from trueweight.plan.shard import say_limits, take_shard

__all__ = [
    "Forecast",
    "Plan",
    "TokenCeiling",
    "forecast",
    "make_plan",
    "say_limits",
    "take_shard",
    "token_ceiling",
]
