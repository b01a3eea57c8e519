"""A summary → the same with an assessment of each provider, and the exit code that follows from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

import msgspec

from trueweight.assess.decide import with_decision
from trueweight.assess.observations import observe
from trueweight.assess.recommendation import FEW, blame_of, has_answered, rank_key, recommend, refuses_all
from trueweight.assess.significance import run_tests, unseen_share
from trueweight.core import DriftVerdict, ExitCode, Role, Ruling
from trueweight.core.assessment import Assessment, Limitation, LimitCode, Reason
from trueweight.core.bar_outcome import BarOutcome
from trueweight.core.note import NoteCode
from trueweight.core.summary import ProviderSummary, Summary
from trueweight.core.thinking import enough_for

MOST_CUT = 0.02
"""Replies that are cut in thought are more than a few if they are more than this share of those that arrived."""
_NO_MEASURE = frozenset({LimitCode.REFERENCE_REFUSED, LimitCode.REFERENCE_UNJUDGEABLE, LimitCode.REFERENCE_CUT})
"""A reference that answered and with which nothing could be compared."""
_EXITS = {
    Ruling.PASS: ExitCode.OK,
    Ruling.FAIL: ExitCode.FINDINGS,
    Ruling.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
}


def assess(
    summary: Summary,
    bars: Mapping[str, BarOutcome] | None = None,
    observations: Mapping[str, tuple[Reason, ...]] = MappingProxyType({}),
) -> Summary:
    """The summary with an assessment of each provider and the limits of the run: all that the formats of the report,
    the gate and the exit code need.

    Args:
        bars: provider → outcome of the bar; None keeps the outcomes that the summary has already.
        observations: provider → its observations, where they are known. No bar changes them, and the power of a
            comparison, which they state, takes seconds to simulate.
    """
    if bars is None:
        found = {name: provider.assessment.bar for name, provider in summary.providers.items()}
        bars = {name: bar for name, bar in found.items() if bar is not None}
    named = summary.run.reference
    tests = run_tests(summary, named if summary.run.cases and has_answered(summary, named) else None)
    decisions = {name: recommend(summary, name, bars.get(name), tests[name]) for name in summary.providers}
    ranked = sorted(decisions, key=lambda name: rank_key(decisions[name], summary.providers[name], name))
    providers = {}
    for name, provider in summary.providers.items():
        decision = decisions[name]
        assessment = Assessment(
            recommendation=decision.recommendation,
            reasons=decision.reasons,
            observations=observations.get(name) or observe(provider, summary.self_agreement, tests[name]),
            limits=tuple(_limits(summary, provider)),
            bar=bars.get(name),
            drift=None if provider.drift is None else provider.drift.verdict,
            blame=blame_of(decision, provider),
            rank=ranked.index(name),
        )
        providers[name] = msgspec.structs.replace(provider, assessment=assessment)
    assessed = msgspec.structs.replace(summary, providers=providers, limits=tuple(_run_limits(summary)))
    return with_decision(assessed)


def _limits(summary: Summary, provider: ProviderSummary) -> Iterator[Limitation]:
    """What the run cannot say of one provider."""
    counts, cases = provider.counts, summary.run.cases
    if provider.setup_fault is not None:
        yield Limitation(code=LimitCode.SETUP_FAULT)
    elif cases and not counts.recorded:
        yield Limitation(code=LimitCode.NOT_ASKED)
    elif cases and not counts.arrived:
        yield Limitation(code=LimitCode.NEVER_ANSWERED, of=counts.recorded)
    elif counts.cases_answered < cases and counts.arrived < counts.trials:  # not if the rest cannot be expressed
        yield Limitation(code=LimitCode.NOT_ANSWERED, count=counts.cases_answered, of=cases)
    if provider.role is Role.REFERENCE or summary.run.reference is None:
        return
    if provider.drift is None:
        yield Limitation(code=LimitCode.DRIFT_NOT_MEASURED)
    elif provider.drift.verdict in (DriftVerdict.INCONCLUSIVE, DriftVerdict.MISCONFIGURED):
        yield Limitation(code=LimitCode.DRIFT_UNDECIDED)


def _run_limits(summary: Summary) -> Iterator[Limitation]:
    """What the run cannot say of any provider."""
    run = summary.run
    yield from _cut_in_thought(summary)
    # The note on the shard says so already; and of what another verifier recorded nothing can be sent again.
    said = any(note.code in (NoteCode.PART_OF_RUN, NoteCode.IMPORTED) for note in run.notes)
    if run.trials.recorded < run.trials.planned and not said:
        yield Limitation(code=LimitCode.NOT_FINISHED, count=run.trials.recorded, of=run.trials.planned)
    if not run.cases:
        yield Limitation(code=LimitCode.ONLY_DRIFT)
        return
    unseen = unseen_share(run.cases)
    if unseen > FEW:
        yield Limitation(code=LimitCode.TOO_FEW_CASES, of=run.cases, share=float(f"{unseen:.6g}"))
    yield from _failed_by_all(summary)
    if run.reference is None:
        if summary.workload is None:  # else the recorded answers are what candidates are compared with
            yield Limitation(code=LimitCode.NO_REFERENCE)
    elif not has_answered(summary, run.reference):
        yield Limitation(code=_silence(summary.providers[run.reference]))


def _failed_by_all(summary: Summary) -> Iterator[Limitation]:
    """The checks that tell no provider from another, and in how many cases."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for case in summary.cases:
        for cell in (cell for by_way in case.cells.values() for cell in by_way.values() if cell.failed_by_all):
            found[case.case].update(cell.failed_by_all)
    if found:
        names = tuple(sorted({check for checks in found.values() for check in checks}))
        yield Limitation(code=LimitCode.FAILED_BY_ALL, count=len(found), of=summary.run.cases, checks=names)


