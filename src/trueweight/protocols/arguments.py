"""Reads the arguments text of a tool call: one JSON object, or the first problem with it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from enum import StrEnum
from itertools import accumulate, islice, pairwise
from typing import NamedTuple

from trueweight.core import Reply, ToolCall
from trueweight.core.json_value import JsonObject
from trueweight.core.steps import OutOfSteps
from trueweight.protocols.anomalies import Kind
from trueweight.protocols.fields import json_type
from trueweight.protocols.json_text import parse_json
from trueweight.protocols.reading import forgotten_with_reply

_LONGEST_READ = 1024 * 1024
"""Longest text whose brackets are counted; of a longer one only the last character is looked at."""
_LONGEST_PYTHON = 10_000
"""Longest text that is tried as Python: its parser takes far more memory than that of JSON."""
_LAST_COMMA = re.compile(r",\s*([}\]])")
_FEW = 3
"""Most pieces whose pairs prove nothing."""
FEWEST_TEXTS = 4
"""Pieces of text that must each begin with the one before: fewer may be the model's own words."""
_PIECES, _LONG_REPEAT = 3, 12
"""Deltas before one that has all their text again, and characters of that text, that no model's own words explain."""
_PAIRS = 6
_DISTINCT = 4
_STARTS = 20
"""Places at most at which the whole arguments are looked for, after a beginning of them."""


class CallProblem(StrEnum):
    """The first problem with a tool call."""

    NAME_MISSING = "name-missing"
    NAME_UNDECLARED = "name-undeclared"
    ARGUMENTS_ABSENT = "arguments-absent"
    ARGUMENTS_NULL = "arguments-null"
    ARGUMENTS_NOT_TEXT = "arguments-not-text"
    ARGUMENTS_EMPTY = "arguments-empty"
    ARGUMENTS_DOUBLED = "arguments-doubled"
    ARGUMENTS_TWICE = "arguments-twice"
    ARGUMENTS_CUMULATIVE = "arguments-cumulative"
    ARGUMENTS_NAN = "arguments-nan"
    ARGUMENTS_PYTHON = "arguments-python"
    ARGUMENTS_CUT = "arguments-cut"
    ARGUMENTS_NOT_JSON = "arguments-not-json"
    ARGUMENTS_ENCODED_TWICE = "arguments-encoded-twice"
    ARGUMENTS_NOT_AN_OBJECT = "arguments-not-an-object"
    ARGUMENTS_INVALID = "arguments-invalid"


class Arguments(NamedTuple):
    """The object in an arguments text; or None, the problem, and a message about it."""

    value: JsonObject | None
    problem: CallProblem | None = None
    message: str = ""


def read_arguments(reply: Reply, call: ToolCall) -> Arguments:
    """The object in a call's arguments, or the problem with them.

    Raises:
        OutOfSteps: they have more values than is read of one reply, or several calls together do.
    """
    text = call.arguments
    if text is None:
        return _no_text(reply, call)
    if not text.strip():
        return Arguments(None, CallProblem.ARGUMENTS_EMPTY, f"the arguments are {text[:40]!r} instead of '{{}}'")
    return _read_text(call, text)


def _read_text(call: ToolCall, text: str) -> Arguments:
    # Twenty checks read the same call, and to say what is wrong with a long text takes longer than to parse it.
    key = hash(text), len(text), hash(tuple(call.piece_lengths))
    if (known := _problems.get(key)) is not None:
        return known
    found = _parse_text(call, text)
    if found.value is None:
        _problems[key] = found
    return found


_problems: dict[tuple[int, int, int], Arguments] = forgotten_with_reply({})
"""Hash and length of a text, and hash of the lengths of its pieces → the problem with it. No text is kept."""


def _parse_text(call: ToolCall, text: str) -> Arguments:
    parsed = parse_json(text)
    if parsed.too_large:
        raise OutOfSteps(f"the arguments have {parsed.error}")
    if not parsed.ok:
        return _not_json(call, text, parsed.error)
    if (nan := next((detail for kind, detail in parsed.oddities if kind is Kind.JSON_NAN), None)) is not None:
        return Arguments(None, CallProblem.ARGUMENTS_NAN, f"the arguments have {nan}")
    if isinstance(parsed.value, dict):
        return Arguments(parsed.value)
    if isinstance(parsed.value, str) and isinstance(parse_json(parsed.value).value, dict):
        return Arguments(None, CallProblem.ARGUMENTS_ENCODED_TWICE, "the arguments are JSON inside a JSON string")
    message = f"the arguments are JSON, but {json_type(parsed.value)}, not an object"
    return Arguments(None, CallProblem.ARGUMENTS_NOT_AN_OBJECT, message)


