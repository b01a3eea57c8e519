"""The result of reading a suite file: its cases and every problem."""

from __future__ import annotations

from typing import Any, NamedTuple

from trueweight.core import Case, ConfigError
from trueweight.core.evidence import quote

MAX_SHOWN = 60


class Reading(NamedTuple):
    """The content of one suite file.

    Attributes:
        cases: those without a problem. Use them only if ``problems`` is empty.
        problems: in order of the file; each has its place, the value and what would be valid.
    """

    name: str
    title: str
    cases: tuple[Case, ...]
    problems: tuple[ConfigError, ...]


def shown(value: Any) -> str:
    """A value as short JSON text, for an error."""
    return quote(value, MAX_SHOWN)
