"""Parses JSON text within limits, without raising, and writes JSON text."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from sys import getsizeof
from typing import Any, NamedTuple

import msgspec

from trueweight.core import compact_json
from trueweight.core.json_value import JsonObject
from trueweight.core.steps import take_steps
from trueweight.protocols.anomalies import Kind

MAX_DEPTH = 128
"""Deepest nesting that is parsed: far beyond any real reply, far below the interpreter's stack."""

MAX_WEIGHT = 72 * 1024 * 1024
"""Most bytes of memory, by estimate, that the parsed values of one reply take."""

MAX_WIDE = 10 * 1024 * 1024
"""Most bytes of memory of a text with wide characters: Python keeps two or four bytes for each character of it."""
MAX_CONTENT = 48 * 1024 * 1024
"""As `MAX_WEIGHT`, for JSON inside a content: the reply that it is in is in memory too."""

_CONTAINER, _MEMBER, _ITEM = 150, 100, 40
"""Bytes of an object or array, of a name in an object, and of another value, by estimate."""
_PAIR = 80
"""Bytes of a name and its value until their object is complete, by estimate."""
_MAX_DIGITS = 400  # more digits than the largest double has
_STRUCTURE = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_VALUES = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{,:]', re.DOTALL)
_WEIGHTS = {'"': 0, ",": _ITEM, ":": _MEMBER, "[": _CONTAINER, "{": _CONTAINER}
_ESCAPED_PAIR, _ESCAPED_WIDE = re.compile(r"\\u[dD][89abAB]"), re.compile(r"\\u(?!00)")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_INFINITE = float("inf")
_QUICK = 256 * 1024
"""Characters of the longest text that is parsed and written again to see that nothing of it was dropped."""
_NOT_PARSED = object()
_HUGE_NUMBER = re.compile(rf"[0-9](?<![0-9]{{2}})[0-9]{{{_MAX_DIGITS}}}")
"""It counts each run of digits from its first one on, so that many long runs take no longer than other text."""
_decode_quickly, _encode_quickly = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode


class ParsedJson(NamedTuple):
    """The value of a JSON text.

    Attributes:
        ok: False if the text is not JSON or is nested too deep; ``error`` then says where and why.
        oddities: kind and detail of each oddity of the text, such as a doubled key.
        weight: bytes that the value takes, by estimate.
        too_large: whether the text was not parsed because it has too many values, or is too long in memory.
        wide: bytes of memory of a long text with characters of two or four bytes; 0 for another one.
    """

    value: Any
    ok: bool
    error: str = ""
    oddities: tuple[tuple[Kind, str], ...] = ()
    weight: int = 0
    too_large: bool = False
    wide: int = 0


