"""The matrix: for each fault the checks that must find it and those that did; for each healthy provider, none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ROWS = 46
"""Failure modes on the project's list."""
_BY_DRIFT = 45
_WORDS_DRIFT = "other weights are found by drift, over many answers: `trueweight drift`, `tests/drift`"


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
        absent = set(range(1, ROWS + 1)) - covered - {_BY_DRIFT} if self.whole else set()
        return tuple(sorted(bad | absent))

    @property
    def right(self) -> bool:
        """Every fault found by what must find it, and no healthy provider flagged."""
        return not self.missed_rows and all(one.right for one in self.found)


def matrix_json(matrix: FleetMatrix) -> str:
    """The matrix for machines."""
    out: dict[str, Any] = {
        "right": matrix.right,
        "missed_rows": list(matrix.missed_rows),
        "by_drift": {str(_BY_DRIFT): _WORDS_DRIFT},
        "faults": [_fault(one) for one in matrix.found if not one.healthy],
        "healthy": [
            {
                "name": one.name,
                "flagged": dict(one.severe),
                "noted": dict(one.checks),
                "cases": one.cases,
                "right": one.right,
            }
            for one in matrix.found
            if one.healthy
        ],
    }
    return json.dumps(out, indent=2, sort_keys=True)


def _fault(one: FaultResult) -> dict[str, Any]:
    return {
        "fault": one.name,
        "says": one.says,
        "rows": list(one.rows),
        "expected": list(one.expected),
        "detected": one.right,
        "missing": list(one.missing),
        "checks": dict(one.checks),
        "failures": dict(one.failures),
        "cases": one.cases,
    }


def matrix_text(matrix: FleetMatrix) -> str:
    """The matrix as a table: a line for each fault in order of its row, then the healthy providers, then the sum."""
    return "\n".join(_lines(matrix))


def _lines(matrix: FleetMatrix) -> Iterator[str]:
    faults = sorted((one for one in matrix.found if not one.healthy), key=lambda one: (one.rows or (99,), one.name))
    width = max((len(one.name) for one in matrix.found), default=0)
    yield f"{'row':<6} {'fault':<{width}}  found  must be found by; also found by"
    for one in faults:
        rows = ",".join(map(str, one.rows)) or "-"
        marks = ", ".join(f"{name}{' (MISSED)' if name in one.missing else ''}" for name in one.expected)
        also = f"; {', '.join(one.others[:4])}" if one.others else ""
        yield f"{rows:<6} {one.name:<{width}}  {'yes' if one.right else 'NO':<5}  {marks}{also}"
    if matrix.whole:
        yield f"{_BY_DRIFT:<6} {'-':<{width}}  -      {_WORDS_DRIFT}"
    for one in matrix.found:
        if one.healthy:
            flagged = ", ".join(f"{name} {n}" for name, n in {**one.severe, **one.failures}.items())
            verdict = f"FLAGGED: {flagged}" if not one.right else f"no failures in {one.cases} cases"
            yield f"{'ok' if one.right else '!!':<6} {one.name:<{width}}  {'-':<5}  {verdict}"
    found = sum(one.right for one in faults)
    sound = [one for one in matrix.found if one.healthy]
    alone = sum(one.right for one in sound)
    yield f"{found} of {len(faults)} faults found; {alone} of {len(sound)} healthy providers left alone"
    if matrix.missed_rows:
        yield f"missed rows: {', '.join(map(str, matrix.missed_rows))}"
