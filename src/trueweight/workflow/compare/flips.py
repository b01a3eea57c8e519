"""Cells of the matrix that came out otherwise: new failures, fixed, flaky, lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trueweight.core import Case
from trueweight.core.summary import Cell, CellOutcome
from trueweight.workflow.judge import Judgement
from trueweight.workflow.judge.cells import Key, make_cells

KINDS = ("new_failures", "fixed", "flaky", "lost")


def _kind(old: str, new: str) -> str | None:
    if new == "flaky":
        return "flaky" if old != "flaky" else None
    if new == "transport":
        return "lost" if old != "transport" else None
    if new == "fail":
        return "new_failures" if old in ("pass", "flaky") else None
    if new == "pass":
        return "fixed" if old in ("fail", "flaky") else None
    return None


def flips(before: Judgement, after: Judgement, keys: Sequence[str]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Provider → kind of change → cells, in the order of the run. Kinds: see ``KINDS``."""
    wanted = set(keys)
    old, new = (make_cells(seen for seen in run.observations if seen.case in wanted) for run in (before, after))
    order = {key: place for place, key in enumerate(keys)}
    out: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for key in sorted(_common(old, new), key=lambda key: (order[key[0]], key[1], key[2].value)):
        kind = _kind(old[key].outcome, new[key].outcome)
        if kind:
            kinds = out.setdefault(key[1], {name: [] for name in KINDS})
            kinds[kind].append(_flip(key, after.cases[key[0]], old[key], new[key]))
    return out


def _common(old: Mapping[Key, Any], new: Mapping[Key, Any]) -> Iterable[Key]:
    return [key for key in new if key in old]


def _flip(key: Key, case: Case, old: Cell, new: Cell) -> dict[str, Any]:
    return {
        "case": key[0],
        "mode": key[2].value,
        "severity": case.severity.value,
        "before": _counts(old),
        "after": _counts(new),
        # What was fixed is what failed before; what was lost fails nothing that is known.
        "fails": [] if new.outcome is CellOutcome.TRANSPORT else list(new.fails or old.fails),
    }


def _counts(cell: Cell) -> dict[str, Any]:
    return {"outcome": cell.outcome.value, "passed": cell.passed, "of": cell.of}
