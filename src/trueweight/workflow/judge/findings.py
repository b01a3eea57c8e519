"""A provider's failing checks, worst first: how often, what is to blame, and how many the reference fails too."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from trueweight.core import PROTOCOLS, CheckInfo, Estimate, Finding, Observation, Severity
from trueweight.core.finding_summary import FindingSummary
from trueweight.core.split_findings import SplitFindings, split
from trueweight.statistics.proportion import independent
from trueweight.workflow.judge.blame import JudgedCases, SentCase, blame, keys_of
from trueweight.workflow.judge.found_in import Repeats, SentWay, count_by_api, count_by_mode, found_in
from trueweight.workflow.judge.observation_table import kinds


@dataclass(slots=True)
class _Tally:
    """What a check found of each way to send a case. All that a summary says of it is made from these."""

    ways: defaultdict[SentWay, Repeats] = field(default_factory=lambda: defaultdict(Repeats))
    severities: set[Severity] = field(default_factory=set)
    messages: Counter[str] = field(default_factory=Counter)
    # For each message the first trial by case and id, so that the order of the record never matters.
    examples: dict[str, tuple[str, str]] = field(default_factory=dict)


class ReferenceCases(NamedTuple):
    """What each check found of the reference: in all of its trials, and in the one pass that is compared."""

    all: Mapping[str, JudgedCases]
    one_pass: Mapping[str, JudgedCases]


def list_findings(
    observations: Sequence[Observation], checks: Mapping[str, CheckInfo], reference: ReferenceCases | None
) -> tuple[FindingSummary, ...]:
    """Failing checks, by severity, then by cases touched.

    Args:
        reference: None if there is none, or if these are the reference's own.
    """
    tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
    apis: set[str] = set()
    replies: Counter[tuple[SentWay, SplitFindings]] = Counter()
    for seen, rows in kinds(observations):
        apis.add(seen.api)
        sent = SentWay(seen.case, seen.compared_as, seen.api, seen.mode, seen.thinking)
        found = split(seen.findings)
        replies[sent, found] += len(rows)
        first = (seen.case, min(one.trial for one in rows)) if found.failed else ("", "")
        for finding in found.failed:
            _count(tallies[finding.check], finding, len(rows), first)
    for (sent, found), number in replies.items():
        for check in found.judged:
            tallies[check].ways[sent].of += number
        for finding in found.failed:
            tallies[finding.check].ways[sent].fails += number
    apis = {api for api in apis if PROTOCOLS.get(api).completions}
    failing = [(check, tally) for check, tally in tallies.items() if tally.messages]
    entries = [_entry(check, tally, checks.get(check), reference, apis) for check, tally in failing]
    return tuple(sorted(entries, key=lambda f: (f.severity.rank, -len(f.cases), f.check)))


def _count(tally: _Tally, finding: Finding, number: int, first: tuple[str, str]) -> None:
    tally.severities.add(finding.severity)
    tally.messages[finding.message] += number
    tally.examples[finding.message] = min(tally.examples.get(finding.message, first), first)


def _entry(
    check: str, tally: _Tally, info: CheckInfo | None, reference: ReferenceCases | None, apis: Set[str]
) -> FindingSummary:
    asked = {SentCase(sent.case, sent.compared_as) for sent in tally.ways}
    failed = {SentCase(sent.case, sent.compared_as) for sent, repeats in tally.ways.items() if repeats.fails}
    message = min(tally.messages, key=lambda text: (-tally.messages[text], text))
    rate = _rate(tally)
    none = JudgedCases(set(), set())
    theirs = None if reference is None else reference.all.get(check, none)
    once = None if reference is None else reference.one_pass.get(check, none)
    # What no model can break is no matter of chance: all trials of the reference count.
    compared = theirs if info is not None and info.engine else once
    whose, why = blame(info, JudgedCases(asked, failed), compared)
    return FindingSummary(
        check=check,
        severity=min(tally.severities, key=lambda severity: severity.rank),
        outcome=_outcome(tally),
        fails=sum(repeats.fails for repeats in tally.ways.values()),
        of=sum(repeats.of for repeats in tally.ways.values()),
        cases=tuple(sorted(keys_of(failed))),
        cases_judged=len(keys_of(asked)),
        requirement=info.requirement if info else "",
        source=info.source if info else "",
        example=tally.examples[message][1],
        message=message,
        reference_fails=None if theirs is None else len(keys_of(failed & theirs.failed)),
        rate=None if rate is None else rate.rounded(),
        blame=whose,
        blame_reason=why,
        failure=info.failure if info else "",
        by_mode=count_by_mode(tally.ways),
        by_api=count_by_api(tally.ways, apis) if len(apis) > 1 else {},
        found_in=found_in(tally.ways, apis),
    )


def _outcome(tally: _Tally) -> Literal["fail", "flaky"]:
    """``flaky`` if every case and mode that fails also passes in another repeat, else ``fail``."""
    touched = [repeats for repeats in tally.ways.values() if repeats.fails]
    return "flaky" if all(repeats.flaky for repeats in touched) else "fail"


def _rate(tally: _Tally) -> Estimate | None:
    """How often it fails where it fails at all, over repeats; None where nothing was repeated."""
    touched = [repeats for repeats in tally.ways.values() if repeats.fails]
    fails, of = sum(r.fails for r in touched), sum(r.of for r in touched)
    if of <= len(touched):
        return None
    ends = independent(fails, of)
    return Estimate(fails / of, ends.interval.low, ends.interval.high, of, "proportion", ends.method)
