"""The failing cases of a run as suites that can be sent again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trueweight.core import Case, ConfigError, Suite, near_miss
from trueweight.core.summary import CaseSummary, CellOutcome, Summary
from trueweight.core.thinking import without_allowance
from trueweight.store import RunDir
from trueweight.workflow.lookup import find_provider

_FAILING = (CellOutcome.FAIL, CellOutcome.FLAKY)


def failing_suites(
    run: RunDir, summary: Summary, *, provider: str | None = None, check: str | None = None
) -> tuple[Suite, ...]:
    """A suite ``NAME-failing`` for each suite of the run with a failing case, in the order of the run.

    Args:
        summary: of the run.
        provider: only cases that it fails; None is any provider.
        check: only cases in which it fails; None is any check.

    Raises:
        ConfigError: if the run has no such provider, or ``unknown-check`` if no such check fails in it.
    """
    names = list(summary.providers) if provider is None else [find_provider(run, provider).name]
    known = {one for case in summary.cases for name in names for one in _fails(case, name)}
    if check is not None and check not in known:
        hint = near_miss(check, sorted(known))
        raise ConfigError(f"check {check!r} fails in no case", code="unknown-check", hint=hint)
    failing = {case.case for case in summary.cases if any(_is_failing(case, name, check) for name in names)}
    cases, allowance = run.cases(), run.manifest.thinking_allowance
    wanted = _with_named(failing, cases)
    chosen = [without_allowance(case, allowance) for key, case in cases.items() if key in wanted]
    suites = dict.fromkeys(case.suite for case in chosen)
    return tuple(
        Suite(f"{name}-failing", tuple(case for case in chosen if case.suite == name), origin=str(run.path))
        for name in suites
    )


def _fails(case: CaseSummary, provider: str) -> Iterator[str]:
    for cell in case.modes(provider).values():
        yield from cell.fails


def _is_failing(case: CaseSummary, provider: str, check: str | None) -> bool:
    if check is not None:
        return check in _fails(case, provider)
    return any(cell.outcome in _FAILING for cell in case.modes(provider).values())


def _with_named(keys: Iterable[str], cases: Mapping[str, Case]) -> set[str]:
    """The keys, and those of the cases of the same suite that they name, directly or through others."""
    found: set[str] = set()
    open_keys = [key for key in keys if key in cases]
    while open_keys:
        key = open_keys.pop()
        if key in found:
            continue
        found.add(key)
        case = cases[key]
        names = [*([case.behind] if case.behind else []), *_texts(case.checks)]
        named = {case.key_of(name) for name in names}
        open_keys += [one for one in named if one in cases and cases[one].suite == case.suite]
    return found


def _texts(value: Any) -> Iterator[str]:
    """Every text in the parameters of checks."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
