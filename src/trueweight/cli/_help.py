"""How the help is laid out: commands in groups by task, and examples below the options of each command."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

TASKS: Final[Mapping[str, tuple[str, ...]]] = {
    "Start": ("init", "demo", "ping"),
    "Run": ("run", "rollout", "drift", "load"),
    "Look": ("show", "report", "explain", "compare", "decide", "shrink", "replay"),
    "Gate and publish": ("bar", "gate", "watch", "site", "attest", "verify"),
    "Suites and workloads": ("suites", "workload", "profiles"),
    "Advanced": ("judge", "merge", "import-run", "checks", "fleet", "lab", "completion"),
}
"""Title of a group → its commands, in the order in which a user needs them. A test holds that all are here."""
_WIDTH: Final = 74
"""Of a line of an example: with the indentation and a backslash it fits 80 columns."""
OTHERS: Final = "Of other packages"
"""Commands that no group names."""
ENVIRONMENT: Final = """\b
Environment variables, for the option of the same name:
  TRUEWEIGHT_PROVIDERS, TRUEWEIGHT_SUITE, TRUEWEIGHT_BAR, TRUEWEIGHT_BUDGET,
  TRUEWEIGHT_PROFILE, TRUEWEIGHT_ASKED_BY, TRUEWEIGHT_QUIET (1 or 0)
"""


def grouped(names: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Each group's title and those of its commands that there are; the rest at the end, sorted."""
    left = set(names)
    for title, members in TASKS.items():
        if found := [name for name in members if name in left]:
            left -= {*found}
            yield title, found
    if left:
        yield OTHERS, sorted(left)


def examples(*lines: str) -> str:
    """The epilog of a command: command lines that can be copied; one that is too wide goes on after a backslash."""
    shown = ("\n".join(_folded(line)) for line in lines)
    return "\n".join(("\b", "Example:" if len(lines) == 1 else "Examples:", *shown))


def _folded(line: str) -> Iterator[str]:
    head, *options = re.split(r" (?=--?[a-z])", line)
    row = f"  {head}"
    for option in options:
        if len(row) + len(option) > _WIDTH:
            yield f"{row} \\"
            row = f"    {option}"
        else:
            row += f" {option}"
    yield row
