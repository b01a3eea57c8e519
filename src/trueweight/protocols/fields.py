"""Fields of untrusted JSON, read one type at a time: another type is an anomaly and reads as absent."""

from __future__ import annotations

from typing import Any

from trueweight.core import Span
from trueweight.protocols.anomalies import Anomalies, Kind

_NAMES = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", int: "a number", float: "a number"}


def json_type(value: Any) -> str:
    """The JSON word for a parsed value's type, with its article."""
    return "null" if value is None else _NAMES.get(type(value), type(value).__name__)


def as_object(value: Any, where: str, span: Span, anomalies: Anomalies) -> dict[str, Any] | None:
    """An object, or None (named, unless it was null or absent)."""
    if isinstance(value, dict):
        return value
    _wrong(value, "an object", where, span, anomalies)
    return None


def as_array(value: Any, where: str, span: Span, anomalies: Anomalies) -> list[Any]:
    """An array; empty (and named, unless it was null or absent) if it is none."""
    if isinstance(value, list):
        return value
    _wrong(value, "an array", where, span, anomalies)
    return []


def as_text(value: Any, where: str, span: Span, anomalies: Anomalies) -> str | None:
    """A string, or None (named, unless it was null or absent)."""
    if isinstance(value, str):
        return value
    _wrong(value, "a string", where, span, anomalies)
    return None


def as_count(value: Any, where: str, span: Span, anomalies: Anomalies) -> int | None:
    """A whole number from 0, or None (named, unless it was null or absent)."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 and value == value // 1:
        return int(value)  # to JSON, 12.0 is a whole number
    _wrong(value, "a count", where, span, anomalies)
    return None


def _wrong(value: Any, wanted: str, where: str, span: Span, anomalies: Anomalies) -> None:
    if value is not None:
        anomalies.add(Kind.WRONG_TYPE, f"{where} is {json_type(value)}, not {wanted}", span)
