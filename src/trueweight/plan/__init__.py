"""Makes the trials of cases × providers × APIs in their order, and bounds their cost before the first request."""

from trueweight.plan.forecast import Forecast, TokenCeiling, forecast, token_ceiling
from trueweight.plan.order import Inexpressible, Plan, inexpressible, limit, make_plan, take_shard

__all__ = [
    "Forecast",
    "Inexpressible",
    "Plan",
    "TokenCeiling",
    "forecast",
    "inexpressible",
    "limit",
    "make_plan",
    "take_shard",
    "token_ceiling",
]
