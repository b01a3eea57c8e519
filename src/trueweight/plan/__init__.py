"""Cases × providers × APIs → trials in order, and their highest cost, before the first request."""

from trueweight.plan.forecast import Forecast, TokenCeiling, forecast, token_ceiling
from trueweight.plan.order import Inexpressible, Plan, inexpressible, make_plan
from trueweight.plan.shard import say_limits, take_shard

__all__ = [
    "Forecast",
    "Inexpressible",
    "Plan",
    "TokenCeiling",
    "forecast",
    "inexpressible",
    "make_plan",
    "say_limits",
    "take_shard",
    "token_ceiling",
]
