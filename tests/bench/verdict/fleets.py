"""Fleets whose truth is known, drawn as columns of trials, and assessed by the code that assesses a run.

A trial of a healthy host passes with the rate of its case. Cases are equally hard (``even``), or some are nearly always
passed and others nearly never (``uneven``: Beta distributed with the same mean). The trials of one host in one case are
independent, or they resemble each other (``alike``), or they are all the same (``fixed``: a deterministic host, whose
two passes are then the same too), or all the same in each mode (``fixed by mode``). In a fleet of ``fixed reference``
the others are independent; a ``mixed`` fleet has hosts of all four kinds, and a ``fixed`` reference. A host with a
fault fails a share of the trials of each case that it would pass, in all modes or in the last one only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from trueweight.assess.significance import FAULTS, TIMES, run_tests
from trueweight.core import Comparison, Finish, Mode, Role, Severity
from trueweight.core.assessment import Recommendation
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
from trueweight.metrics import Resampler, make_passes, make_samples, trial_metrics
from trueweight.metrics.measuring import compare_candidates
from trueweight.metrics.table import Table

PURE: Final = ("fixed", "independent", "alike", "fixed by mode")
KINDS: Final = (*PURE, "fixed reference", "mixed")
SPREADS: Final = ("even", "uneven")
REFERENCE: Final = "reference"
ALIKE: Final = 2.0
"""Beta parameters add up to this around the case's rate: an intraclass correlation of 1/3."""
UNEVEN: Final = 1.0
"""The same of the cases' rates around their mean: a variance that is half of the largest possible."""


class Fleet(NamedTuple):
    """What is drawn.

    Attributes:
        hosts: with the reference.
        rate: mean pass rate of a healthy host.
        fault: by how much the last host's pass rate is lower.
        one_mode: the fault is in the last mode only, where the rate is lower by ``fault``.
    """

    hosts: int
    cases: int
    repeats: int
    rate: float
    kind: str = "independent"
    spread: str = "even"
    reference: bool = True
    fault: float = 0.0
    modes: int = 2
    one_mode: bool = False

    def names(self) -> list[str]:
        """The hosts; the last one has the fault."""
        first = REFERENCE if self.reference else "host-0"
        return [first, *(f"host-{i}" for i in range(1, self.hosts))]


def beta(mean: Any, total: float, rng: np.random.Generator, size: Any) -> Any:
    """Beta variates by mean; a mean of 0 or 1 is itself."""
    inside = np.clip(mean, 1e-9, 1 - 1e-9)
    return np.where((mean <= 0) | (mean >= 1), mean, rng.beta(inside * total, (1 - inside) * total, size))


def draw_ease(fleet: Fleet, rng: np.random.Generator) -> Any:
    """The pass rate of a healthy host in each case."""
    ease = np.full(fleet.cases, fleet.rate)
    return beta(ease, UNEVEN, rng, fleet.cases) if fleet.spread == "uneven" else ease


def draw(fleet: Fleet, rng: np.random.Generator, ease: Any = None) -> dict[str, Any]:
    """Host → passes, of shape cases × modes × trials; the reference has twice the repeats.

    Args:
        ease: of the cases; None draws it.
    """
    ease = draw_ease(fleet, rng) if ease is None else ease
    out = {}
    for place, name in enumerate(fleet.names()):
        kind = kind_of(fleet, place)
        trials = fleet.repeats * (2 if name == REFERENCE else 1)
        shape = (fleet.cases, fleet.modes, trials)
        own = np.broadcast_to(ease[:, None, None], shape)
        # The extent of one draw: a case of a deterministic host, or one of its modes.
        extent = {"fixed": (fleet.cases, 1, 1), "fixed by mode": (fleet.cases, fleet.modes, 1)}.get(kind, shape)
        if kind == "alike":
            own = beta(ease, ALIKE, rng, fleet.cases)[:, None, None]
        passes = np.broadcast_to(rng.random(extent) < own[:, : extent[1], : extent[2]], shape).copy()
        if fleet.fault and name == fleet.names()[-1]:
            spoiled = np.broadcast_to(rng.random(extent) < fleet.fault / fleet.rate, shape).copy()
            if fleet.one_mode:
                spoiled[:, :-1] = False
            passes &= ~spoiled
        out[name] = passes
    return out


def kind_of(fleet: Fleet, place: int) -> str:
    """The kind of a host by its place."""
    if fleet.kind == "mixed":
        return PURE[place % len(PURE)]
    if fleet.kind == "fixed reference":
        return "fixed" if place == 0 else "independent"
    return fleet.kind


