"""Cells of the matrix that changed their outcome: new failures, fixed, flaky, lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from trueweight.core import Case
from trueweight.core.run_comparison import Flip, FlipKind, RepeatCounts
from trueweight.core.summary import Cell, CellOutcome
from trueweight.workflow.judge import Judgement
from trueweight.workflow.judge.cells import CellKey, make_cells
from trueweight.workflow.judge.observation_table import chosen


def _kind(old: CellOutcome, new: CellOutcome) -> FlipKind | None:
    """None if the outcome is the same, or if the change is none of the four kinds."""
    if new is CellOutcome.FLAKY:
        return FlipKind.FLAKY if old is not CellOutcome.FLAKY else None
    if new is CellOutcome.TRANSPORT:
        return FlipKind.LOST if old is not CellOutcome.TRANSPORT else None
    if new is CellOutcome.FAIL:
        return FlipKind.NEW_FAILURES if old in (CellOutcome.PASS, CellOutcome.FLAKY) else None
    if new is CellOutcome.PASS:
        return FlipKind.FIXED if old in (CellOutcome.FAIL, CellOutcome.FLAKY) else None
    return None


def flips(before: Judgement, after: Judgement, keys: Sequence[str]) -> dict[str, dict[FlipKind, list[Flip]]]:
    """Provider → kind of change → cells, in the order of ``keys``, which are keys of cases."""
    wanted = set(keys)
    old, new = (make_cells(chosen(run.observations, lambda seen: seen.case in wanted)) for run in (before, after))
    order = {key: place for place, key in enumerate(keys)}
    common = [key for key in new if key in old]
    apis: defaultdict[str, set[str]] = defaultdict(set)
    for key in common:
        apis[key.case].add(key.api)
    out: dict[str, dict[FlipKind, list[Flip]]] = {}
    for key in sorted(common, key=lambda key: (order[key.case], key.provider, key.api, key.way)):
        kind = _kind(old[key].outcome, new[key].outcome)
        if kind:
            flip = _flip(key, after.cases[key.case], old[key], new[key], several=len(apis[key.case]) > 1)
            out.setdefault(key.provider, {}).setdefault(kind, []).append(flip)
    return out


def _flip(key: CellKey, case: Case, old: Cell, new: Cell, *, several: bool) -> Flip:
    return Flip(
        case=key.case,
        mode=key.way,
        severity=case.severity,
        before=_counts(old),
        after=_counts(new),
        # A fixed cell lists what failed before; a lost one lists nothing, because no reply shows a failure.
        api=key.api if several else None,
        fails=() if new.outcome is CellOutcome.TRANSPORT else new.fails or old.fails,
    )


def _counts(cell: Cell) -> RepeatCounts:
    return RepeatCounts(outcome=cell.outcome.value, passed=cell.passed, of=cell.of)
