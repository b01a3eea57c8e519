"""The page that says where each check of other verifiers is found here names only what there is."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from trueweight.checks import all_checks
from trueweight.suites import find_suite, generated_suites, shipped_suites

PAGE = Path(__file__).parents[2] / "suites" / "COVERAGE.md"
TEXT = PAGE.read_text(encoding="utf-8")
QUOTED = re.compile(r"`([^`]+)`")


@pytest.fixture(scope="module")
def cases() -> dict[str, list[str]]:
    """Ids of the cases of each suite that is a file of cases."""
    written = [name for name in shipped_suites() if (PAGE.parent / f"{name}.yaml").exists()]
    return {name: [case.id for case in find_suite(name).cases] for name in written}


def rows() -> list[str]:
    """Right-hand cells of all tables."""
    return [line.split("|")[2] for line in TEXT.splitlines() if line.startswith("|") and not line.startswith("|---")]


def test_every_case_named_exists(cases: dict[str, list[str]]) -> None:
    """``suite/id``, and the ids after it in the same cell, with ``*`` for several."""
    for row in rows():
        suite = None
        for word in QUOTED.findall(row):
            named, slash, rest = word.partition("/")
            suite = named if slash and named in cases else suite
            wanted = rest if slash and named in cases else word if "*" in word else ""
            if wanted and suite:
                assert any(fnmatch(case, wanted) for case in cases[suite]), (suite, word)


def test_every_kebab_word_is_a_check_a_suite_or_a_case(cases: dict[str, list[str]]) -> None:
    """No check id on the page is misspelt."""
    named = {case for ids in cases.values() for case in ids} | set(shipped_suites()) | set(generated_suites())
    known = {info.id for info in all_checks()} | named
    words = {word for row in rows() for word in QUOTED.findall(row) if re.fullmatch(r"[a-z]+(-[a-z]+)+", word)}
    assert words <= known, words - known


def test_every_peer_has_its_table() -> None:
    """Five verifiers, each with the version that was read."""
    heads = re.findall(r"^## .*\(([^)]*), [`\w, -]*[0-9a-f]{7}\)$", TEXT, re.MULTILINE)
    assert len(heads) == 5, heads