def summary_of(fleet: Fleet, drawn: Mapping[str, Any], rng: np.random.Generator) -> Summary:
    """The summary of a fleet that was drawn, compared and not yet assessed; ``rng`` draws its times."""
    versus = _versus(fleet, drawn, rng)
    providers = {
        name: ProviderSummary(
            role=Role.REFERENCE if name == REFERENCE else Role.CANDIDATE,
            model="m",
            precision=None,
            declared=None,
            metrics={},
            versus_reference=versus.get(name, {}),
            counts=Counts(trials=passes.size, recorded=passes.size, arrived=passes.size, cases_answered=fleet.cases),
            failures={},
            findings=(),
        )
        for name, passes in drawn.items()
    }
    cases = tuple(_case(fleet, drawn, i) for i in range(fleet.cases))
    trials = sum(passes.size for passes in drawn.values())
    run = RunSummary(
        tool_version="0", seed=1, repeats=fleet.repeats, passes=2, started_at="", finished_at=None, suites=(),
        cases=fleet.cases, trials=TrialCounts(trials, trials), reference=REFERENCE if fleet.reference else None,
        bar_digest=None, modes=(Mode.PLAIN, Mode.STREAM)[: fleet.modes],
    )  # fmt: skip
    return Summary(run=run, self_agreement={}, providers=providers, cases=cases)


def accused(summary: Summary) -> set[str]:
    """Hosts that are found worse, or, of two, different; or slower."""
    tests = run_tests(summary, summary.run.reference)
    return {
        name
        for name, found in tests.items()
        if found.cases_significant or found.worse_metrics or any(test.significant for test in found.times)
    }


def cleared(summary: Summary) -> set[str]:
    """Hosts of which the page says that no fault was found."""
    return {name for name, one in summary.providers.items() if one.assessment.recommendation is Recommendation.USE}


def _case(fleet: Fleet, drawn: Mapping[str, Any], i: int) -> CaseSummary:
    cells = {}
    for name, passes in drawn.items():
        cells[name] = {}
        for m, mode in enumerate((Mode.PLAIN, Mode.STREAM)[: fleet.modes]):
            row = passes[i, m]
            second = None
            if name == REFERENCE:
                second = (int(row[fleet.repeats :].sum()), fleet.repeats)
            outcome = CellOutcome.PASS if row.all() else CellOutcome.FAIL
            cells[name][mode] = Cell(outcome=outcome, passed=int(row.sum()), of=len(row), second_pass=second)
    return CaseSummary(case=f"s/{i}", severity=Severity.MUST, tags=(), why="", source="", cells=cells)


def table_of(passes: Any, rng: np.random.Generator) -> Table:
    """Trials as a metric sees them. Two of three cases offer tools and expect a call in every second; the others
    request JSON. What fails is, in turn, the call that is not made and the call that is not valid."""
    case, mode, repeat = (x.ravel() for x in np.indices(passes.shape))
    ok = passes.ravel()
    size = len(case)
    tools, expects = case % 3 < 2, case % 2 == 0
    mute = ~ok & (case % 4 < 2)
    called = tools & np.where(mute, ~expects, expects)
    valid = np.where(called, np.where(~ok & ~mute, 0, 1), -1)
    empty = np.full(size, "")
    first = rng.lognormal(6, 0.6, size)  # of the answer too: there is no thought
    return Table(
        case=case, api=np.zeros(size, dtype=int), thinking=empty, stream=mode == 1, repeat=repeat, absent=empty,
        asked_tools=tools,
        asked_structured=~tools, attempts=np.ones(size, dtype=int), first_ok=np.ones(size, dtype=bool),
        ok=np.ones(size, dtype=bool), called=called, calls_valid=valid,
        finish=np.where(called, Finish.CALLS.value, Finish.STOP.value), expects=np.where(tools, expects, -1),
        structured=np.where(tools, "", np.where(ok, "valid", "invalid")), cost=np.full(size, np.nan),
        must_passes=ok.astype(int), passes=ok.astype(int), client_limited=np.zeros(size, dtype=bool),
        cold=np.zeros(size, dtype=bool), answer_kind=empty, answer=empty, in_one_piece=np.zeros(size, dtype=bool),
        thinking_cost=np.full(size, np.nan),
        times={"ttft": first, "ttfo": first, "service": rng.lognormal(7, 0.6, size)},
    )  # fmt: skip


def _versus(fleet: Fleet, drawn: Mapping[str, Any], rng: np.random.Generator) -> Mapping[str, Mapping[str, Comparison]]:
    """The comparisons that assessing reads, without the intervals of what it does not."""
    if not fleet.reference:
        return {}
    resampler = Resampler(fleet.cases, 1, resamples=200)
    tables = {name: table_of(passes, rng) for name, passes in drawn.items()}
    samples = make_samples(tables, REFERENCE, fleet.repeats, 2, resampler)
    second = make_passes(tables[REFERENCE], fleet.repeats, resampler)[1]
    metrics = [trial_metrics()[name] for name in (*FAULTS, *TIMES)]
    return compare_candidates(metrics, samples, REFERENCE, second, defaultdict(list))
