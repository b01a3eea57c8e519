"""Select the evidence for the page: failing trials, the reference's on the same cases, and a passing one of each."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Final

from trueweight.core.summary import CaseSummary, CellOutcome, Summary

MAX_ITEMS: Final = 3_000
MAX_ANSWERS: Final = 2_000
_WRONG: Final = (CellOutcome.FAIL, CellOutcome.FLAKY, CellOutcome.UNSUPPORTED, CellOutcome.TRANSPORT)
_FLAKY_TRIALS: Final = 2


def _examples(summary: Summary, providers: Sequence[str]) -> Iterator[str]:
    """One passing trial per provider and mode."""
    for provider in providers:
        seen: set[str] = set()
        for case in summary.cases:
            for mode, cell in case.modes(provider).items():
                if mode not in seen and cell.outcome is CellOutcome.PASS and cell.trials:
                    seen.add(mode)
                    yield cell.trials[0]


def _failing(case: CaseSummary, providers: Sequence[str], reference: str | None) -> Iterator[str]:
    """The trials of one case that went wrong, each mode followed by the reference's own."""
    modes = sorted({mode for provider in providers for mode in case.modes(provider)})
    for mode in modes:
        wrong = False
        for provider in providers:
            cell = case.modes(provider).get(mode)
            if cell is not None and cell.outcome in _WRONG:
                wrong = True
                yield from cell.trials[: _FLAKY_TRIALS if cell.outcome is CellOutcome.FLAKY else 1]
        theirs = case.modes(reference).get(mode) if reference is not None else None
        if wrong and theirs is not None:
            yield from theirs.trials[:1]


def _disagreements(summary: Summary, providers: Sequence[str]) -> Iterator[str]:
    """The answers to a workload that the page lists."""
    for provider in providers:
        found = summary.providers[provider].workload
        yield from (one.trial for one in (found.disagreements if found is not None else ()))


def _answers(summary: Summary, providers: Sequence[str]) -> Iterator[str]:
    """One trial of each case and provider, case by case."""
    for case in summary.cases:
        for provider in providers:
            yield from (cell.trials[0] for cell in list(case.modes(provider).values())[:1] if cell.trials)


def select_answers(
    summary: Summary, providers: Sequence[str], order: Sequence[str], chosen: Container[str], limit: int = MAX_ANSWERS
) -> dict[str, int]:
    """Trial id → rank, for the passing trials whose answer alone is embedded: one for each cell that has no evidence.

    Args:
        order: as of `select_evidence`.
        chosen: trials with evidence.
    """
    by_name = {case.name: case for case in summary.cases}
    selected: dict[str, int] = {}
    for name in order:
        for provider in providers:
            modes = by_name[name].modes(provider)
            passing = (cell.trials[0] for cell in modes.values() if cell.trials and cell.outcome is CellOutcome.PASS)
            trial = next(passing, None)
            if trial is not None and trial not in chosen:
                selected[trial] = len(selected)
        if len(selected) >= limit:
            break
    return selected


def select_evidence(
    summary: Summary, providers: Sequence[str], order: Sequence[str], limit: int = MAX_ITEMS
) -> dict[str, int]:
    """Trial id → rank, for the trials to embed: examples of findings first, then passing ones, then answers to a
    workload that are not as expected, then all that fails, then the other answers to a workload.

    Args:
        order: names of the summary's rows, most disagreement first.
    """
    by_name = {case.name: case for case in summary.cases}
    selected: dict[str, int] = {}
    for finding in (finding for name in providers for finding in summary.providers[name].findings):
        if finding.example:
            selected.setdefault(finding.example, len(selected))
    for trial in _examples(summary, providers):
        selected.setdefault(trial, len(selected))
    for trial in _disagreements(summary, providers):
        selected.setdefault(trial, len(selected))
    for name in order:
        for trial in _failing(by_name[name], providers, summary.run.reference):
            if len(selected) >= limit:
                return selected
            selected.setdefault(trial, len(selected))
    for trial in _answers(summary, providers) if summary.workload is not None else ():
        if len(selected) >= limit:
            return selected
        selected.setdefault(trial, len(selected))
    return selected
