"""Where a strategy's choices come from: a seed, or a tree of earlier choices that is replayed with a change.

Hypothesis asks a *provider* for every choice (its interface for alternative backends). Ours draws from one stream of
random bits and nothing else: not from Hypothesis' own distribution, which changes with its version and with the
constants of whatever modules are loaded, nor from its database. So the same seed draws the same values on any machine.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hypothesis.internal.conjecture.providers import PrimitiveProvider
from hypothesis.internal.intervalsets import IntervalSet

Choice: TypeAlias = bool | int | float | str | bytes


@dataclass(slots=True)
class Span:
    """What one strategy drew: its own choices, and the spans of the strategies that it drew from.

    Attributes:
        label: the same for all spans of one strategy, in this process.
        simplest: draw everything in here as simple as it can be, whatever ``choices`` say.
    """

    label: int
    choices: list[Choice] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    simplest: bool = False

    def __iter__(self) -> Iterator[Span]:
        """Itself and every span inside it, outer ones first."""
        yield self
        for span in self.spans:
            yield from span


class _Recording(PrimitiveProvider):
    """Keeps the tree of what is drawn."""

    def __init__(self) -> None:
        super().__init__(None)
        self._open: list[Span] = []
        self.root = Span(0)

    def span_start(self, label: int, /) -> None:
        """A strategy begins to draw."""
        span = Span(label)
        if self._open:
            self._open[-1].spans.append(span)
        else:
            self.root = span
        self._open.append(span)

    def span_end(self, discard: bool, /) -> None:
        """It is done. A draw that is given up closes its spans twice: when it ends, and as the error passes."""
        if self._open:
            self._open.pop()

    def _keep(self, choice: Any) -> Any:
        self._open[-1].choices.append(choice)
        return choice


class Fresh(_Recording):
    """Choices from a stream of random bits. The method of each is ours, so that no library's change moves it."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)

    def draw_boolean(self, p: float = 0.5) -> bool:
        """True with probability ``p``."""
        return bool(self._keep(self._random.random() < p))

    def draw_integer(
        self,
        min_value: int | None = None,
        max_value: int | None = None,
        *,
        weights: dict[int, float] | None = None,
        shrink_towards: int = 0,
    ) -> int:
        """Uniform between two bounds; else mostly small, sometimes of up to 64 bits, away from the bound there is."""
        if weights:
            return int(self._keep(self._weighted(weights)))
        if min_value is not None and max_value is not None:
            return int(self._keep(min_value + self._below(max_value - min_value + 1)))
        size = self._random.getrandbits((4, 4, 8, 8, 16, 32, 64)[self._below(7)])
        if min_value is not None:
            return int(self._keep(min_value + size))
        if max_value is not None:
            return int(self._keep(max_value - size))
        return int(self._keep(-size if self._below(2) else size))

    def draw_float(
        self,
        *,
        min_value: float = -math.inf,
        max_value: float = math.inf,
        allow_nan: bool = True,
        smallest_nonzero_magnitude: float = 0.0,
    ) -> float:
        """A number of few decimals where the bounds have room for one, else any between them."""
        low, high = max(min_value, -1e6), min(max_value, 1e6)
        if low > high:
            return float(self._keep(min_value if math.isfinite(min_value) else max_value))
        value = low + (high - low) * self._random.random()
        rounded = round(value, self._below(4))
        fits = low <= rounded <= high and (rounded == 0 or abs(rounded) >= smallest_nonzero_magnitude)
        return float(self._keep(rounded if fits else value))

    def draw_string(self, intervals: IntervalSet, *, min_size: int = 0, max_size: int = 10**10) -> str:
        """About nine characters more than the least, each as likely as another."""
        size = self._size(min_size, max_size) if len(intervals) else 0
        return str(self._keep("".join(chr(intervals[self._below(len(intervals))]) for _ in range(size))))

    def draw_bytes(self, min_size: int = 0, max_size: int = 10**10) -> bytes:
        """About nine bytes more than the least."""
        return bytes(self._keep(bytes(self._random.getrandbits(8) for _ in range(self._size(min_size, max_size)))))

    def _below(self, limit: int) -> int:
        """Uniform in ``[0, limit)``."""
        bits = limit.bit_length()
        while (value := self._random.getrandbits(bits)) >= limit:
            pass
        return value

    def _weighted(self, weights: dict[int, float]) -> int:
        at = self._random.random() * sum(weights.values())
        for value, weight in sorted(weights.items()):
            at -= weight
            if at < 0:
                return value
        return max(weights)

    def _size(self, least: int, most: int) -> int:
        size = least
        while size < most and self._below(10):
            size += 1
        return size


