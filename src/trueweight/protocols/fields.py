"""Fields of untrusted JSON by type. A field of another type becomes an anomaly and counts as absent."""

from __future__ import annotations

import re
import sys
from typing import Any, Final

from trueweight.core import Span
from trueweight.core.json_value import JsonObject
from trueweight.protocols.anomalies import Anomalies, Kind
from trueweight.protocols.body import ends_of

_MOST = 2**53
_NAMES = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", int: "a number", float: "a number"}


def json_type(value: Any) -> str:
    """The JSON type of a parsed value, with its article: ``an array``, ``a number``, ``null``."""
    return "null" if value is None else _NAMES.get(type(value), type(value).__name__)


def as_object(value: Any, where: str, span: Span, anomalies: Anomalies) -> JsonObject | None:
    """The value if it is an object, else None. Any other value except null becomes an anomaly."""
    if isinstance(value, dict):
        return value
    _wrong(value, "an object", where, span, anomalies)
    return None


def as_array(value: Any, where: str, span: Span, anomalies: Anomalies) -> list[Any]:
    """The value if it is an array, else an empty list. Any other value except null becomes an anomaly."""
    if isinstance(value, list):
        return value
    _wrong(value, "an array", where, span, anomalies)
    return []


def as_text(value: Any, where: str, span: Span, anomalies: Anomalies) -> str | None:
    """The value if it is a string, else None. Any other value except null becomes an anomaly."""
    if isinstance(value, str):
        return value
    _wrong(value, "a string", where, span, anomalies)
    return None


def as_count(value: Any, where: str, span: Span, anomalies: Anomalies) -> int | None:
    """The value if it is a whole number from 0 to 2⁵³, else None. Any other value except null becomes an anomaly."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST and value == value // 1:
        return int(value)  # to JSON, 12.0 is a whole number
    _wrong(value, "a count", where, span, anomalies)
    return None


def as_index(value: Any) -> int | None:
    """The value if it is an integer, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _wrong(value: Any, wanted: str, where: str, span: Span, anomalies: Anomalies) -> None:
    if value is not None:
        anomalies.add(Kind.WRONG_TYPE, f"{where} is {json_type(value)}, not {wanted}", span)


_NUMBER: Final = r"\d{1,15}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?"
"""A cost, in JSON or in a string."""
_DECIMAL: Final = re.compile(_NUMBER, re.ASCII)


def as_cost(value: Any) -> float | None:
    """The cost in USD that a server states: a number, or a string of one, that is not negative and that a double can
    hold; else None."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= sys.float_info.max:
        return None
    return float(value)


TICKS: Final = 10_000_000_000
"""Of a USD, in ``cost_in_usd_ticks`` (https://docs.x.ai/developers/cost-tracking)."""


def stated_cost(usage: JsonObject) -> float | None:
    """The cost in USD that a ``usage`` object states, under any of the names that servers give it; None without one.

    With a key of the user's own at a router (``is_byok``), the cost at the host is billed beside the router's.
    """
    cost = usage.get("cost")
    found = as_cost(cost.get("total_cost") if isinstance(cost, dict) else cost)
    if found is None:
        found = as_cost(usage.get("estimated_cost"))
    if found is None and (ticks := as_cost(usage.get("cost_in_usd_ticks"))) is not None:
        found = ticks / TICKS
    details = usage.get("cost_details")
    if found is None or usage.get("is_byok") is not True or not isinstance(details, dict):
        return found
    return found + (as_cost(details.get("upstream_inference_cost")) or 0.0)


_COST: Final = b"cost"
"""It is in the name of each field with a cost."""
_AMOUNT: Final = rb'"\s*+:\s*+"?(' + _NUMBER.encode() + rb")"
_COSTS: Final = tuple(
    (re.compile(rb'"' + name + _AMOUNT), unit)
    for name, unit in ((rb"(?:total_)?cost", 1), (rb"estimated_cost", 1), (rb"cost_in_usd_ticks", TICKS))
)
_OWN_KEY: Final = re.compile(rb'"is_byok"\s*+:\s*+true')
_UPSTREAM: Final = re.compile(rb'"upstream_inference_cost' + _AMOUNT)


def may_state_cost(body: bytes) -> bool:
    """Whether `stated_cost_in` may find a cost at either end of a raw body. Quick, and never wrongly false."""
    parts = ends_of(body)
    end = next(parts)
    return _COST in end or (len(end) < len(body) and _COST in next(parts))


def stated_cost_in(part: bytes) -> float | None:
    """The same of the last ``usage`` object in raw bytes, which need not be well-formed."""
    if _COST not in part:
        return None
    start = max(0, part.rfind(b'"usage"'))
    matches = ((pattern.search(part, start), unit) for pattern, unit in _COSTS)
    found = next((float(match[1]) / unit for match, unit in matches if match), None)
    upstream = _UPSTREAM.search(part, start) if _OWN_KEY.search(part, start) else None
    return found if found is None or upstream is None else found + float(upstream[1])
