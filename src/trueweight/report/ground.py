"""On what ground a provider stands where it stands: a few words, with what they rest on."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trueweight.report.numbers import MINUS, percent, span

ALPHA: Final = 0.05
MATTERS: Final = 0.1
"""A slower provider is called so if all of the interval is above this share of the provider's time."""
_LONGEST: Final = 110
_TIMES: Final = {"ttft": "first token", "e2e": "whole reply"}
_SENTENCE: Final = re.compile(r"\.(?:\s|$)")
_HYPHEN: Final = re.compile(r"(?<![\w-])-(?=\s?(?:\d|\.\d|reference|baseline))")


def what_is_wrong(provider: Mapping[str, Any]) -> str:
    """The first clause of its sentence, which says it without the names of checks."""
    findings = provider.get("findings") or []
    if not findings:
        return ""
    said = _SENTENCE.split(str(provider.get("sentence", "")), maxsplit=1)[0]
    if 0 < len(said) <= _LONGEST:
        return said[:1].lower() + said[1:]
    return f"{findings[0]['check']} fails in {findings[0]['fails']} of {findings[0]['of']}"


def what_the_bar_says(reasons: Sequence[Mapping[str, Any]]) -> str:
    """Of the rules that decided: the first, or of several that are undecided the one that takes longest to decide."""
    if not reasons:
        return ""
    first = min(reasons, key=lambda reason: -(reason.get("more_trials") or 0))
    more = first.get("more_trials")
    found = f"about {more:,} more trials would decide" if more else first["message"]
    others = len(reasons) - 1
    rest = f"; and {others} more {'rule' if others == 1 else 'rules'}" if others else ""
    return _HYPHEN.sub(MINUS, f"{first['rule']}: {found}{rest}")


def failing(rate: Mapping[str, Any]) -> str:
    """The share that does not succeed, with its interval: ``28.3% (22.5–34.1)``."""
    low, high = (None if rate.get(end) is None else 1 - rate[end] for end in ("high", "low"))
    estimate = {"value": 1 - rate["value"], "low": low, "high": high, "unit": "proportion"}
    interval = span(estimate)
    return percent(estimate["value"]) + (f" ({interval})" if interval else "")


def how_much_slower(provider: Mapping[str, Any], floor: Mapping[str, Any]) -> str:
    """By how much, if it is slower beyond chance and beyond the reference's own noise, and by so much that it matters.

    Args:
        floor: metric → the reference against itself.
    """
    for metric, words in _TIMES.items():
        found = provider.get("versus_reference", {}).get(metric) or {}
        own = (provider.get("metrics", {}).get(metric) or {}).get("value")
        noise = (floor.get(metric) or {}).get("high")
        if not own or found.get("low") is None or found.get("p_holm", 1) > ALPHA:
            continue
        if found["low"] > max(MATTERS * own, noise if noise is not None else -math.inf):
            return f"{words} +{found['value']:,.0f} ms ({found['low']:,.0f}–{found['high']:,.0f})"
    return ""
