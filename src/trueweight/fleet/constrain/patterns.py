"""Draw a string that matches a regular expression.

This module has a small parser. The packages that draw such strings are no alternative: ``exrex``, ``rstr``,
``sre_yield`` and Hypothesis' ``from_regex`` read the private parse tree of :mod:`re`, and an automaton (``greenery``,
``interegular``) has a state for each repetition of ``{1,200}``. The fleet also needs the network, not a random
generator, to make each choice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, NoReturn, TypeAlias

from trueweight.fleet.constrain.sampler import Sampler

_PRINTABLE = [chr(code) for code in range(0x20, 0x7F)]
_CLASSES = {
    "d": "0123456789",
    "w": "abcdefghijklmnopqrstuvwxyz0123456789_",
    "s": " ",
    "D": "abcdefghij-",
    "W": "-.,:",
    "S": "abcdefghij0123456789",
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_CODE_DIGITS = {"x": 2, "u": 4, "U": 8}
_COUNTED = re.compile(r"\{(\d*)(?:(,)(\d*))?\}")
_GROUP = re.compile(r"\(\?(?:(?P<look>=|!|<=|<!)|P<(?P<name>\w+)>|P=(?P<back>\w+)\)|(?P<plain>:|>|[a-zA-Z-]+:))")
_FLAGS = re.compile(r"\(\?[aiLmsux]+\)|\(\?#[^)]*\)")
_MOST_EXTRA = 4
"""Repetitions beyond the required ones."""


class _Characters(NamedTuple):
    options: tuple[str, ...]


class _Repeat(NamedTuple):
    body: _Node
    least: int
    most: int | None


class _Group(NamedTuple):
    number: int
    body: _Node


class _Back(NamedTuple):
    number: int


@dataclass(frozen=True, slots=True)
class _Sequence:
    parts: tuple[_Node, ...]


class _Branches(NamedTuple):
    branches: tuple[_Node, ...]


_Node: TypeAlias = _Characters | _Repeat | _Group | _Back | _Sequence | _Branches

_EMPTY = _Sequence(())


def string_matching(pattern: str, sampler: Sampler) -> str:
    """A string in which the pattern is found. Lookarounds and anchors add nothing: callers validate the result.

    Raises:
        ValueError: if the pattern is not a regular expression, or has a construct that is not supported.
    """
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(str(error)) from error
    return _Writer(sampler).write(_Parser(pattern).parse())


class _Writer:
    """Writes a parsed pattern; the network makes each choice."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._groups: dict[int, str] = {}

    def write(self, node: _Node) -> str:
        match node:
            case _Characters(options):
                return options[self._sampler.below(len(options))]
            case _Branches(branches):
                return self.write(branches[self._sampler.below(len(branches))])
            case _Sequence(parts):
                return "".join(map(self.write, parts))
            case _Group(number, body):
                self._groups[number] = self.write(body)
                return self._groups[number]
            case _Back(number):
                return self._groups.get(number, "")
            case _Repeat(body, least, most):
                extra = _MOST_EXTRA if most is None else min(most - least, _MOST_EXTRA)
                return "".join(self.write(body) for _ in range(least + self._sampler.below(extra + 1)))


