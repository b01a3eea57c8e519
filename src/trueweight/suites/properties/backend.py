"""The only module that touches Hypothesis' private interface: it draws a value with the choices of a given source.

Hypothesis takes every choice of a strategy from a *provider*. The interface is documented ("Alternative
backends") and declared unstable; its classes live in ``hypothesis.internal``. It is used here because no public
interface gives both things that generated suites need:

* **The same seed draws the same cases on every supported version.** ``given``, ``find`` and ``fuzz_one_input`` take
  values from Hypothesis' own distribution. It changes between releases, and also with the constants that it finds in
  the modules that happen to be loaded. Digests of the shipped suites, and a failing case of an older run that is drawn
  again, would change with it.
* **Where each strategy's choices begin and end.** ``trueweight shrink`` makes one branch of the choices simpler at a
  time and keeps all others, because each attempt is a paid request. The public interfaces give a flat sequence of
  bytes, in which a shorter branch changes the meaning of all choices after it.

So the versions are pinned to :data:`TESTED`, here and in ``pyproject.toml``; ``test_property_backend.py`` describes how
to allow a newer one.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

from hypothesis.control import BuildContext
from hypothesis.errors import StopTest, UnsatisfiedAssumption
from hypothesis.internal.conjecture.data import ConjectureData
from hypothesis.internal.conjecture.providers import PrimitiveProvider
from hypothesis.strategies import SearchStrategy

TESTED = (">=6.140", "<6.171")
"""The range of Hypothesis versions for which the digests of all shipped suites are known to hold."""

_LARGEST = 2**20
"""Bytes of choices that one value may take. Hypothesis' own limit, 8 KiB, leaves no room for whole histories."""


class UndrawableError(Exception):
    """These choices make no value: an ``assume`` or a filter refused them."""


class Alphabet(Protocol):
    """The characters that a string may have, as Hypothesis passes them: a set with an order."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> int: ...

    def __contains__(self, character: str) -> bool: ...

    def char_in_shrink_order(self, index: int) -> str:
        """The character at that place when the simplest comes first."""


class ChoiceSource(Protocol):
    """What answers a strategy's choices. Strategies call one another, so calls of ``begin`` and ``end`` nest."""

    def begin(self, label: int) -> None:
        """A strategy begins to draw; ``label`` is the same for all draws of one strategy in this process."""

    def end(self) -> None:
        """The strategy that began last is done."""

    def boolean(self, probability: float) -> bool:
        """True with about that probability."""

    def integer(self, low: int | None, high: int | None, towards: int, weights: dict[int, float] | None) -> int:
        """A whole number between two bounds, each of which may be absent; ``towards`` is the simplest."""

    def floating(self, low: float, high: float, smallest: float) -> float:
        """A number between two bounds, 0 or at least ``smallest`` away from it."""

    def string(self, alphabet: Alphabet, shortest: int, longest: int) -> str:
        """Characters of the alphabet."""

    def binary(self, shortest: int, longest: int) -> bytes:
        """Any bytes."""


def draw_value(strategy: SearchStrategy[Any], source: ChoiceSource) -> Any:
    """One value of the strategy, by the choices of the source.

    Raises:
        UndrawableError: if a filter or an ``assume`` refuses what these choices make.
    """
    data = ConjectureData(random=None, provider=_Provider(source))
    data.max_length = _LARGEST
    try:
        with BuildContext(data, is_final=False, wrapped_test=draw_value):
            return data.draw(strategy)
    except (StopTest, UnsatisfiedAssumption):
        raise UndrawableError from None


class _Provider(PrimitiveProvider):
    """Passes each question of Hypothesis on to a source. Hypothesis dictates names and arguments."""

    def __init__(self, source: ChoiceSource) -> None:
        super().__init__(None)
        self._source = source

    def span_start(self, label: int, /) -> None:
        self._source.begin(label)

    def span_end(self, discard: bool, /) -> None:
        self._source.end()

    def draw_boolean(self, p: float = 0.5) -> bool:
        return self._source.boolean(p)

    def draw_integer(
        self,
        min_value: int | None = None,
        max_value: int | None = None,
        *,
        weights: dict[int, float] | None = None,
        shrink_towards: int = 0,
    ) -> int:
        return self._source.integer(min_value, max_value, shrink_towards, weights)

    def draw_float(
        self,
        *,
        min_value: float = -math.inf,
        max_value: float = math.inf,
        allow_nan: bool = True,
        smallest_nonzero_magnitude: float = 0.0,
    ) -> float:
        return self._source.floating(min_value, max_value, smallest_nonzero_magnitude)

    def draw_string(self, intervals: Any, *, min_size: int = 0, max_size: int = 10**10) -> str:
        return self._source.string(intervals, min_size, max_size)

    def draw_bytes(self, min_size: int = 0, max_size: int = 10**10) -> bytes:
        return self._source.binary(min_size, max_size)