class Replay(_Recording):
    """Choices of an earlier tree as far as they fit; where they do not, or are gone, the simplest ones."""

    def __init__(self, tree: Span) -> None:
        super().__init__()
        self._source = tree
        self._reading: list[_Reader] = []

    def span_start(self, label: int, /) -> None:
        """Follow into the next span of the same label, if there is one."""
        super().span_start(label)
        if not self._reading:
            self._reading.append(_Reader(self._source))
        else:
            self._reading.append(_Reader(self._reading[-1].next_span(label)))

    def span_end(self, discard: bool, /) -> None:
        """Back to the span around it."""
        super().span_end(discard)
        if self._reading:
            self._reading.pop()

    def draw_boolean(self, p: float = 0.5) -> bool:
        """False is the simplest."""
        choice = self._reading[-1].next_choice(bool)
        possible = isinstance(choice, bool) and (0 < p < 1 or choice == (p >= 1))
        return bool(self._keep(choice if possible else p >= 1))

    def draw_integer(
        self,
        min_value: int | None = None,
        max_value: int | None = None,
        *,
        weights: dict[int, float] | None = None,
        shrink_towards: int = 0,
    ) -> int:
        """The one nearest to ``shrink_towards`` is the simplest."""
        low = -math.inf if min_value is None else min_value
        high = math.inf if max_value is None else max_value
        choice = self._reading[-1].next_choice(int)
        if isinstance(choice, int) and not isinstance(choice, bool) and low <= choice <= high:
            return int(self._keep(choice))
        return int(self._keep(int(min(max(shrink_towards, low), high))))

    def draw_float(
        self,
        *,
        min_value: float = -math.inf,
        max_value: float = math.inf,
        allow_nan: bool = True,
        smallest_nonzero_magnitude: float = 0.0,
    ) -> float:
        """The one nearest to 0 is the simplest."""
        choice = self._reading[-1].next_choice(float)
        if isinstance(choice, float) and min_value <= choice <= max_value:
            return float(self._keep(choice))
        return float(self._keep(min(max(0.0, min_value), max_value)))

    def draw_string(self, intervals: IntervalSet, *, min_size: int = 0, max_size: int = 10**10) -> str:
        """The shortest of the first character is the simplest."""
        choice = self._reading[-1].next_choice(str)
        if isinstance(choice, str) and min_size <= len(choice) <= max_size and all(c in intervals for c in choice):
            return str(self._keep(choice))
        return str(self._keep(intervals.char_in_shrink_order(0) * min_size if min_size else ""))

    def draw_bytes(self, min_size: int = 0, max_size: int = 10**10) -> bytes:
        """The shortest of zeros is the simplest."""
        choice = self._reading[-1].next_choice(bytes)
        fits = isinstance(choice, bytes) and min_size <= len(choice) <= max_size
        return bytes(self._keep(choice if fits else bytes(min_size)))


class _Reader:
    """A place in a span that is being replayed; of no span, nothing is left to read."""

    def __init__(self, span: Span | None) -> None:
        self._span = span if span is not None and not span.simplest else None
        self._choice = 0
        self._child = 0

    def next_choice(self, kind: type) -> Choice | None:
        """The next choice, if it is of that kind."""
        if self._span is None or self._choice >= len(self._span.choices):
            return None
        choice = self._span.choices[self._choice]
        self._choice += 1
        return choice if type(choice) is kind else None

    def next_span(self, label: int) -> Span | None:
        """The next span of that label; those before it are passed over."""
        if self._span is None:
            return None
        for at in range(self._child, len(self._span.spans)):
            if self._span.spans[at].label == label:
                self._child = at + 1
                return self._span.spans[at]
        return None
