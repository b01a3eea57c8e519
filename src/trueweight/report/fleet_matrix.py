"""The matrix of the simulated providers as JSON and as a table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from trueweight.core.fleet_matrix import BY_DRIFT, FaultResult, FleetMatrix

_WORDS_DRIFT: Final = "other weights are found by drift, over many replies: `trueweight drift`, `tests/drift`"


class _Fault(msgspec.Struct, frozen=True, kw_only=True):
    fault: str
    says: str
    rows: tuple[int, ...]
    expected: tuple[str, ...]
    detected: bool
    missing: tuple[str, ...]
    checks: Mapping[str, int]
    failures: Mapping[str, int]
    cases: int


class _Healthy(msgspec.Struct, frozen=True, kw_only=True):
    """``flagged``: findings of MUST or SHOULD by check; ``noted``: all."""

    name: str
    flagged: Mapping[str, int]
    noted: Mapping[str, int]
    cases: int
    right: bool


class _Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """What ``fleet matrix --json`` prints; ``by_drift``: failure mode → how it is found instead."""

    right: bool
    missed_rows: tuple[int, ...]
    by_drift: Mapping[str, str]
    faults: tuple[_Fault, ...]
    healthy: tuple[_Healthy, ...]


def matrix_json(matrix: FleetMatrix) -> str:
    """The matrix for machines."""
    out = _Matrix(
        right=matrix.right,
        missed_rows=matrix.missed_rows,
        by_drift={str(BY_DRIFT): _WORDS_DRIFT},
        faults=tuple(_fault(one) for one in matrix.found if not one.healthy),
        healthy=tuple(
            _Healthy(name=one.name, flagged=one.severe, noted=one.checks, cases=one.cases, right=one.right)
            for one in matrix.found
            if one.healthy
        ),
    )
    return json.dumps(msgspec.to_builtins(out), indent=2, sort_keys=True)


def _fault(one: FaultResult) -> _Fault:
    return _Fault(
        fault=one.name,
        says=one.says,
        rows=one.rows,
        expected=one.expected,
        detected=one.right,
        missing=one.missing,
        checks=one.checks,
        failures=one.failures,
        cases=one.cases,
    )


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
        yield f"{BY_DRIFT:<6} {'-':<{width}}  -      {_WORDS_DRIFT}"
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
