"""Every check run on one reply, and every paired check run on all replies of a provider."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, NamedTuple

from trueweight.core import PROTOCOLS, Case, Finding, Outcome, Reply, ReplyDigest
from trueweight.core.check import (
    CHECKS,
    Check,
    CheckResult,
    Fail,
    NotApplicable,
    PairedResult,
    Pass,
    Scope,
    Unsupported,
    validate_params,
)
from trueweight.core.judging import NotJudged, guarded
from trueweight.protocols.json_text import escape_lone_surrogates


def run_checks(case: Case, reply: Reply, *, without: Collection[str] = ()) -> tuple[Finding, ...]:
    """The finding of every check that applies to a reply, in order of check id.

    A check that does not apply gives no finding. A check that applies but cannot judge gives an "n/a" with the reason.

    Args:
        without: ids of checks that are not run.

    Raises:
        ConfigError: if the case gives a check parameters that it does not take.
    """
    target = _Target(case, reply, reply.choice_views(), PROTOCOLS.get(reply.api).completions)
    findings = [
        _finding(case, entry, result)
        for entry in CHECKS.all().values()
        if entry.info.id not in without and (result := _run(target, entry)) is not None
    ]
    unknown = [
        Finding(name, Outcome.NOT_APPLICABLE, case.severity, "this version of trueweight has no such check")
        for name in case.checks
        if name not in CHECKS.all()
    ]
    return (*findings, *unknown)


def run_paired_checks(
    digests: Iterable[ReplyDigest], reference: Iterable[ReplyDigest] = (), *, without: Collection[str] = ()
) -> dict[str, tuple[Finding, ...]]:
    """The findings of the paired checks on one provider's replies: trial → findings, in order of check id.

    Only replies through the same API are compared, and only choices with the same index.

    Args:
        reference: the reference's replies; empty if the provider is the reference.
        without: ids of checks that are not run.
    """
    own, theirs = (_comparable(some) for some in (digests, reference))
    found: defaultdict[str, list[Finding]] = defaultdict(list)
    same: dict[Finding, Finding] = {}  # of 100,000 replies nearly all pass
    for entry in CHECKS.all().values():
        if entry.run_paired is None or entry.info.id in without:
            continue
        results: defaultdict[str, list[tuple[int, CheckResult | None]]] = defaultdict(list)
        cases: dict[str, Case] = {}
        for key, replies in own.items():
            if entry.info.on_request and not any(entry.info.id in one.case.checks for one in replies):
                continue
            for one, result in _run_paired(entry, replies, theirs.get(key, [])):
                results[one.trial].append((one.choice, result))
                cases[one.trial] = one.case
        for trial, of_trial in results.items():
            joined = _of_all_choices(of_trial)
            if joined is not None:
                made = _finding(cases[trial], entry, joined)
                found[trial].append(same.setdefault(made, made))
    return {trial: tuple(findings) for trial, findings in found.items()}


def _comparable(digests: Iterable[ReplyDigest]) -> dict[tuple[str, int], list[ReplyDigest]]:
    """API and index of the choice → its digests, sorted, so that the order of the record never matters. An API that is
    beside another one is compared with that one."""
    found: defaultdict[tuple[str, int], list[ReplyDigest]] = defaultdict(list)
    for one in sorted(digests, key=lambda one: (one.api, one.choice, one.case.key, one.repeat, one.mode)):
        found[PROTOCOLS.get(one.api).beside or one.api, one.choice].append(one)
    return found


def _run_paired(entry: Check, ours: Sequence[ReplyDigest], reference: Sequence[ReplyDigest]) -> Sequence[PairedResult]:
    """The results of a paired check. If it raises, it runs once more for each case by itself, so that only the cases
    with which it raises are not judged."""
    run = entry.run_paired
    assert run is not None
    results = guarded(entry.info.id, lambda: list(run(ours, reference)))
    if not isinstance(results, NotJudged):
        return results
    found: list[PairedResult] = []
    for key, group in groupby(ours, key=lambda one: one.case.key):
        own, theirs = list(group), [one for one in reference if one.case.key == key]
        of_case = guarded(entry.info.id, lambda own=own, theirs=theirs: list(run(own, theirs)))  # type: ignore[misc]
        if isinstance(of_case, NotJudged):
            found += [(one, NotApplicable(of_case.reason, of_case.problem)) for one in own]
        else:
            found += of_case
    return found


class _Target(NamedTuple):
    """The input of all checks: a reply, its view for each choice, and whether it is a completion."""

    case: Case
    reply: Reply
    views: Sequence[Reply]
    completion: bool


def _run(target: _Target, entry: Check) -> CheckResult | None:
    info, case, reply = entry.info, target.case, target.reply
    named = info.id in case.checks
    if entry.run is None or (info.on_request and not named) or not (reply.ok or info.any_status):
        return None
    if info.protocol not in (None, reply.api) or (info.scope is not Scope.RESPONSE and not target.completion):
        return None
    if info.obeys and not named and case.must_be_refused:
        return None
    params = case.checks.get(info.id) or {}
    if params:
        validate_params(info.id, params, where=f"case {case.key}")
    if info.scope is not Scope.CHOICE:
        return _run_guarded(entry, case, reply, params)
    if len(target.views) == 1:
        return _run_guarded(entry, case, target.views[0], params)
    return _of_all_choices([(view.at, _run_guarded(entry, case, view, params)) for view in target.views])


def _run_guarded(entry: Check, case: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """The result of a check; not applicable, with the reason, if it raises or takes too many steps."""
    run = entry.run
    assert run is not None
    result = guarded(entry.info.id, lambda: run(case, reply, params))
    return NotApplicable(result.reason, result.problem) if isinstance(result, NotJudged) else result


def _of_all_choices(results: Sequence[tuple[int, CheckResult | None]]) -> CheckResult | None:
    """One result from the results of all choices, which are given with their indices.

    If the check fails for any choice, the result is that failure, and names the choice unless it is the first. If it
    passes for every choice to which it applies, the result is a pass.
    """
    given = [(index, result) for index, result in results if result is not None]
    failed = [(index, result) for index, result in given if isinstance(result, Fail)]
    if failed:
        index, first = failed[0]
        more = f" (and in {len(failed) - 1} more choices)" if len(failed) > 1 else ""
        place = f"choice {index}: " if index != results[0][0] else ""
        return replace(first, message=f"{place}{first.message}{more}")
    passed_last = sorted(given, key=lambda one: isinstance(one[1], Pass))
    return passed_last[0][1] if passed_last else None


def _finding(case: Case, entry: Check, result: CheckResult) -> Finding:
    severity = case.severity if entry.info.id in case.checks else entry.info.severity
    match result:
        case Pass(message):
            return Finding(entry.info.id, Outcome.PASS, severity, message)
        case Fail(message, expected, got, spans):
            message, expected, got = map(escape_lone_surrogates, (message, expected, got))
            return Finding(entry.info.id, Outcome.FAIL, severity, message, expected, got, spans)
        case Unsupported(message, spans):
            return Finding(entry.info.id, Outcome.UNSUPPORTED, severity, escape_lone_surrogates(message), spans=spans)
        case NotApplicable(message, problem):
            words = escape_lone_surrogates(message)
            return Finding(entry.info.id, Outcome.NOT_APPLICABLE, severity, words, problem=problem)
