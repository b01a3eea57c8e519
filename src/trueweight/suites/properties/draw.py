"""Draw one value from a strategy, reproducibly: by a seed, or by the choices of an earlier draw with a change."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from hypothesis.strategies import SearchStrategy

from trueweight.suites.properties.backend import draw_value
from trueweight.suites.properties.choices import ChoiceTree, ReplayedChoices, SeededChoices


class Drawn(NamedTuple):
    """A value and the choices that made it."""

    value: Any
    choices: ChoiceTree


def seed_of(*parts: str | int) -> int:
    """A 128-bit seed that depends on exactly these words and numbers."""
    return int.from_bytes(hashlib.sha256("\0".join(map(str, parts)).encode()).digest()[:16], "big")


def draw_from_seed(strategy: SearchStrategy[Any], seed: int) -> Drawn:
    """Draw by a seed.

    Raises:
        UndrawableError: if a filter or an ``assume`` refuses the drawn value.
    """
    source = SeededChoices(seed)
    return Drawn(draw_value(strategy, source), source.root)


def draw_from_choices(strategy: SearchStrategy[Any], choices: ChoiceTree) -> Drawn:
    """Draw by earlier choices; the simplest choice replaces each one that does not fit.

    Raises:
        UndrawableError: if a filter or an ``assume`` refuses the drawn value.
    """
    source = ReplayedChoices(choices)
    return Drawn(draw_value(strategy, source), source.root)