def _silence(reference: ProviderSummary) -> LimitCode:
    """Why nothing can be compared with the reference."""
    if reference.setup_fault is not None:
        return LimitCode.REFERENCE_SETUP_FAULT
    if not reference.counts.recorded:
        return LimitCode.REFERENCE_NOT_ASKED
    if not reference.counts.arrived:
        return LimitCode.REFERENCE_SILENT
    if refuses_all(reference):
        return LimitCode.REFERENCE_REFUSED
    cut = reference.counts.arrived <= 2 * reference.counts.cut_in_thought
    return LimitCode.REFERENCE_CUT if cut else LimitCode.REFERENCE_UNJUDGEABLE


def _cut_in_thought(summary: Summary) -> Iterator[Limitation]:
    """Providers of which more than a few replies are cut in thought."""
    for name, provider in summary.providers.items():
        counts = provider.counts
        if counts.cut_in_thought > MOST_CUT * counts.arrived:
            yield Limitation(
                code=LimitCode.CUT_IN_THOUGHT,
                provider=name,
                count=counts.cut_in_thought,
                of=counts.arrived,
                circles=counts.cut_in_circles,
                tokens=enough_for(counts.longest_thought),
            )


def exit_code(summary: Summary, silent: Collection[str] = (), *, barred: bool | None = None) -> ExitCode:
    """1 if a provider that answered fails the bar; else 3 if one never answered; else 4 if one is inconclusive, or if
    no provider was judged; else 0. Without a bar 3; else 4 if the reference's replies are no measure of others; else 0.

    Args:
        silent: providers without a single reply: the bar's outcome shows nothing of their model.
        barred: whether there is a bar; None takes it from the run and from the assessments.
    """
    found = {name: one.assessment.bar.outcome for name, one in summary.providers.items() if one.assessment.bar}
    answered = [ruling for name, ruling in found.items() if name not in silent]
    if silent and Ruling.FAIL not in answered:
        return ExitCode.INFRASTRUCTURE
    if barred is None:
        barred = bool(found) or summary.run.bar_digest is not None
    if barred:
        return _EXITS[Ruling.of_all(answered)]
    return ExitCode.INCONCLUSIVE if _NO_MEASURE & {limit.code for limit in summary.limits} else ExitCode.OK


def silent_providers(summary: Summary) -> tuple[str, ...]:
    """Providers with trials on record and no reply, by name."""
    counts = {name: provider.counts for name, provider in summary.providers.items()}
    return tuple(sorted(name for name, count in counts.items() if count.recorded and not count.arrived))
