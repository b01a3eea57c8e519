"""The matrix: for each fault the checks that must find it and those that did; for each healthy provider, none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ROWS = 46
"""Failure modes on the project's list."""
BY_DRIFT = 45
"""The failure mode that drift finds, over many replies: other weights."""


@dataclass(frozen=True, slots=True)
class FaultResult:
    """One provider of the matrix.

    Attributes:
        expected: checks, or kinds of transport failure, that must find it; empty for a healthy one.
        checks: findings by check: how many trials fail it.
        severe: those of MUST or SHOULD.
        failures: transport failures of attempts by kind.
        cases: number of cases that it got.
    """

    name: str
    says: str
    rows: tuple[int, ...]
    expected: tuple[str, ...]
    checks: Mapping[str, int]
    severe: Mapping[str, int]
    failures: Mapping[str, int]
    cases: int

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.expected

    @property
    def missing(self) -> tuple[str, ...]:
        """What should have found it and did not."""
        return tuple(name for name in self.expected if not self.checks.get(name) and not self.failures.get(name))

    @property
    def right(self) -> bool:
        """A fault that was found by all that must, or a healthy provider that was left alone."""
        return not (self.severe or self.failures) if self.healthy else not self.missing

    @property
    def others(self) -> tuple[str, ...]:
        """What else found something, most often first."""
        rest = {name: n for name, n in {**self.checks, **self.failures}.items() if name not in self.expected}
        return tuple(sorted(rest, key=lambda name: (-rest[name], name)))


@dataclass(frozen=True, slots=True)
class FleetMatrix:
    """All results. If ``whole``, every fault was selected, so a failure mode without a fault is missed."""

    found: tuple[FaultResult, ...]
    whole: bool = True

    @property
    def missed_rows(self) -> tuple[int, ...]:
        """Failure modes of which a fault was not found, or for which there is none."""
        bad = {row for one in self.found if not one.right for row in one.rows}
        covered = {row for one in self.found for row in one.rows}
        absent = set(range(1, ROWS + 1)) - covered - {BY_DRIFT} if self.whole else set()
        return tuple(sorted(bad | absent))

    @property
    def right(self) -> bool:
        """Every fault found by what must find it, and no healthy provider flagged."""
        return not self.missed_rows and all(one.right for one in self.found)
