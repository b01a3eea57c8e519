"""Where a strategy's choices come from: a seed, or the recorded choices of an earlier draw with a change.

The seeded choices use one stream of random bits and their own methods, so the same seed draws the same values on any
machine and with every supported version of Hypothesis.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from trueweight.suites.properties.backend import Alphabet

ChoiceValue: TypeAlias = bool | int | float | str | bytes


@dataclass(slots=True)
class ChoiceTree:
    """The choices that one strategy made itself, and a child for each strategy that it drew from.

    Attributes:
        label: the same for all draws of one strategy, in this process.
        simplest: make every choice in here as simple as possible and ignore ``choices``.
    """

    label: int
    choices: list[ChoiceValue] = field(default_factory=list)
    children: list[ChoiceTree] = field(default_factory=list)
    simplest: bool = False

    def __iter__(self) -> Iterator[ChoiceTree]:
        """This tree and every tree inside it, outer ones first."""
        yield self
        for child in self.children:
            yield from child


class _Recording:
    """Records the choices as a tree."""

    def __init__(self) -> None:
        self._open: list[ChoiceTree] = []
        self.root = ChoiceTree(0)

    def begin(self, label: int) -> None:
        """A strategy begins to draw."""
        tree = ChoiceTree(label)
        if self._open:
            self._open[-1].children.append(tree)
        else:
            self.root = tree
        self._open.append(tree)

    def end(self) -> None:
        """The strategy is done. A draw that is given up ends twice: when it ends, and as the error passes."""
        if self._open:
            self._open.pop()

    def _keep(self, choice: Any) -> Any:
        self._open[-1].choices.append(choice)
        return choice


class SeededChoices(_Recording):
    """Choices from a seeded stream of random bits."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)

    def boolean(self, probability: float) -> bool:
        """True with that probability."""
        return bool(self._keep(self._random.random() < probability))

    def integer(self, low: int | None, high: int | None, towards: int, weights: dict[int, float] | None) -> int:
        """Uniform between two bounds; else mostly small and at most 64 bits away from the bound that is given."""
        if weights:
            return int(self._keep(self._weighted(weights)))
        if low is not None and high is not None:
            return int(self._keep(low + self._below(high - low + 1)))
        size = self._random.getrandbits((4, 4, 8, 8, 16, 32, 64)[self._below(7)])
        if low is not None:
            return int(self._keep(low + size))
        if high is not None:
            return int(self._keep(high - size))
        return int(self._keep(-size if self._below(2) else size))

    def floating(self, low: float, high: float, smallest: float) -> float:
        """A number of few decimals where the bounds have room for one, else any number between them."""
        least, most = max(low, -1e6), min(high, 1e6)
        if least > most:
            return float(self._keep(low if math.isfinite(low) else high))
        value = least + (most - least) * self._random.random()
        rounded = round(value, self._below(4))
        fits = least <= rounded <= most and (rounded == 0 or abs(rounded) >= smallest)
        return float(self._keep(rounded if fits else value))

    def string(self, alphabet: Alphabet, shortest: int, longest: int) -> str:
        """About nine characters more than the minimum; each character is equally likely."""
        size = self._size(shortest, longest) if len(alphabet) else 0
        return str(self._keep("".join(chr(alphabet[self._below(len(alphabet))]) for _ in range(size))))

    def binary(self, shortest: int, longest: int) -> bytes:
        """About nine bytes more than the minimum."""
        return bytes(self._keep(bytes(self._random.getrandbits(8) for _ in range(self._size(shortest, longest)))))

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


class ReplayedChoices(_Recording):
    """The choices of an earlier tree where they fit; where they do not fit, or are missing, the simplest ones."""

    def __init__(self, tree: ChoiceTree) -> None:
        super().__init__()
        self._source = tree
        self._reading: list[_Reader] = []

    def begin(self, label: int) -> None:
        """Continue in the next child of the same label, if there is one."""
        super().begin(label)
        if not self._reading:
            self._reading.append(_Reader(self._source))
        else:
            self._reading.append(_Reader(self._reading[-1].next_child(label)))

    def end(self) -> None:
        """Return to the parent."""
        super().end()
        if self._reading:
            self._reading.pop()

    def boolean(self, probability: float) -> bool:
        """False is the simplest."""
        choice = self._reading[-1].next_choice(bool)
        possible = isinstance(choice, bool) and (0 < probability < 1 or choice == (probability >= 1))
        return bool(self._keep(choice if possible else probability >= 1))

    def integer(self, low: int | None, high: int | None, towards: int, weights: dict[int, float] | None) -> int:
        """The number nearest to ``towards`` is the simplest."""
        least = -math.inf if low is None else low
        most = math.inf if high is None else high
        choice = self._reading[-1].next_choice(int)
        if isinstance(choice, int) and not isinstance(choice, bool) and least <= choice <= most:
            return int(self._keep(choice))
        return int(self._keep(int(min(max(towards, least), most))))

    def floating(self, low: float, high: float, smallest: float) -> float:
        """The number nearest to 0 is the simplest."""
        choice = self._reading[-1].next_choice(float)
        if isinstance(choice, float) and low <= choice <= high:
            return float(self._keep(choice))
        return float(self._keep(min(max(0.0, low), high)))

    def string(self, alphabet: Alphabet, shortest: int, longest: int) -> str:
        """The simplest is the shortest one, of the alphabet's first character."""
        choice = self._reading[-1].next_choice(str)
        if isinstance(choice, str) and shortest <= len(choice) <= longest and all(c in alphabet for c in choice):
            return str(self._keep(choice))
        return str(self._keep(alphabet.char_in_shrink_order(0) * shortest if shortest else ""))

    def binary(self, shortest: int, longest: int) -> bytes:
        """The simplest is the shortest one, of zeros."""
        choice = self._reading[-1].next_choice(bytes)
        fits = isinstance(choice, bytes) and shortest <= len(choice) <= longest
        return bytes(self._keep(choice if fits else bytes(shortest)))


class _Reader:
    """A position in a tree that is replayed. Without a tree there is nothing to read."""

    def __init__(self, tree: ChoiceTree | None) -> None:
        self._tree = tree if tree is not None and not tree.simplest else None
        self._choice = 0
        self._child = 0

    def next_choice(self, kind: type) -> ChoiceValue | None:
        """The next choice; None if there is none, or if it is of another type."""
        if self._tree is None or self._choice >= len(self._tree.choices):
            return None
        choice = self._tree.choices[self._choice]
        self._choice += 1
        return choice if type(choice) is kind else None

    def next_child(self, label: int) -> ChoiceTree | None:
        """The next child of that label; the children before it are skipped."""
        if self._tree is None:
            return None
        for at in range(self._child, len(self._tree.children)):
            if self._tree.children[at].label == label:
                self._child = at + 1
                return self._tree.children[at]
        return None
