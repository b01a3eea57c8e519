"""Hostile text becomes text."""

from __future__ import annotations

import json
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueweight.report.text import for_log, has_unseen, json_escaped, visible

HARMLESS = {"Mn", "Me", "Cn", "Co"}


@given(st.text(st.characters(exclude_categories=[])))
def test_nothing_unseen_is_left(text: str) -> None:
    """No control, format character, surrogate or line separator survives, whatever the text."""
    left = {unicodedata.category(c) for c in visible(text)}
    assert not left & {"Cc", "Cs", "Zl", "Zp"}
    assert not has_unseen(visible(text))
    visible(text).encode("utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("\x1b]8;;http://x\x07", "␛]8;;http://x␇"),
        ("a\rb\nc\td", "a␍b␊c␉d"),
        ("\u202egnp.exe", "⟨U+202E⟩gnp.exe"),
        ("a\u200bb", "a⟨U+200B⟩b"),
        ("\x7f\x9b", "␡⟨U+009B⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("Zürich 北京 🎉", "Zürich 北京 🎉"),
    ],
)
def test_each_hostile_character_shows_itself(text: str, shown: str) -> None:
    """Escapes, carriage returns, bidi and zero-width marks, surrogates and tags are shown; letters stay as they are."""
    assert visible(text) == shown


def test_lines_are_kept_where_the_place_can_show_them() -> None:
    """``lines=True`` keeps newline and tab, and still shows a carriage return."""
    assert visible("a\n\tb\r", lines=True) == "a\n\tb␍"


def test_long_text_is_cut_with_a_count_and_fast() -> None:
    """A megabyte is cut before it is looked at, and the note says how much is missing."""
    start = time.monotonic()
    shown = visible("\x1b" * 1_000_000, limit=100)
    assert time.monotonic() - start < 1
    assert shown == "␛" * 100 + "… cut: 999900 more characters"


@pytest.mark.parametrize("command", ["::set-output name=a::b", "::stop-commands::x", "##[error]x", "::add-mask::y"])
def test_workflow_commands_are_broken_up(command: str) -> None:
    """A CI runner that reads our log finds no command that a model wrote."""
    shown = for_log(command)
    assert not shown.startswith("::")
    assert "##[" not in shown


@settings(max_examples=40)  # each is many strings
@given(st.recursive(st.none() | st.text(st.characters(exclude_categories=[])), lambda v: st.dictionaries(st.text(), v)))
def test_escaped_json_means_the_same(value: object) -> None:
    """Escaping inside JSON changes how it looks and never what it says."""
    text = json_escaped(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert not has_unseen(text)


ADDRESSES = (
    "http://[fd00::a:cd:1]:9/v1", "http://[::1]:9/v1", "http://[fe80::dead:beef%25eth0]/v1", "('fd00::a:1', 9, 0, 0)",
    "2001:db8::a at 4:00", "::ffff:1.2.3.4", "https://h.example/v1::a:b", "[::a:b]",
)  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_stays_whole(address: str) -> None:
    """It can be copied from the terminal, with the two colons of an IPv6 address."""
    assert for_log(address) == address
