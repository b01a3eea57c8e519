"""Errors for the user: what is wrong, where, what would be valid, and the exit code."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import IntEnum

_LISTED = 50
"""Most names that a hint lists."""
_ALMOST = 0.9
"""Similarity from which a name is another one with a slip of the keyboard, as temprature is."""
_LONGEST = 100
"""Characters of a word that are compared with names."""


class ExitCode(IntEnum):
    """The exit code of the process; ``--help`` and ``docs/exit-codes.md`` have the same table."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    INFRASTRUCTURE = 3
    INCONCLUSIVE = 4
    INTERRUPTED = 130


class TrueweightError(Exception):
    """Base of every error for the user.

    Args:
        message: what is wrong, in one sentence.
        code: stable, greppable name of this kind of error.
        where: the file and line, or the option, that has to be changed.
        hint: what would be valid, or the near miss.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, *, code: str, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\n  {self.hint}" if self.hint else head


class ConfigError(TrueweightError):
    """A file or an option has a mistake (exit 2)."""


class InfrastructureError(TrueweightError):
    """A provider could not be reached, or this machine or a recorded file failed (exit 3)."""

    exit_code = ExitCode.INFRASTRUCTURE


def value_path(parts: Iterable[str | int]) -> str:
    """A place in a JSON value, for an error: ``.calls[0].name``; "" for the whole value."""
    return "".join(f".{part}" if isinstance(part, str) else f"[{part}]" for part in parts)


def misspelt(word: str, valid: Iterable[str]) -> str:
    """The valid name that a word almost is, with a letter missing, added or in another place; "" if there is none."""
    names = frozenset(valid)
    near = [] if word in names else difflib.get_close_matches(word[:_LONGEST], names, n=1, cutoff=_ALMOST)
    return next(iter(near), "")


def near_miss(word: str, valid: Iterable[str]) -> str:
    """``Did you mean 'x'? Valid: a, b, x.``, for the hint of an error about an unknown name.

    Of more than 50 names only the nearest are listed.
    """
    names = sorted(valid)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    guess = f"Did you mean {near[0]!r}? " if near else ""
    if len(names) > _LISTED:
        close = difflib.get_close_matches(word, names, n=8, cutoff=0.5)
        nearest = f", nearest: {', '.join(sorted(close))}" if close else ""
        return f"{guess}Valid are {len(names)} names{nearest}."
    return f"{guess}Valid: {', '.join(names)}."
