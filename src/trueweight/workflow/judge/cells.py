"""The matrix: a cell for each case, provider, API and mode, with the outcome of its repeats, and how it differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cache
from itertools import chain
from typing import Final, NamedTuple

import msgspec

from trueweight.core import DEFAULT_API, SEVERE, Case, Observation, ThinkingMode, Variant, way
from trueweight.core.estimate import ALPHA
from trueweight.core.protocol import is_completion
from trueweight.core.split_findings import split
from trueweight.core.summary import CaseSummary, Cell, CellOutcome
from trueweight.core.thinking import sets_thinking
from trueweight.metrics.table import holds
from trueweight.statistics.multiple_testing import benjamini_hochberg
from trueweight.statistics.proportion import fisher_exact_p, independent
from trueweight.workflow.judge.lean import shared
from trueweight.workflow.judge.observation_table import kinds


class CellKey(NamedTuple):
    """Identity of a cell.

    Attributes:
        api: the API of the reference with which the provider's own is compared.
        way: the mode, and whether thinking is switched.
    """

    case: str
    provider: str
    api: str
    way: str


_EMPTY: Final = Cell(outcome=CellOutcome.NOT_APPLICABLE)


def failing_checks(seen: Observation) -> tuple[str, ...]:
    """Ids of the MUST and SHOULD checks that a trial fails, sorted."""
    return tuple(sorted(split(seen.findings).severe_failed))


def make_cells(
    observations: Sequence[Observation], second_pass: Mapping[str, range] | None = None
) -> dict[CellKey, Cell]:
    """One cell for each case, provider, API and way with a recorded trial.

    Args:
        second_pass: provider → the repeats that are its second pass, where it has one.
    """
    repeats = second_pass or {}
    rows_of: defaultdict[CellKey, list[Sequence[Observation]]] = defaultdict(list)
    failed = _FailedByAll()
    for seen, rows in kinds(observations):
        key = CellKey(seen.case, seen.provider, seen.compared_as, way(seen.mode, seen.thinking))
        rows_of[key].append(rows)
        failed.add(key, seen)
    unanimous = failed.checks()
    return {
        key: _cell(
            sorted(chain.from_iterable(rows), key=lambda o: o.repeat),
            repeats.get(key.provider),
            unanimous[key._replace(provider="")],
        )
        for key, rows in rows_of.items()
    }


class _FailedByAll:
    """For each case, API and way (without the provider) the MUST and SHOULD checks that fail in every trial that they
    judged, of every provider with a judged reply, and of two at least. They tell no provider from another, and hide
    what does. A check that does not apply to a provider's reply has nothing against it: that provider passes."""

    def __init__(self) -> None:
        self._failing: defaultdict[CellKey, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._passing: defaultdict[CellKey, set[str]] = defaultdict(set)
        self._judged: defaultdict[CellKey, set[str]] = defaultdict(set)

    def add(self, key: CellKey, seen: Observation) -> None:
        """Count trials of a cell, by one of each kind."""
        sent, found = key._replace(provider=""), split(seen.findings)
        if seen.arrived and holds(seen, SEVERE) >= 0:
            self._judged[sent].add(key.provider)
        for check in found.severe_failed:
            self._failing[sent][check].add(key.provider)
        self._passing[sent] |= found.severe_passed

    def checks(self) -> Mapping[CellKey, frozenset[str]]:
        """The checks by case, API and way."""
        out: defaultdict[CellKey, frozenset[str]] = defaultdict(frozenset)
        for sent, checks in self._failing.items():
            several = {check for check, names in checks.items() if len(names) > 1 and names >= self._judged[sent]}
            out[sent] = frozenset(several - self._passing[sent])
        return out


def _cell(rows: Sequence[Observation], second_pass: range | None, unanimous: Set[str]) -> Cell:
    arrived = [seen for seen in rows if seen.arrived]
    held = [found for seen in arrived if (found := holds(seen, SEVERE)) >= 0]
    passed = sum(held)
    if held:
        outcome = CellOutcome(outcome_of_repeats(passed, len(held)))
    elif any(seen.cut_in_thought for seen in arrived):
        outcome = CellOutcome.CUT_IN_THOUGHT
    elif any(_unsupported(seen) for seen in arrived):
        outcome = CellOutcome.UNSUPPORTED
    else:
        outcome = CellOutcome.NOT_APPLICABLE if arrived else CellOutcome.TRANSPORT
    fails = {check for seen in rows for check in failing_checks(seen)}
    compared = [seen for seen in arrived if second_pass is None or seen.repeat in second_pass]
    return Cell(
        outcome=outcome,
        fails=tuple(sorted(fails)),
        trials=tuple(seen.trial for seen in rows),
        passed=passed,
        of=len(held),
        second_pass=None if second_pass is None else _counts(compared),
        failed_by_all=tuple(sorted(fails & unanimous)),
        compared=_counts(compared, unanimous) if unanimous else None,
        lost=len(rows) - len(arrived),
        cut_in_thought=sum(seen.cut_in_thought for seen in arrived),
        client_limited=any(seen.client_limited for seen in rows),
    )


def _counts(rows: Iterable[Observation], without: Set[str] = frozenset()) -> tuple[int, int]:
    """How many pass, of how many that were judged, by all checks or without some."""
    held = [found for seen in rows if (found := holds(_lacking(seen, without), SEVERE)) >= 0]
    return sum(held), len(held)


def _lacking(seen: Observation, checks: Set[str]) -> Observation:
    """The observation without the findings of some checks."""
    if not checks:
        return seen
    kept = shared(tuple(finding for finding in seen.findings if finding.check not in checks))
    return msgspec.structs.replace(seen, findings=kept)


def _unsupported(seen: Observation) -> bool:
    return split(seen.findings).unsupported


def mark_different(cells: Mapping[CellKey, Cell], providers: Iterable[str], reference: str) -> dict[CellKey, Cell]:
    """The cells, with ``different`` set where the pass rate differs from the reference's: Fisher's exact test,
    Benjamini–Hochberg over the cells of a provider."""
    out = dict(cells)
    by_provider: defaultdict[str, list[CellKey]] = defaultdict(list)
    for key in cells:
        by_provider[key.provider].append(key)
    for provider in providers:
        keys = [key for key in by_provider[provider] if key._replace(provider=reference) in cells]
        p_values = [_p(cells[key], cells[key._replace(provider=reference)]) for key in keys]
        for key, p in zip(keys, benjamini_hochberg(p_values), strict=True):
            if p <= ALPHA:
                out[key] = msgspec.structs.replace(cells[key], different=True)
    return out


def _p(own: Cell, theirs: Cell) -> float:
    return fisher_exact_p(own.passed, own.of, theirs.passed, theirs.of)


def matrix(
    cases: Mapping[str, Case],
    variants: Mapping[str, Mapping[str, Sequence[Variant]]],
    cells: Mapping[CellKey, Cell],
    thinking: Sequence[ThinkingMode] = (ThinkingMode.AS_SERVED,),
) -> tuple[CaseSummary, ...]:
    """Rows of the matrix, in the order of the run's cases; a cell is there for every way to send the case.

    A case has a row for each of its APIs.

    Args:
        variants: provider → case → the APIs and modes of its trials.
        thinking: the modes of thinking of the run.
    """
    recorded: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for found in cells:
        recorded[found.case][found.api] = None
    rows = []
    for key, case in cases.items():
        planned = (variant.api for by_case in variants.values() for variant in by_case[key])
        apis = tuple(dict.fromkeys([*planned, *recorded[key]])) or (DEFAULT_API,)
        ways = tuple(ways_of(case, thinking))
        rows += [
            CaseSummary(
                case=key,
                severity=case.severity,
                tags=tuple(case.tags),
                why=case.why,
                source=case.source,
                cells={
                    name: {one: cells.get(CellKey(key, name, api, one), _EMPTY) for one in ways} for name in variants
                },
                api=api if len(apis) > 1 else None,
            )
            for api in apis
        ]
    return tuple(rows)


def ways_of(case: Case, thinking: Sequence[ThinkingMode]) -> Iterator[str]:
    """The ways in which a case is sent: each of its modes, with each mode of thinking."""
    for mode in case.modes:
        for one in thinking if is_completion(case) and not sets_thinking(case) else (ThinkingMode.AS_SERVED,):
            yield way(mode, one)


@cache
def outcome_of_repeats(passed: int, of: int) -> str:
    """``pass`` or ``fail`` if the 95% interval of the pass rate lies on that side of ½, else ``flaky``.

    If all repeats agree, their outcome counts, however few they are; reports show n beside it.

    Raises:
        ValueError: if there are no repeats.
    """
    if of <= 0:
        raise ValueError("an outcome needs at least one repeat")
    if passed in (0, of):
        return "pass" if passed else "fail"
    low, high = independent(passed, of).interval
    if low is not None and low > 0.5:
        return "pass"
    return "fail" if high is not None and high < 0.5 else "flaky"
