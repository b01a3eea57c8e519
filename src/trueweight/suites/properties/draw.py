"""Draw one value from a strategy, reproducibly: by a seed, or by the choices of an earlier draw with a change."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple, TypeVar

from hypothesis.control import BuildContext
from hypothesis.errors import StopTest, UnsatisfiedAssumption
from hypothesis.internal.conjecture.data import ConjectureData
from hypothesis.strategies import SearchStrategy

from trueweight.suites.properties.choices import Fresh, Replay, Span

LARGEST = 2**20
"""Bytes of choices that one value may take. Hypothesis' own limit is a hundredth: no whole histories."""

Value = TypeVar("Value")


class Drawn(NamedTuple):
    """A value and the choices that made it."""

    value: Any
    choices: Span


class UndrawableError(Exception):
    """These choices make no value: an ``assume`` or a filter said no."""


def seed_of(*parts: str | int) -> int:
    """A seed that depends on exactly these words and numbers, on any machine and in any order of drawing."""
    return int.from_bytes(hashlib.sha256("\0".join(map(str, parts)).encode()).digest()[:16], "big")


def draw_fresh(strategy: SearchStrategy[Any], seed: int) -> Drawn:
    """Draw by a seed.

    Raises:
        UndrawableError: if a filter refuses what comes.
    """
    return _draw(strategy, Fresh(seed))


def draw_again(strategy: SearchStrategy[Any], choices: Span) -> Drawn:
    """Draw by earlier choices; where they do not fit (any more), the simplest are taken.

    Raises:
        UndrawableError: if a filter refuses what comes.
    """
    return _draw(strategy, Replay(choices))


def _draw(strategy: SearchStrategy[Any], provider: Fresh | Replay) -> Drawn:
    data = ConjectureData(random=None, provider=provider)
    data.max_length = LARGEST
    try:
        with BuildContext(data, is_final=False, wrapped_test=draw_fresh):
            value = data.draw(strategy)
    except (StopTest, UnsatisfiedAssumption):
        raise UndrawableError from None
    return Drawn(value, provider.root)
