"""The line of each key of a TOML file, for errors: ``tomllib`` gives values without lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_HEADER = re.compile(r"^\s*\[(\[)?\s*([^\[\]]+?)\s*\]?\]\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")
_MULTILINE = re.compile(r'"""|' + r"'''")

Path = tuple[str | int, ...]


def _parts(dotted: str) -> list[str]:
    return [a or b or c for a, b, c in _PART.findall(dotted)]


def _outside_strings(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines that do not start inside a multi-line string."""
    inside: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if inside is None:
            yield number, line
        for fence in _MULTILINE.findall(line):
            if inside is None:
                inside = fence
            elif inside == fence:
                inside = None


@dataclass(frozen=True, slots=True)
class Lines:
    """Line numbers of tables and keys. The n-th ``[[table]]`` is found under ``(table, n)``, n from 0."""

    at: dict[Path, int] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> Lines:
        """Scan a TOML text. ``tomllib`` must have accepted it, which lets the scanner be simple."""
        at: dict[Path, int] = {}
        counts: dict[str, int] = {}
        table: Path = ()
        for number, line in _outside_strings(text):
            if header := _HEADER.match(line):
                names = _parts(header.group(2))
                if header.group(1) and len(names) == 1:
                    counts[names[0]] = counts.get(names[0], -1) + 1
                root: Path = (names[0], counts[names[0]]) if names[0] in counts else (names[0],)
                table = (*root, *names[1:])
                at.setdefault(table, number)
            elif key := _KEY.match(line):
                here: Path = table
                for part in _parts(key.group(1)):
                    here = (*here, part)
                    at.setdefault(here, number)
        return cls(at)

    def find(self, *path: str | int) -> int:
        """The line of a key; if it has none, that of the nearest table around it; else 1."""
        for end in range(len(path), 0, -1):
            if (line := self.at.get(path[:end])) is not None:
                return line
        return 1