def _no_text(reply: Reply, call: ToolCall) -> Arguments:
    inside = {a.kind for a in reply.anomalies if a.span and call.span and _holds(call, a.span.start, a.span.end)}
    if Kind.ARGUMENTS_NOT_TEXT in inside:
        return Arguments(None, CallProblem.ARGUMENTS_NOT_TEXT, "the arguments are a JSON value instead of JSON text")
    if Kind.ARGUMENTS_NULL in inside:
        return Arguments(None, CallProblem.ARGUMENTS_NULL, "the arguments are null instead of '{}'")
    return Arguments(None, CallProblem.ARGUMENTS_ABSENT, "the arguments never came")


def _holds(call: ToolCall, start: int, end: int) -> bool:
    return call.span is not None and call.span.start <= start and end <= call.span.end


def _not_json(call: ToolCall, text: str, error: str) -> Arguments:
    pieces = _pieces(call, text)
    # Of two pieces, a bracket and then all may be one bracket too many.
    if len(pieces) > 1 and is_cumulative(pieces) and (len(pieces) > 2 or pieces[0].strip() != "{"):
        words = "each fragment repeats all arguments so far"
        return Arguments(None, CallProblem.ARGUMENTS_CUMULATIVE, words)
    if len(pieces) > _FEW and is_in_pairs(pieces):
        return Arguments(None, CallProblem.ARGUMENTS_TWICE, "each fragment of the arguments is sent twice")
    if almost := _almost_json(text):
        return Arguments(None, CallProblem.ARGUMENTS_NOT_JSON, f"the arguments {almost}")
    problem, words = _other_text(text, error)
    return Arguments(None, problem, f"the arguments {words}")


def _other_text(text: str, error: str) -> tuple[CallProblem, str]:
    """What a text is that is not nearly JSON, and words that follow "the arguments"."""
    if _is_python(text):
        return CallProblem.ARGUMENTS_PYTHON, "are an object in Python's notation"
    if again := _sent_again(text):
        return CallProblem.ARGUMENTS_DOUBLED, again
    if begun := _begun_before(text.strip()):
        return CallProblem.ARGUMENTS_NOT_JSON, begun
    if is_cut(text):
        return CallProblem.ARGUMENTS_CUT, f"end in the middle, after {text[-40:]!r}"
    after = _after_object(text)
    words = f"go on after their end, with {after[:40]!r}" if after else f"are not JSON: {error}"
    return CallProblem.ARGUMENTS_NOT_JSON, words


def _pieces(call: ToolCall, text: str) -> list[str]:
    ends = [0, *accumulate(call.piece_lengths)]
    return [text[start:end] for start, end in pairwise(ends)]


def is_cumulative(pieces: Sequence[str]) -> bool:
    """Whether each piece begins with the one before it, and the last is longer than the first."""
    return all(later.startswith(before) for before, later in pairwise(pieces)) and len(pieces[-1]) > len(pieces[0])


def is_in_pairs(pieces: Sequence[str]) -> bool:
    """Whether each piece comes twice in a row."""
    return len(pieces) % 2 == 0 and all(pieces[at] == pieces[at + 1] for at in range(0, len(pieces), 2))


class Repetition(NamedTuple):
    """How the deltas of a text repeat what was sent before, in words.

    Attributes:
        at: position of a delta that does.
        shown: texts of deltas that show it.
    """

    words: str
    at: int
    shown: Sequence[str]


def repetition_of(texts: Sequence[str]) -> Repetition | None:
    """How the deltas of a text repeat what was sent before; None if they do not, or are too few to tell."""
    last, first_texts = len(texts) - 1, texts[:FEWEST_TEXTS]
    if len(texts) >= FEWEST_TEXTS and is_cumulative(texts):
        return Repetition("each delta repeats all text so far", last, first_texts)
    if (at := _all_so_far_at(texts)) is not None:
        return Repetition("a delta has all text so far, which was sent before", at, texts[at - 1 : at + 1])
    if len(texts) >= 2 * _PAIRS and is_in_pairs(texts) and len(set(texts)) >= _DISTINCT:
        return Repetition("each delta is sent twice", last, first_texts)
    return None