class _Parser:
    """Recursive descent over a pattern that ``re`` accepts."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._groups = 0
        self._names: dict[str, int] = {}

    def parse(self) -> _Node:
        node = self._alternatives()
        return node if self._at == len(self._pattern) else self._unsupported()

    def _alternatives(self) -> _Node:
        branches = [self._sequence()]
        while self._take("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else _Branches(tuple(branches))

    def _sequence(self) -> _Node:
        parts: list[_Node] = []
        while self._at < len(self._pattern) and self._peek() not in "|)":
            parts.append(self._repeated(self._atom()))
        return parts[0] if len(parts) == 1 else _Sequence(tuple(parts))

    def _repeated(self, body: _Node) -> _Node:
        least, most = 1, None
        if self._take("*"):
            least = 0
        elif self._take("?"):
            least, most = 0, 1
        elif not self._take("+"):
            counted = _COUNTED.match(self._pattern, self._at)
            # "{}" and "{x" are literal text.
            if counted is None or not (counted[1] or counted[2]):
                return body
            self._at = counted.end()
            least = int(counted[1] or 0)
            most = least if not counted[2] else int(counted[3]) if counted[3] else None
        if self._peek() in ("?", "+"):  # lazy or possessive: the same strings match, or fewer
            self._at += 1
        return _Repeat(body, least, most)

    def _atom(self) -> _Node:
        character = self._next()
        if character in "^$":
            return _EMPTY
        if character == ".":
            return _Characters(tuple("abcdefghij"))
        if character == "[":
            return self._class()
        if character == "(":
            self._at -= 1
            return self._group()
        if character == "\\":
            return self._escape()
        return _Characters((character,))

    def _group(self) -> _Node:
        start = self._at
        if flags := _FLAGS.match(self._pattern, start):
            self._at = flags.end()
            return _EMPTY
        special = _GROUP.match(self._pattern, start)
        if special is None and self._pattern.startswith("(?", start):
            self._unsupported()
        self._at = special.end() if special is not None else start + 1
        if special is not None and special["back"]:
            return _Back(self._names[special["back"]])
        wrap: Callable[[_Node], _Node] = lambda body: body  # noqa: E731 - which kind of group follows
        if special is None or special["name"]:
            self._groups += 1
            number = self._groups
            if special is not None:
                self._names[special["name"]] = number
            wrap = lambda body: _Group(number, body)  # noqa: E731
        elif special["look"]:
            wrap = lambda _: _EMPTY  # noqa: E731
        body = self._alternatives()
        if not self._take(")"):
            self._unsupported()
        return wrap(body)

    def _escape(self) -> _Node:
        character = self._peek()
        if character in "AZbB":
            self._at += 1
            return _EMPTY
        if character in _CLASSES:
            self._at += 1
            return _Characters(tuple(_CLASSES[character]))
        if character in "123456789":
            digits = re.compile(r"\d{1,2}").match(self._pattern, self._at)
            self._at += len(digits[0]) if digits else 1
            return _Back(int(digits[0]) if digits else 0)
        return _Characters((self._escaped(),))

    def _escaped(self) -> str:
        """One escaped character, after its backslash."""
        character = self._next()
        if character in _CODE_DIGITS:
            digits = self._pattern[self._at : self._at + _CODE_DIGITS[character]]
            self._at += len(digits)
            return chr(int(digits, 16))
        if character == "0":
            return "\0"
        if character == "N":
            self._unsupported()
        return _ESCAPES.get(character, character)

    def _class(self) -> _Node:
        negated = self._take("^")
        options: list[str] = []
        first = True
        while first or self._peek() != "]":
            first = False
            options += self._members()
        self._at += 1
        if not negated:
            return _Characters(tuple(options))
        # Letters first: a negated class usually means "anything ordinary but this".
        rest = [character for character in _PRINTABLE if character not in options]
        return _Characters(tuple([one for one in rest if one.isalnum()] or rest or ["é"]))

    def _members(self) -> list[str]:
        """One member of a class: a character, a range, or a class such as ``\\d``."""
        low = self._next()
        if low == "\\":
            if self._peek() in _CLASSES:
                return list(_CLASSES[self._next()])
            low = "\b" if self._take("b") else self._escaped()
        if self._peek() != "-" or self._pattern[self._at + 1 : self._at + 2] in ("]", ""):
            return [low]
        self._at += 1
        high = self._next()
        if high == "\\":
            high = "\b" if self._take("b") else self._escaped()
        return [chr(code) for code in range(ord(low), min(ord(high), ord(low) + 255) + 1)]

    def _peek(self) -> str:
        """The next character; at the end a character that no pattern has a meaning for."""
        return self._pattern[self._at] if self._at < len(self._pattern) else "\0"

    def _next(self) -> str:
        if self._at >= len(self._pattern):
            self._unsupported()
        self._at += 1
        return self._pattern[self._at - 1]

    def _take(self, character: str) -> bool:
        taken = self._pattern[self._at : self._at + 1] == character
        self._at += taken
        return taken

    def _unsupported(self) -> NoReturn:
        raise ValueError(f"{self._pattern[:80]!r} has a construct that is not supported at position {self._at}")
