"""Strings for regular expressions: what is drawn matches, and what cannot be drawn is refused."""

from __future__ import annotations

import random
import re

import pytest

from trueweight.fleet.constrain import Sampler
from trueweight.fleet.constrain.patterns import string_matching
from trueweight.fleet.network import network

PATTERNS = [
    r"^[0-9a-f]{8}-[0-9a-f]{4}$",
    r"^(\([0-9]{3}\))?[0-9]{3}-[0-9]{4}$",
    r"^[\w.+-]+@[\w-]+\.\w{2,}$",
    r"^(foo|bar)-\1$",
    r"^(?P<x>a|b)(?P=x)$",
    r"^(?:ab|cd)+?$",
    r"^[^\d]{3}[^a]$",
    r"^[]a][a\]b][a-c-e]$",
    r"^[\x00-\x1f\u00e9]\x41\u00e9$",
    r"^a{,3}b{2,}c{2}x{}$",
    r"^\S+\s\W\D\.$",
    r"^[.*+?^${}()|\[\]\\]\\$",
    r"(?i)abc|abd|",
    r"^[A-Z]{2}[0-9]{2}(?:[ ]?[0-9]{4}){4}$",
    r"^(?#note)a(?=b)b$",
]


def sampler(seed: int) -> Sampler:
    """The network's choices at a high temperature, so that seeds differ."""
    model = network()
    return Sampler(model, model.start([1, 2, 3]), 2.0, random.Random(seed))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_is_drawn_matches(pattern: str) -> None:
    """Each construct that JSON Schemas use, several times."""
    for seed in range(8):
        text = string_matching(pattern, sampler(seed))
        assert re.search(pattern, text), (pattern, text)


def test_choices_differ_and_repeat_with_the_seed() -> None:
    """The sampler makes every choice, and nothing else is random."""
    drawn = [string_matching("^[a-z]{6}$", sampler(seed)) for seed in range(8)]
    assert len(set(drawn)) > 1
    assert drawn == [string_matching("^[a-z]{6}$", sampler(seed)) for seed in range(8)]


def test_repetitions_are_few() -> None:
    """An open or a wide bound does not make a long string."""
    assert len(string_matching("^a*b{1,200}c+$", sampler(1))) <= 14


def test_a_brace_that_counts_nothing_is_text() -> None:
    """As ``re`` reads it."""
    assert string_matching("a{2}{3", sampler(1)) == "aa{3"


@pytest.mark.parametrize("pattern", ["[a-", "(", r"\p", "(a)(?(1)a|b)", r"\N{DIGIT ONE}"])
def test_what_cannot_be_drawn_is_refused(pattern: str) -> None:
    """As ValueError, and never as another error."""
    with pytest.raises(ValueError, match=r"position|escape|name"):
        string_matching(pattern, sampler(1))