def _all_so_far_at(texts: Sequence[str]) -> int | None:
    """The position of the first of several deltas that begins with all that came before it: so much text, in so many
    pieces, that no text which repeats itself does that by chance."""
    so_far = ""
    for at, text in enumerate(texts):
        if at >= _PIECES and len(so_far) >= _LONG_REPEAT and text.startswith(so_far) and so_far.strip(so_far[:1]):
            return at
        if len(so_far) > _LONGEST_READ:
            return None
        so_far += text
    return None


def _almost_json(text: str) -> str:
    """What keeps a text from being a JSON object, in words that follow "the arguments"; "" if it is something else."""
    if len(text) > _LONGEST_READ:
        return ""
    for words, form in (
        ("begin with a byte order mark", text.removeprefix("\ufeff")),
        ("have a line break or another control character that is not escaped", text),
        ("have a comma before a closing bracket", _LAST_COMMA.sub(r"\1", text)),
    ):
        try:
            if isinstance(json.loads(form, strict=False), dict):
                return words
        except (ValueError, RecursionError):
            continue
    return ""


def _is_python(text: str) -> bool:
    """Whether a text is the notation of a Python dict."""
    if len(text) > _LONGEST_PYTHON or not text.strip().startswith("{"):
        return False
    try:
        return isinstance(ast.literal_eval(text.strip()), dict)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return False


def _sent_again(text: str) -> str:
    """How a text is objects in a row, in words that follow "the arguments"; "" if it is something else, or objects of
    which the first is empty: what comes before arguments is seen in calls that have none too."""
    found = values_in_row(text, 4)
    if len(found) == 2 and isinstance(found[1], str) and parse_json(found[1]).value == found[0] is not None:
        return "come once more at their end, as JSON inside a JSON string"
    if len(found) < 2 or not all(isinstance(one, dict) for one in found) or not found[0]:
        return ""
    return "are two JSON documents in a row"


def values_in_row(text: str, most: int) -> list[object]:
    """The JSON values that follow each other in a text, but for those after the first ``most``; empty if any of it is
    something else."""
    decoder, rest = json.JSONDecoder(), text.strip()
    found: list[object] = []
    while rest and len(found) < most:
        try:
            value, end = decoder.raw_decode(rest)
        except (ValueError, RecursionError):
            return []
        found.append(value)
        rest = rest[end:].lstrip()
    return found


def _begun_before(text: str) -> str:
    """What a text has before a whole object, in words that follow "the arguments"; "" if it is something else.

    An empty object, or the beginning of the object itself, such as a bracket that a parser sent ahead of the whole.
    """
    if text.startswith("{}") and _after_object(text).startswith("{"):
        empty = text[2:].lstrip() == "{}"
        return "are an empty object twice" if empty else "begin with an empty object, before their own"
    for found in islice(re.finditer(r"\{", text[: len(text) // 2 + 1]), 1, 1 + _STARTS):
        whole = text[found.start() :]
        if whole.startswith(text[: found.start()]) and isinstance(_object(whole), dict):
            return f"come whole after a beginning of them, {text[: found.start()][:40]!r}"
    return ""


def _object(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _after_object(text: str) -> str:
    """What follows a whole JSON object at the beginning of a text; "" if nothing does, or there is none."""
    start = text.lstrip()
    try:
        value, end = json.JSONDecoder().raw_decode(start)
    except (ValueError, RecursionError):
        return ""
    return start[end:].strip() if isinstance(value, dict) else ""


def is_cut(text: str) -> bool:
    """Whether a text is the beginning of a JSON object or array that is not closed."""
    if not text.lstrip().startswith(("{", "[")) or _after_object(text):
        return False
    if len(text) > _LONGEST_READ:
        return not text.rstrip().endswith(("}", "]"))
    open_brackets: list[str] = []
    in_string = escaped = False
    for char in text:
        if in_string:
            in_string = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            in_string = True
        elif char in "{[":
            open_brackets.append("}" if char == "{" else "]")
        elif char in "}]" and (not open_brackets or open_brackets.pop() != char):
            return False
    return in_string or bool(open_brackets)
