"""What the answers to a task are instead of the expected ones: which word for which, and which fields are wrong."""

from __future__ import annotations

import msgspec


class Confusion(msgspec.Struct, frozen=True):
    """How often each expected answer (rows) was read as which answer (columns)."""

    wanted: tuple[str, ...]
    read: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def accuracy(self) -> float | None:
        """The share of answers that are as expected."""
        total = sum(map(sum, self.counts))
        same = sum(self.counts[i][self.read.index(name)] for i, name in enumerate(self.wanted) if name in self.read)
        return same / total if total else None

    @property
    def macro_f1(self) -> float | None:
        """The mean of the F1 of each expected answer, whatever its frequency."""
        scores = []
        for i, name in enumerate(self.wanted):
            hits = self.counts[i][self.read.index(name)] if name in self.read else 0
            named = sum(row[self.read.index(name)] for row in self.counts) if name in self.read else 0
            scores.append(2 * hits / (sum(self.counts[i]) + named) if sum(self.counts[i]) + named else 0.0)
        return sum(scores) / len(scores) if scores else None


class FieldScore(msgspec.Struct, frozen=True):
    """One field over all cases of a task: how often its value is right, missing, and not expected."""

    path: str
    right: int
    missing: int
    extra: int

    @property
    def precision(self) -> float | None:
        """Right ÷ all that are there."""
        return self.right / (self.right + self.extra) if self.right + self.extra else None

    @property
    def recall(self) -> float | None:
        """Right ÷ all that are expected."""
        return self.right / (self.right + self.missing) if self.right + self.missing else None

    @property
    def f1(self) -> float | None:
        """Their harmonic mean."""
        total = 2 * self.right + self.missing + self.extra
        return 2 * self.right / total if total else None
