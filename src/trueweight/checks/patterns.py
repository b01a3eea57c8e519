"""Regular expressions from schemas, with a limit: a pattern that could take too long raises and is not run."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_STEPS = 100_000_000
"""Approximate limit of steps that matching may take."""
_EXPLOSIVE_LENGTH = 16
"""Longest text for a pattern whose time doubles with each character."""


class Unjudged(Exception):  # noqa: N818 - not an error: the schema cannot be evaluated within the limit
    """A schema, or a value under it, cannot be evaluated; the message says why."""


class _Bounded(NamedTuple):
    compiled: re.Pattern[str]
    longest: int


def matches(pattern: str, text: str) -> bool:
    """Whether an ECMA-style pattern occurs in a text.

    Raises:
        Unjudged: if Python's ``re`` cannot compile the pattern, or if matching could take too long in a text of this
            length.
    """
    bounded = _compile(pattern)
    if len(text) > bounded.longest:
        raise Unjudged(f"pattern {pattern[:80]!r} is not run on more than {bounded.longest} characters")
    return bounded.compiled.search(text) is not None


@lru_cache(maxsize=4096)
def _compile(pattern: str) -> _Bounded:
    translated, loops, explosive = _survey(pattern)
    try:
        compiled = re.compile(translated)
    except (re.error, RecursionError, OverflowError) as error:
        raise Unjudged(f"pattern {pattern[:80]!r} is not one that Python can run: {error}") from None
    if explosive:
        return _Bounded(compiled, _EXPLOSIVE_LENGTH)
    # Each loop may try every length, and an unanchored search every start: n to the power of both.
    power = loops + (0 if pattern.startswith("^") and "|" not in pattern else 1)
    return _Bounded(compiled, int(_STEPS ** (1 / max(power, 1))))


def _survey(pattern: str) -> tuple[str, int, bool]:
    """The pattern in Python's syntax, the number of its unbounded loops, and whether a loop repeats a group with a loop
    or a choice, which may take exponential time.

    ``$`` becomes ``\\Z``: in ECMA it matches at the end of the text only, in Python also before a last newline.
    """
    out: list[str] = []
    groups: list[bool] = [False]  # for each open group: whether it holds a loop or a choice
    loops, explosive, closed_loop, in_class, at = 0, False, False, False, 0
    while at < len(pattern):
        piece = _piece(pattern, at, in_class=in_class)
        at += len(piece)
        after_group, closed_loop = closed_loop, False
        if in_class:
            in_class = piece != "]"
        elif piece == "[":
            in_class = True
        elif piece == "(":
            groups.append(False)
        elif piece == ")":
            closed_loop = groups.pop() if len(groups) > 1 else False
            groups[-1] |= closed_loop
        elif piece == "|":
            groups[-1] = True
        elif _repeats(piece):
            loops += 1
            explosive |= after_group
            groups[-1] = True
        out.append(r"\Z" if piece == "$" and not in_class else piece)
    return "".join(out), loops, explosive


_BRACES = re.compile(r"\{(\d*)(,?)(\d*)\}")


def _piece(pattern: str, at: int, *, in_class: bool) -> str:
    if pattern[at] == "\\":
        return pattern[at : at + 2]
    if not in_class and (braces := _BRACES.match(pattern, at)):
        return braces[0]
    return pattern[at]


def _repeats(piece: str) -> bool:
    """Whether a piece repeats the piece before it, without bound or more than ten times."""
    if piece in ("*", "+"):
        return True
    braces = _BRACES.fullmatch(piece)
    return braces is not None and (bool(braces[2] and not braces[3]) or int(braces[3] or braces[1] or 0) > 10)
