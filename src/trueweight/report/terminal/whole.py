"""Tables whose names and numbers are whole in a terminal of any width."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

NAME: Final = 200
"""Characters of a provider's name that are printed."""
_GAP: Final = 2
"""Spaces between two columns."""


def print_whole(table: Table, console: Console, *, at_least: int = 0) -> bool:
    """Print a table so that each of its words is whole: as a table if the terminal is wide enough, else each row as a
    list, its first cell and below it the others with their headings.

    Args:
        table: of texts, without a box. The first column has the names; the second line of a cell is less important.
        at_least: columns below which it is a list in any case.

    Returns:
        Whether it was printed as a table.
    """
    options = console.options.update_width(10_000)
    least, most = [], []
    for column in table.columns:
        found = [Measurement.get(console, options, _text(one)) for one in (column.header, *column.cells)]
        most.append(max(one.maximum for one in found))
        least.append(most[-1] if column.no_wrap else max(one.minimum for one in found))
    left = console.width - sum(least) - _GAP * (len(least) - 1)
    if left < 0 or console.width < at_least:
        _print_rows(table.columns, console)
        return False
    for column, low, high in zip(table.columns, least, most, strict=True):
        column.width = low + min(left, high - low)
        left -= column.width - low
    console.print(table)
    return True


def _text(cell: object) -> Text:
    return cell if isinstance(cell, Text) else Text(str(cell))


def _print_rows(columns: list[Column], console: Console) -> None:
    names, *others = ([_text(cell) for cell in column.cells] for column in columns)
    heads = [_text(column.header).plain.replace("\n", " ") for column in columns[1:]]
    for row, name in enumerate(names):
        console.print(name, overflow="fold")
        for head, cells in zip(heads, others, strict=True):
            value, _, second = cells[row].plain.partition("\n")
            if value:
                line = Text(f"  {head}: {value}" if head else f"  {value}")
                console.print(line.append(f"  {second}" if second else "", style="dim"), overflow="fold")
