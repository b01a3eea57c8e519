"""Small typed summaries, put together from the parts that a test is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trueweight.core import Comparison, Drift, DriftVerdict, Estimate, Mode, Role, Severity
from trueweight.core.finding_summary import FindingSummary
from trueweight.core.summary import (
    CaseSummary,
    Cell,
    CellOutcome,
    Counts,
    ProviderSummary,
    RunSummary,
    Summary,
    TrialCounts,
)


def make_estimate(value: float | None, low: float | None, high: float | None, n: int = 100, **more: Any) -> Estimate:
    """An estimate; a proportion unless ``unit`` says otherwise."""
    return Estimate(value, low, high, n, **{"unit": "proportion", "method": "m", **more})


def make_difference(value: float, low: float | None, high: float | None, p_holm: float | None = None) -> Comparison:
    """A difference from the reference."""
    return Comparison(value, low, high, 100, "difference", "m", p=p_holm, p_holm=p_holm)


def make_finding(check: str = "c", severity: Severity = Severity.MUST, **parts: Any) -> FindingSummary:
    """A check that fails in one case."""
    blank = {
        "outcome": "fail", "fails": 1, "of": 10, "cases": ("s/1",), "cases_judged": 10, "requirement": "It holds.",
        "source": "", "example": "0" * 20, "message": "it does not",
    }  # fmt: skip
    return FindingSummary(check=check, severity=severity, **{**blank, **parts})


def make_drift(verdict: DriftVerdict = DriftVerdict.EQUIVALENT) -> Drift:
    """Drift with a verdict."""
    effect = make_estimate(0.1, 0.05, 0.2, 24, unit="difference")
    return Drift(
        verdict=verdict, mode=None, e_value=1.0, e_equal=1.0, alpha=0.05, tau=0.03, effect=effect, prompts=24,
    )  # fmt: skip


def make_provider_summary(role: Role = Role.CANDIDATE, **parts: Any) -> ProviderSummary:
    """A provider that answered ten cases."""
    blank: dict[str, Any] = {
        "model": "m", "precision": None, "declared": None, "metrics": {}, "versus_reference": {}, "failures": {},
        "findings": (), "counts": Counts(trials=10, recorded=10, arrived=10, cases_answered=10),
    }  # fmt: skip
    return ProviderSummary(role=role, **{**blank, **parts})


def make_case(
    cells: Mapping[str, CellOutcome | str], key: str = "s/c", severity: Severity = Severity.MUST
) -> CaseSummary:
    """A case in one mode, by provider."""
    rows = {name: {Mode.PLAIN: Cell(outcome=CellOutcome(outcome))} for name, outcome in cells.items()}
    return CaseSummary(case=key, severity=severity, tags=(), why="", source="", cells=rows)


def make_summary(
    providers: Mapping[str, ProviderSummary], cases: Sequence[CaseSummary] | None = None, **run: Any
) -> Summary:
    """A summary; ten cases that every provider passes, unless others are given."""
    reference = next((name for name, one in providers.items() if one.role is Role.REFERENCE), None)
    if cases is None:
        cases = [make_case(dict.fromkeys(providers, "pass"), f"s/c{i}") for i in range(10)]
    blank: dict[str, Any] = {
        "tool_version": "0", "seed": 0, "repeats": 1, "passes": 2, "started_at": "2026-01-01T00:00:00+00:00",
        "finished_at": None, "suites": (), "cases": len(cases), "trials": TrialCounts(10, 10), "reference": reference,
        "bar_digest": None, "modes": (Mode.PLAIN,),
    }  # fmt: skip
    return Summary(run=RunSummary(**{**blank, **run}), self_agreement={}, providers=providers, cases=tuple(cases))
