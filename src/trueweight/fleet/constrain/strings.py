"""Strings of words, of a format, or of a regular expression."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from typing import Any

from trueweight.fleet.constrain.sampler import Sampler

# The parse tree of the standard library has no public door; its shape has not changed since Python 2.
_parse: Any = importlib.import_module("re._parser").parse

_PRINTABLE = [chr(code) for code in range(0x20, 0x7F)]
_CATEGORIES = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_WORD": "abcdefghijklmnopqrstuvwxyz0123456789_",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": "abcdefghij-",
    "CATEGORY_NOT_WORD": "-.,:",
    "CATEGORY_NOT_SPACE": "abcdefghij0123456789",
}
_FORMATS = {
    "date-time": ("2024-05-17T09:30:00Z", "2025-11-02T18:05:41Z", "2023-01-31T00:00:00Z"),
    "date": ("2024-05-17", "2025-11-02", "2023-01-31"),
    "time": ("09:30:00Z", "18:05:41Z", "00:00:00Z"),
    "duration": ("P1D", "PT15M", "P2W"),
    "email": ("ana@example.com", "li.wei@example.org", "ops@example.net"),
    "idn-email": ("ana@example.com", "li.wei@example.org"),
    "hostname": ("example.com", "api.example.org", "localhost"),
    "idn-hostname": ("example.com", "api.example.org"),
    "ipv4": ("192.0.2.7", "198.51.100.23", "203.0.113.99"),
    "ipv6": ("2001:db8::1", "2001:db8:0:1::7"),
    "uri": ("https://example.com/a", "https://example.org/items/7"),
    "uri-reference": ("/items/7", "https://example.com/a"),
    "iri": ("https://example.com/a",),
    "iri-reference": ("/items/7",),
    "uri-template": ("/items/{id}",),
    "uuid": ("6f1c1e9a-3b0d-4c55-9a53-0d8e7f2b6a10", "0b7e4a52-7c1d-4f6e-8a39-5d2c1b0a9f88"),
    "json-pointer": ("/a/0", "/items"),
    "relative-json-pointer": ("0/a", "1"),
    "regex": ("^a+$", "[0-9]{3}"),
}


def make_string(schema: dict[str, Any], muse: Sampler) -> str:
    """A string that respects pattern, format, minLength and maxLength as far as each allows; callers validate."""
    low = int(schema.get("minLength", 0))
    high = schema.get("maxLength")
    if "pattern" in schema:
        text = from_pattern(schema["pattern"], muse)
        if len(text) < low and not schema["pattern"].endswith("$"):
            text += "a" * (low - len(text))
        return text
    samples = _FORMATS.get(schema.get("format", ""))
    if samples:
        return samples[muse.pick(samples)]
    text = muse.word()
    while len(text) < low or (muse.pick((" and", ".")) == 0 and len(text) < 40):
        text += " " + muse.word()
    return text if high is None else text[: int(high)].rstrip().ljust(min(low, int(high)), "a")


def from_pattern(pattern: str, muse: Sampler) -> str:
    """A string in which the pattern is found.

    Raises:
        ValueError: if the pattern cannot be parsed.
    """
    try:
        tree = _parse(pattern)
    except re.error as error:
        raise ValueError(str(error)) from error
    return "".join(_emit(tree, muse, []))


def _emit(tree: Iterable[tuple[Any, Any]], muse: Sampler, groups: list[str]) -> list[str]:
    """Text for each node of a parse tree, in order."""
    return [_node(str(op), argument, muse, groups) for op, argument in tree]


def _node(op: str, argument: Any, muse: Sampler, groups: list[str]) -> str:
    """Text for one node. What only looks around adds nothing: the final validation decides."""
    text = ""
    match op:
        case "LITERAL":
            text = chr(argument)
        case "NOT_LITERAL":
            text = next(char for char in "ax-" if ord(char) != argument)
        case "ANY":
            text = "abcdefghij"[muse.below(10)]
        case "IN":
            options = _members(argument)
            text = options[muse.below(len(options))]
        case "BRANCH":
            branches = argument[1]
            text = "".join(_emit(branches[muse.below(len(branches))], muse, groups))
        case "SUBPATTERN":
            text = "".join(_emit(argument[-1], muse, groups))
            groups.append(text)
        case "GROUPREF":
            text = groups[argument - 1] if argument <= len(groups) else ""
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            low, high, body = argument
            times = int(low) + muse.below(min(int(high) - int(low), 4) + 1)
            text = "".join("".join(_emit(body, muse, groups)) for _ in range(times))
        case "ATOMIC_GROUP":
            text = "".join(_emit(argument, muse, groups))
    return text


def _members(items: Iterable[tuple[Any, Any]]) -> list[str]:
    """The characters of a class; of a negated one, the printable rest."""
    negated = False
    out: list[str] = []
    for op, argument in items:
        match str(op):
            case "NEGATE":
                negated = True
            case "LITERAL":
                out.append(chr(argument))
            case "RANGE":
                low, high = argument
                out.extend(chr(code) for code in range(low, min(high, low + 255) + 1))
            case "CATEGORY":
                out.extend(_CATEGORIES.get(str(argument), "a"))
    if not negated:
        return out or ["a"]
    # Letters first: a negated class usually means "anything ordinary but this".
    rest = [char for char in _PRINTABLE if char not in out]
    return [char for char in rest if char.isalnum()] or rest or ["é"]
