"""The matrix: for each case, provider and mode, what its repeats come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trueweight.core import Case, Mode, Observation, Outcome
from trueweight.metrics.repeats import different, outcome_of_repeats
from trueweight.metrics.table import SEVERE, holds
from trueweight.statistics.multiple_testing import benjamini_hochberg

ALPHA = 0.05

Key = tuple[str, str, Mode]
"""Case, provider, mode."""


def failing_checks(seen: Observation) -> tuple[str, ...]:
    """Ids of the MUST and SHOULD checks that a trial fails, sorted."""
    failing = (f.check for f in seen.findings if f.outcome is Outcome.FAIL and f.severity in SEVERE)
    return tuple(sorted(set(failing)))


def make_cells(observations: Iterable[Observation]) -> dict[Key, dict[str, Any]]:
    """One cell for each case, provider and mode of which anything is recorded."""
    trials: defaultdict[Key, list[Observation]] = defaultdict(list)
    for seen in observations:
        trials[seen.case, seen.provider, seen.mode].append(seen)
    return {key: _cell(sorted(rows, key=lambda o: o.repeat)) for key, rows in trials.items()}


def _cell(rows: Sequence[Observation]) -> dict[str, Any]:
    fails = {check for seen in rows for check in failing_checks(seen)}
    arrived = [seen for seen in rows if seen.arrived]
    verdicts = [held for seen in arrived if (held := holds(seen, SEVERE)) >= 0]
    passed = sum(verdicts)
    if verdicts:
        outcome = outcome_of_repeats(passed, len(verdicts))
    elif any(_unsupported(seen) for seen in arrived):
        outcome = "unsupported"
    else:
        outcome = "n/a" if arrived else "transport"
    cell: dict[str, Any] = {
        "outcome": outcome,
        "fails": sorted(fails),
        "trials": [seen.trial for seen in rows],
        "passed": passed,
        "of": len(verdicts),
    }
    if len(arrived) < len(rows):
        cell["lost"] = len(rows) - len(arrived)
    if any(seen.client_limited for seen in rows):
        cell["client_limited"] = True
    return cell


def _unsupported(seen: Observation) -> bool:
    return any(finding.outcome is Outcome.UNSUPPORTED for finding in seen.findings)


def mark_different(cells: Mapping[Key, dict[str, Any]], providers: Iterable[str], reference: str) -> None:
    """Set ``different`` on the cells whose pass rate differs from the reference's, Benjamini–Hochberg over cases."""
    by_provider: defaultdict[str, list[Key]] = defaultdict(list)
    for key in cells:
        by_provider[key[1]].append(key)
    for provider in providers:
        keys = [key for key in by_provider[provider] if (key[0], reference, key[2]) in cells]
        p_values = [_p(cells[key], cells[key[0], reference, key[2]]) for key in keys]
        for key, p in zip(keys, benjamini_hochberg(p_values), strict=True):
            if p <= ALPHA:
                cells[key]["different"] = True


def _p(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> float:
    return different(ours["passed"], ours["of"], theirs["passed"], theirs["of"])


def matrix(
    cases: Mapping[str, Case], providers: Sequence[str], cells: Mapping[Key, dict[str, Any]]
) -> list[dict[str, Any]]:
    """Rows of the matrix, in the order of the run's cases; a cell is there for every mode of the case."""
    empty = {"outcome": "n/a", "fails": [], "trials": [], "passed": 0, "of": 0}
    return [
        {
            "case": key,
            "severity": case.severity.value,
            "tags": list(case.tags),
            "why": case.why,
            "source": case.source,
            "cells": {
                name: {mode.value: cells.get((key, name, mode), empty) for mode in case.modes} for name in providers
            },
        }
        for key, case in cases.items()
    ]
