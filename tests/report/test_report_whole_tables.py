"""A table in a terminal: each word is whole at every width, as a table or as a list."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trueweight.report.terminal import print_whole

NAMES = ("reference", "other-stack-of-a-long-name.us-east-1.cloud.example", "with a space")
NUMBERS = ("381,555", "≤ 190,968", "100.0%\n82.5–90.4")


def printed(width: int, *names: str) -> tuple[bool, str]:
    """Whether it is a table, and its text."""
    table = Table(box=None, pad_edge=False)
    table.add_column("provider", no_wrap=True)
    for head in ("requests", "tokens out", "schema"):
        table.add_column(head, justify="right", no_wrap=True)
    for name in names:
        table.add_row(Text(name, style="bold"), *NUMBERS)
    screen = io.StringIO()
    as_table = print_whole(table, Console(file=screen, width=width))
    return as_table, screen.getvalue()


@pytest.mark.parametrize("width", [24, 40, 60, 80, 200])
def test_names_and_numbers_are_whole(width: int) -> None:
    """Nothing is cut, and no line is wider than the screen."""
    as_table, text = printed(width, NAMES[0], NAMES[2])
    assert "…" not in text
    assert all(word in text for word in (NAMES[0], NAMES[2], "381,555", "≤ 190,968", "82.5–90.4"))
    assert max(map(len, text.splitlines())) <= width
    assert as_table is (width >= 60)


@pytest.mark.parametrize("width", [40, 80])
def test_a_name_that_is_wider_than_the_screen_is_continued_on_the_next_line(width: int) -> None:
    """No character of it is lost."""
    as_table, text = printed(width, *NAMES)
    assert not as_table
    assert NAMES[1] in text.replace("\n", "")
    assert "  requests: 381,555" in text.splitlines()


def test_headings_are_wrapped_before_it_becomes_a_list() -> None:
    """Columns of several words are made narrower first, without breaking a word."""
    table = Table(box=None, pad_edge=False)
    table.add_column("provider", no_wrap=True)
    for number in range(6):
        table.add_column(f"first second {number}", justify="right")
    table.add_row("name", *["12/12"] * 6)
    screen = io.StringIO()
    assert print_whole(table, Console(file=screen, width=60))
    assert screen.getvalue().count("second") == 6 and screen.getvalue().count("12/12") == 6
