"""A provider's failing checks, worst first: how often, what is to blame, and how many the reference fails too."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from trueweight.core import CheckInfo, Estimate, Mode, Observation, Outcome, Severity, way
from trueweight.core.finding_summary import FindingSummary, ModeCount
from trueweight.statistics.proportion import independent
from trueweight.workflow.judge.blame import JudgedCases, SentCase, blame, keys_of


@dataclass(slots=True)
class _Repeats:
    """The repeats of one case through one API in one mode."""

    fails: int = 0
    of: int = 0

    @property
    def flaky(self) -> bool:
        return 0 < self.fails < self.of


@dataclass(slots=True)
class _Cases:
    """The cases that a check judged, and that fail it."""

    asked: set[SentCase] = field(default_factory=set)
    failed: set[SentCase] = field(default_factory=set)


@dataclass(slots=True)
class _Tally:
    judged: int = 0
    fails: int = 0
    asked: set[SentCase] = field(default_factory=set)
    failed: set[SentCase] = field(default_factory=set)
    repeats: defaultdict[tuple[str, str, str], _Repeats] = field(default_factory=lambda: defaultdict(_Repeats))
    modes: defaultdict[Mode, _Cases] = field(default_factory=lambda: defaultdict(_Cases))
    severities: set[Severity] = field(default_factory=set)
    messages: Counter[str] = field(default_factory=Counter)
    # For each message the first trial by case and id, so that the order of the record never matters.
    examples: dict[str, tuple[str, str]] = field(default_factory=dict)


class ReferenceCases(NamedTuple):
    """What each check found of the reference: in all of its trials, and in the one pass that is compared."""

    all: Mapping[str, JudgedCases]
    one_pass: Mapping[str, JudgedCases]


def list_findings(
    observations: Iterable[Observation], checks: Mapping[str, CheckInfo], reference: ReferenceCases | None
) -> tuple[FindingSummary, ...]:
    """Failing checks, by severity, then by cases touched.

    Args:
        reference: None if there is none, or if these are the reference's own.
    """
    tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
    for seen in observations:
        sent, sent_way = SentCase.of(seen), (seen.case, seen.api, way(seen.mode, seen.thinking))
        for finding in seen.findings:
            failed = finding.outcome is Outcome.FAIL
            if failed or finding.outcome is Outcome.PASS:
                tally = tallies[finding.check]
                tally.judged += 1
                tally.asked.add(sent)
                tally.modes[seen.mode].asked.add(sent)
                repeats = tally.repeats[sent_way]
                repeats.of += 1
                repeats.fails += failed
                if failed:
                    _count(tally, seen, finding.severity, finding.message)
    found = [_entry(check, tally, checks.get(check), reference) for check, tally in tallies.items() if tally.fails]
    return tuple(sorted(found, key=lambda f: (f.severity.rank, -len(f.cases), f.check)))


def _count(tally: _Tally, seen: Observation, severity: Severity, message: str) -> None:
    tally.fails += 1
    tally.failed.add(SentCase.of(seen))
    tally.modes[seen.mode].failed.add(SentCase.of(seen))
    tally.severities.add(severity)
    tally.messages[message] += 1
    here = (seen.case, seen.trial)
    tally.examples[message] = min(tally.examples.get(message, here), here)


def _entry(check: str, tally: _Tally, info: CheckInfo | None, reference: ReferenceCases | None) -> FindingSummary:
    message = min(tally.messages, key=lambda text: (-tally.messages[text], text))
    rate = _rate(tally)
    none = JudgedCases(set(), set())
    theirs = None if reference is None else reference.all.get(check, none)
    once = None if reference is None else reference.one_pass.get(check, none)
    # What no model can break is no matter of chance: all trials of the reference count.
    compared = theirs if info is not None and info.engine else once
    whose, why = blame(info, JudgedCases(tally.asked, tally.failed), compared)
    return FindingSummary(
        check=check,
        severity=min(tally.severities, key=lambda severity: severity.rank),
        outcome=_outcome(tally),
        fails=tally.fails,
        of=tally.judged,
        cases=tuple(sorted(keys_of(tally.failed))),
        cases_judged=len(keys_of(tally.asked)),
        requirement=info.requirement if info else "",
        source=info.source if info else "",
        example=tally.examples[message][1],
        message=message,
        reference_fails=None if theirs is None else len(keys_of(tally.failed & theirs.failed)),
        rate=None if rate is None else rate.rounded(),
        blame=whose,
        blame_reason=why,
        failure=info.failure if info else "",
        by_mode={
            mode: ModeCount(fails=len(keys_of(cases.failed)), of=len(keys_of(cases.asked)))
            for mode, cases in sorted(tally.modes.items())
        },
    )


def _outcome(tally: _Tally) -> Literal["fail", "flaky"]:
    """``flaky`` if every case and mode that fails also passes in another repeat, else ``fail``."""
    touched = [repeats for repeats in tally.repeats.values() if repeats.fails]
    return "flaky" if all(repeats.flaky for repeats in touched) else "fail"


def _rate(tally: _Tally) -> Estimate | None:
    """How often it fails where it fails at all, over repeats; None where nothing was repeated."""
    touched = [repeats for repeats in tally.repeats.values() if repeats.fails]
    fails, of = sum(r.fails for r in touched), sum(r.of for r in touched)
    if of <= len(touched):
        return None
    ends = independent(fails, of)
    return Estimate(fails / of, ends.interval.low, ends.interval.high, of, "proportion", ends.method)
