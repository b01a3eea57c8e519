"""Where providers differ: cases by providers, most disagreement first, in a form small enough for the largest run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from trueweight.core import Mode, Severity
from trueweight.core.summary import CaseSummary, Cell, Summary
from trueweight.report.text import visible

OUTCOMES: Final = {
    "pass": "p",
    "fail": "f",
    "flaky": "y",
    "unsupported": "u",
    "cut-in-thought": "k",
    "transport": "t",
    "client-limited": "c",
    "n/a": "n",
}
"""Outcome → the letter that stands for it in the page's data."""


class MatrixRow(NamedTuple):
    """A case: ``cells`` holds one string per provider, with one letter per mode."""

    key: str
    severity: Severity
    why: str
    source: str
    tags: tuple[str, ...]
    cells: tuple[str, ...]
    fails: Mapping[str, Sequence[Sequence[int]]]
    disagreement: int


class Matrix(NamedTuple):
    """The whole matrix; ``checks`` is what the numbers in ``fails`` stand for."""

    providers: tuple[str, ...]
    modes: tuple[str, ...]
    checks: tuple[str, ...]
    rows: tuple[MatrixRow, ...]


def letters(modes: Mapping[str, Cell], order: Sequence[str]) -> str:
    """One letter per mode, in upper case where the client was busy; a mode in which the case is not sent is ``n``."""
    return "".join(_letter(modes.get(mode)) for mode in order)


def _letter(cell: Cell | None) -> str:
    if cell is None:
        return OUTCOMES["n/a"]
    letter = OUTCOMES[cell.outcome.value]
    return letter.upper() if cell.client_limited else letter


def disagreement(cells: Sequence[str]) -> int:
    """How many judged answers differ from the commonest one, over modes. A lost request is no disagreement."""
    total = 0
    for column in zip(*map(str.lower, cells), strict=True):
        judged = Counter(letter for letter in column if letter in "pfyu")
        total += judged.total() - max(judged.values(), default=0)
    return total


def build(summary: Summary, providers: Sequence[str]) -> Matrix:
    """The matrix of a summary, with the providers in the order given."""
    modes = summary.run.modes or tuple(Mode)
    checks: dict[str, int] = {}
    rows = sorted((_row(case, providers, modes, checks) for case in summary.cases), key=_rank)
    names = tuple(visible(provider, limit=80) for provider in providers)
    shown = tuple(visible(check, limit=80) for check in checks)
    return Matrix(names, tuple(map(str, modes)), shown, tuple(rows))


def _row(case: CaseSummary, providers: Sequence[str], modes: Sequence[str], checks: dict[str, int]) -> MatrixRow:
    cells = tuple(letters(case.modes(provider), modes) for provider in providers)
    fails = {}
    for at, provider in enumerate(providers):
        own = case.modes(provider)
        by_mode = [own[mode].fails if mode in own else () for mode in modes]
        if any(by_mode):
            fails[str(at)] = [[checks.setdefault(check, len(checks)) for check in ids] for ids in by_mode]
    return MatrixRow(
        visible(case.name, limit=200),
        case.severity,
        visible(case.why, limit=240),
        case.source,
        tuple(visible(tag, limit=60) for tag in case.tags),
        cells,
        fails,
        disagreement(cells),
    )


def _rank(row: MatrixRow) -> tuple[int, int, int, str]:
    failing = sum(cell.lower().count("f") + cell.lower().count("y") for cell in row.cells)
    return -row.disagreement, -failing, row.severity.rank, row.key


def as_data(matrix: Matrix, requirements: Mapping[str, tuple[str, str]], reference: str | None) -> dict[str, Any]:
    """The matrix for the page's script: short keys, because they repeat thousands of times."""
    return {
        "providers": matrix.providers,
        "modes": matrix.modes,
        "reference": None if reference is None else visible(reference, limit=80),
        # Those of the matrix first, because its cells name them by number; INFO checks fail in no cell.
        "checks": [
            [check, *requirements.get(check, ("", ""))] for check in dict.fromkeys([*matrix.checks, *requirements])
        ],
        "cases": [
            {
                "k": r.key,
                "s": r.severity.value,
                "w": r.why,
                "u": r.source,
                "t": r.tags,
                "c": r.cells,
                "f": r.fails,
                "d": r.disagreement,
            }
            for r in matrix.rows
        ],
    }
