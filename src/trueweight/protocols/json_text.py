"""JSON text to values, within limits (no depth, number or key makes it raise, and each oddity is named), and back."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from trueweight.core import compact_json
from trueweight.protocols.anomalies import Kind

MAX_DEPTH = 128
"""Deepest nesting that is parsed: far beyond any real reply, far below the interpreter's stack."""

_MAX_DIGITS = 400  # more digits than the largest double has
_STRUCTURE = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_INFINITE = float("inf")


class ParsedJson(NamedTuple):
    """What a JSON text says. ``ok`` is False if it is not JSON (or too deep), and ``error`` says where and why."""

    value: Any
    ok: bool
    error: str = ""
    oddities: tuple[tuple[Kind, str], ...] = ()


def parse_json(text: str) -> ParsedJson:
    """Parse one JSON document. NaN and Infinity are parsed and named as oddities; it never raises."""
    if _too_deep(text):
        detail = f"nested deeper than {MAX_DEPTH} levels"
        return ParsedJson(None, False, detail, ((Kind.JSON_DEEP, detail),))
    oddities: list[tuple[Kind, str]] = []
    try:
        value = json.loads(text, **_hooks(oddities))
    except json.JSONDecodeError as error:
        return ParsedJson(None, False, f"{error.msg} at character {error.pos}", ())
    # Only an escape can bring half a pair: the text itself was decoded from UTF-8.
    if "\\ud" in text.lower() and (half := _LONE_SURROGATE.search(json.dumps(value, ensure_ascii=False))):
        oddities.append((Kind.JSON_LONE_SURROGATE, f"\\u{ord(half[0]):04x} without its other half"))
    return ParsedJson(value, True, "", tuple(oddities))


def write_json(value: Any) -> str:
    """JSON text of a request body. It always encodes to UTF-8: a lone surrogate, which a case may send, is escaped."""
    return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found.group()):04x}", compact_json(value))


def preview_json(value: Any) -> str:
    """JSON text for people, on one line; a placeholder for what is nested too deep to print."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return "(too deep to print)"


def _hooks(oddities: list[tuple[Kind, str]]) -> dict[str, Any]:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(items)
        if len(made) < len(items):
            keys = [key for key, _ in items]
            twice = next(key for key in keys if keys.count(key) > 1) if len(keys) < 1000 else "one of many"
            oddities.append((Kind.JSON_DUPLICATE_KEY, f"key {twice[:80]!r} occurs twice"))
        return made

    def constant(word: str) -> float:
        oddities.append((Kind.JSON_NAN, f"{word} is not JSON"))
        return float(word)

    def whole(digits: str) -> int | float:
        if len(digits) <= _MAX_DIGITS:
            return int(digits)
        oddities.append((Kind.JSON_HUGE_NUMBER, f"an integer of {len(digits)} digits"))
        return _INFINITE

    def real(digits: str) -> float:
        number = float(digits)
        if abs(number) == _INFINITE:
            oddities.append((Kind.JSON_HUGE_NUMBER, f"{digits[:40]} is beyond a double"))
        return number

    return {"object_pairs_hook": pairs, "parse_constant": constant, "parse_int": whole, "parse_float": real}


def _too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for token in _STRUCTURE.finditer(text):
        first = token[0][0]
        if first in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif first != '"':
            depth -= 1
    return False
