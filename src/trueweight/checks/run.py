"""Every check run on one reply, and every paired check run on all replies of a provider."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple

from trueweight.core import PROTOCOLS, Case, Finding, Outcome, Reply, ReplyDigest, Severity
from trueweight.core.check import (
    CHECKS,
    Check,
    CheckResult,
    Fail,
    NotApplicable,
    PairedResult,
    Pass,
    RunCheck,
    Scope,
    Unsupported,
    validate_params,
)
from trueweight.core.judging import NotJudged, guarded, not_judged
from trueweight.protocols.json_text import escape_lone_surrogates


def run_checks(case: Case, reply: Reply, *, without: Collection[str] = ()) -> tuple[Finding, ...]:
    """The finding of every check that applies to a reply, in order of check id.

    A check that does not apply gives no finding. A check that applies but cannot judge gives an "n/a" with the reason.

    Args:
        without: ids of checks that are not run.

    Raises:
        ConfigError: if the case gives a check parameters that it does not take.
    """
    views = reply.choice_views()
    plan = _plan(case, reply.api)
    findings = []
    for one in plan.of_success if reply.ok else plan.of_failure:
        if one.id in without:
            continue
        params = _NO_PARAMS
        if one.named and (params := case.checks[one.id] or _NO_PARAMS):
            _validate_once(one.id, params, case.key)
        if one.each_choice and len(views) != 1:
            result = _of_all_choices([(view.at, _run_guarded(one, case, view, params)) for view in views])
        else:
            result = _run_guarded(one, case, views[0] if one.each_choice else reply, params)
        if result is not None:
            plain = type(result) is Pass and not result.message
            findings.append(one.passed if plain else _finding(case, one.check, result))
    unknown = [
        Finding(name, Outcome.NOT_APPLICABLE, case.severity, "this version of trueweight has no such check")
        for name in plan.unknown
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
    found: dict[str, tuple[Finding, ...]] = {}
    # Of 100,000 replies nearly all pass without words: what they have is made once for each way to come to it.
    same: dict[tuple[Finding, ...], tuple[Finding, ...]] = {}
    passing: dict[tuple[int, int], tuple[tuple[Finding, ...], tuple[Finding, ...]]] = {}
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
            joined = of_trial[0][1] if len(of_trial) == 1 else _of_all_choices(of_trial)
            if joined is None:
                continue
            before, finding = found.get(trial, ()), _finding(cases[trial], entry, joined)
            # What is kept holds both parts, so that no others get their identities.
            known = passing.get((id(before), id(finding)))
            if known is None:
                made = (*before, finding)
                known = before, same.setdefault(made, made)
                if finding is wordless_pass(finding.check, finding.severity):
                    passing[id(before), id(finding)] = known
            found[trial] = known[1]
    return found


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


class _Planned(NamedTuple):
    """A check that runs on the replies to a case.

    Attributes:
        run: with three arguments; ``run_plain`` with two, if the check takes no parameters.
        named: whether the case names it, and so may give it parameters.
        each_choice: whether it judges each choice by itself.
        passed: its finding if it passes without words.
    """

    id: str
    check: Check
    run: RunCheck
    run_plain: Callable[[Case, Reply], CheckResult | None] | None
    named: bool
    each_choice: bool
    passed: Finding


class _Plan(NamedTuple):
    """The checks that run on the replies to a case through one API, in order of id.

    Attributes:
        of_success, of_failure: for responses with a status of 2xx, and for others.
        unknown: the names of the case's checks that do not exist.
    """

    of_success: tuple[_Planned, ...]
    of_failure: tuple[_Planned, ...]
    unknown: tuple[str, ...]


_NO_PARAMS: Mapping[str, Any] = {}
_MOST_PLANS = 1000
_plans: dict[tuple[Any, ...], _Plan] = {}
_planned_from: list[Mapping[str, Check]] = []


def _plan(case: Case, api: str) -> _Plan:
    """The plan of a case: the same one for cases that name the same checks and have the same severity."""
    checks = CHECKS.all()
    if not _planned_from or _planned_from[0] is not checks:  # another check was added
        _planned_from[:] = [checks]
        _plans.clear()
    key = (api, case.severity, *case.checks)
    found = _plans.get(key)
    if found is None:
        if len(_plans) >= _MOST_PLANS:
            _plans.clear()
        found = _plans[key] = _make_plan(case, api, checks)
    return found


def _make_plan(case: Case, api: str, checks: Mapping[str, Check]) -> _Plan:
    completion = PROTOCOLS.get(api).completions
    planned = tuple(
        _Planned(
            info.id,
            one,
            one.run,
            one.run_plain,
            named,
            info.scope is Scope.CHOICE,
            wordless_pass(info.id, case.severity if named else info.severity),
        )
        for one in checks.values()
        if one.run is not None
        and (info := one.info).protocol in (None, api)
        and (completion or info.scope is Scope.RESPONSE)
        and ((named := info.id in case.checks) or not (info.on_request or (info.obeys and case.must_be_refused)))
    )
    of_failure = tuple(one for one in planned if one.check.info.any_status)
    unknown = tuple(name for name in case.checks if name not in checks)
    return _Plan(planned, of_failure, unknown)


_MOST_VALIDATED = 10_000
_validated: dict[tuple[str, int], Mapping[str, Any]] = {}


def _validate_once(check_id: str, params: Mapping[str, Any], case: str) -> None:
    """Validate the parameters of a check, if these very ones were not: the replies to a case share them."""
    key = check_id, id(params)
    if _validated.get(key) is not params:
        validate_params(check_id, params, where=f"case {case}")
        if len(_validated) >= _MOST_VALIDATED:
            _validated.clear()
        _validated[key] = params


def _run_guarded(planned: _Planned, case: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """The result of a check; not applicable, with the reason, if it raises or takes too many steps."""
    try:
        if planned.run_plain is not None:
            return planned.run_plain(case, reply)
        return planned.run(case, reply, params)
    except Exception as error:
        why = not_judged(planned.id, error)
        return NotApplicable(why.reason, why.problem)


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


@cache
def wordless_pass(check: str, severity: Severity) -> Finding:
    """A pass without words: the same object for each reply."""
    return Finding(check, Outcome.PASS, severity)


def _finding(case: Case, entry: Check, result: CheckResult) -> Finding:
    severity = case.severity if entry.info.id in case.checks else entry.info.severity
    match result:
        case Pass(message):
            if not message:
                return wordless_pass(entry.info.id, severity)
            return Finding(entry.info.id, Outcome.PASS, severity, message)
        case Fail(message, expected, got, spans):
            message, expected, got = map(escape_lone_surrogates, (message, expected, got))
            return Finding(entry.info.id, Outcome.FAIL, severity, message, expected, got, spans)
        case Unsupported(message, spans, about):
            words = escape_lone_surrogates(message)
            return Finding(entry.info.id, Outcome.UNSUPPORTED, severity, words, spans=spans, about=about)
        case NotApplicable(message, problem):
            words = escape_lone_surrogates(message)
            return Finding(entry.info.id, Outcome.NOT_APPLICABLE, severity, words, problem=problem)