def parse_json(text: str, *, limit: int = MAX_CONTENT, once: bool = False) -> ParsedJson:
    """Parse one JSON document. NaN and Infinity are parsed, and are oddities.

    Args:
        limit: most bytes that the value may take, by estimate; a text with more values is not parsed.
        once: the text is not parsed again, so it need not be kept.

    Raises:
        OutOfSteps: where there is a budget of steps and it is used up, as by several long texts that each check reads.
    """
    if once or len(text) < _LONG:
        return _parse(text, limit)
    # Several checks parse the same content and the same calls, so the last long ones are kept.
    for one in _recent:
        if one.limit == limit and one.text == text:
            return one.parsed
    made = _Recent(text, limit, _parse(text, limit))
    take_steps(made.size // _BYTES_PER_STEP)
    _recent.append(made)
    while len(_recent) > _MOST_RECENT or (len(_recent) > 1 and sum(one.size for one in _recent) > MAX_CONTENT):
        del _recent[0]
    return made.parsed


def forget_parsed() -> None:
    """Free the last long texts and their values."""
    _recent.clear()


class _Recent(NamedTuple):
    text: str
    limit: int
    parsed: ParsedJson

    @property
    def size(self) -> int:
        """Bytes of memory, by estimate."""
        return self.parsed.weight + self.parsed.wide + len(self.text)


_MOST_RECENT = 32
_BYTES_PER_STEP = 2048
"""A value of 16 MB takes 40 ms to parse."""
_LONG = 10_000
_SHORT = 2_000
_MOST_ODDITIES = 200
_recent: list[_Recent] = []


def _parse(text: str, limit: int) -> ParsedJson:
    weight, peak = _weigh(text, limit)
    wide = _wide(text)
    too_large = peak > limit or wide > MAX_WIDE
    # Of a text that is too large, only the beginning is looked at: its depth is a fault, and its size alone is none.
    if _too_deep(text[:_LONG] if too_large else text):
        detail = f"nested deeper than {MAX_DEPTH} levels"
        return ParsedJson(None, False, detail, ((Kind.JSON_DEEP, detail),))
    if too_large:
        detail = f"more {'values' if peak > limit else 'text with wide characters'} than is read of one reply"
        return ParsedJson(None, False, detail, ((Kind.JSON_LARGE, detail),), too_large=True)
    value = _parse_quickly(text)
    if value is not _NOT_PARSED:
        return ParsedJson(value, True, "", (), weight, wide=wide)
    oddities = _decoder.oddities = []
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError as error:
        return ParsedJson(None, False, f"{error.msg} at character {error.pos}", (), weight)
    # Half a surrogate pair can only come from an escape, because the text itself was decoded from UTF-8.
    if "\\ud" in text.lower() and (half := _LONE_SURROGATE.search(json.dumps(value, ensure_ascii=False))):
        oddities.append((Kind.JSON_LONE_SURROGATE, f"\\u{ord(half[0]):04x} without its other half"))
    return ParsedJson(value, True, "", tuple(oddities), weight, wide=wide)


def _parse_quickly(text: str) -> Any:
    """The value of a text without an oddity, in a quarter of the time; `_NOT_PARSED` if it may have one, or is no JSON.

    The fast parser keeps the last value of a doubled key and does not say so. But what it drops is not there when the
    value is written again: the text has more colons then. A text in which a colon may be escaped is not parsed here,
    nor one with a number of too many digits; NaN, half a surrogate pair and a number beyond a double it refuses.
    """
    if len(text) > _QUICK or "\\u003" in text or (len(text) > _MAX_DIGITS and _HUGE_NUMBER.search(text)):
        return _NOT_PARSED
    try:
        value = _decode_quickly(text)
        whole = _encode_quickly(value).count(b":") == text.count(":")
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return _NOT_PARSED
    return value if whole else _NOT_PARSED


def json_size(value: Any) -> int:
    """Bytes of a value as JSON text in UTF-8, as a prompt has it."""
    return len(json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass"))


def write_json(value: Any) -> str:
    """JSON text of a request body. It encodes to UTF-8: a lone surrogate, which a case may send, is escaped."""
    return escape_lone_surrogates(compact_json(value))


def escape_lone_surrogates(text: str) -> str:
    """JSON text with an escape for each half of a surrogate pair, so that it encodes to UTF-8."""
    return text if text.isascii() else _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def preview_json(value: Any) -> str:
    """JSON text on one line, for a preview; ``(too deep to print)`` for a value that is nested too deep."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return "(too deep to print)"


class _Decoder(threading.local):
    """A decoder, which takes as long to make as a short text to decode, and the oddities of the text."""

    def __init__(self) -> None:
        self.oddities: list[tuple[Kind, str]] = []
        self._names: dict[str, str] = {}
        self._decode = self._decoder(self._pairs)
        self._decode_short = self._decoder(self._short_pairs)

    def _decoder(self, pairs: Callable[[list[tuple[str, Any]]], JsonObject]) -> Callable[[str], Any]:
        return json.JSONDecoder(
            object_pairs_hook=pairs, parse_constant=self._constant, parse_int=self._whole, parse_float=self._real
        ).decode

    def decode(self, text: str) -> Any:
        """The value. Short texts, as the events of a stream, share their names, which are a fifth of its memory."""
        if len(text) > _SHORT:
            return self._decode(text)
        if len(self._names) > _SHORT:
            self._names.clear()
        return self._decode_short(text)

    def _note(self, kind: Kind, detail: str) -> None:
        if len(self.oddities) < _MOST_ODDITIES:
            self.oddities.append((kind, detail))

    def _short_pairs(self, items: list[tuple[str, Any]]) -> JsonObject:
        share = self._names.setdefault
        made = {share(name, name): value for name, value in items}
        return made if len(made) == len(items) else self._pairs(items)

    def _pairs(self, items: list[tuple[str, Any]]) -> JsonObject:
        made = dict(items)
        if len(made) < len(items):
            keys = [key for key, _ in items]
            twice = next(key for key in keys if keys.count(key) > 1) if len(keys) < 1000 else "one of many"
            self._note(Kind.JSON_DUPLICATE_KEY, f"key {twice[:80]!r} occurs twice")
        return made

    def _constant(self, word: str) -> float:
        self._note(Kind.JSON_NAN, f"{word} is not JSON")
        return float(word)

    def _whole(self, digits: str) -> int | float:
        size = len(digits.lstrip("-"))
        if size <= _MAX_DIGITS:
            return int(digits)
        self._note(Kind.JSON_HUGE_NUMBER, f"an integer of {size} digits")
        return _INFINITE

    def _real(self, digits: str) -> float:
        number = float(digits)
        if abs(number) == _INFINITE:
            self._note(Kind.JSON_HUGE_NUMBER, f"{digits[:40]} is beyond a double")
        return number


_decoder = _Decoder()


def _weigh(text: str, limit: int) -> tuple[int, int]:
    """Bytes that the parsed text takes, and most bytes while it is parsed, by estimate. Both are exact in their number
    of values only where they may be too many."""
    names = text.count(":")
    weight = _CONTAINER * (text.count("[") + text.count("{")) + _ITEM * text.count(",") + _MEMBER * names
    if weight + _PAIR * names <= limit:
        return weight, weight + _PAIR * names
    weight = names = 0
    for token in _VALUES.finditer(text):
        first = token[0][0]
        weight += _WEIGHTS[first]
        names += first == ":"
        if weight + _PAIR * names > limit:
            break
    return weight, weight + _PAIR * names


def _wide(text: str) -> int:
    """Bytes of memory of a long text if Python keeps two or four bytes for each character of it or of its values."""
    if len(text) <= _SHORT:
        return 0
    width = 1 if text.isascii() else round(getsizeof(text) / len(text))
    if width < 4 and _ESCAPED_PAIR.search(text):
        width = 4
    elif width < 2 and _ESCAPED_WIDE.search(text):
        width = 2
    return width * len(text) if width > 1 else 0


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
