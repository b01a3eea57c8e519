"""The public part of a run: recommendations, numbers, and the evidence of the suites that trueweight ships.

Left out: a workload and all that was found of it, addresses, names of keys, what a server said to the probe, headers,
prices and costs, what an entry of providers.toml adds to bodies, and every request. Of other suites also left out: the
text of replies, and each case's purpose, source and tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache

from msgspec import structs

from trueweight.core import Attempt, Case, Estimate, Exchange, RequestRecord
from trueweight.core.assessment import Assessment, Reason, ReasonCode
from trueweight.core.probe import ProviderProbe
from trueweight.core.protocol import is_completion
from trueweight.core.summary import CaseSummary, ProviderSummary, Summary
from trueweight.report import Evidence
from trueweight.suites import find_suite, shipped_suites

_OF_WORKLOAD = frozenset({ReasonCode.WORKLOAD_FAILS, ReasonCode.WORKLOAD_MET, ReasonCode.WORKLOAD_OPEN})
_NO_REQUEST = RequestRecord("POST", "", (), "")


@cache
def _shipped(name: str) -> tuple[str, frozenset[str]]:
    """Digest of a shipped suite, and the digests of what its cases send; nothing for any other name."""
    if name not in shipped_suites():
        return "", frozenset()
    suite = find_suite(name)
    return suite.digest(), frozenset(case.request_digest() for case in suite.cases)


def private_suites(summary: Summary) -> frozenset[str]:
    """Names of the run's suites that are not, to the byte of every request, those that come with trueweight."""
    return frozenset(suite.name for suite in summary.run.suites if _shipped(suite.name)[0] != suite.digest)


def public_summary(summary: Summary) -> Summary:
    """The summary without its private parts, which the module's docstring lists. Idempotent."""
    private = private_suites(summary)
    providers = {name: _provider(provider, private) for name, provider in summary.providers.items()}
    cases = tuple(_case(case, private) for case in summary.cases)
    run = structs.replace(summary.run, command=tuple(map(_file_name, summary.run.command)), asked_by="")
    return structs.replace(summary, run=run, providers=providers, cases=cases, workload=None)


def _file_name(word: str) -> str:
    """A word of the command; of a path its last part, because folders may name people and projects."""
    return word if word.startswith("-") else re.split(r"[/\\]", word.rstrip("/\\"))[-1]


def _is_private(case: str, private: frozenset[str]) -> bool:
    return case.rsplit("/", 1)[0] in private


def _provider(provider: ProviderSummary, private: frozenset[str]) -> ProviderSummary:
    findings = tuple(
        structs.replace(finding, message="") if any(_is_private(case, private) for case in finding.cases) else finding
        for finding in provider.findings
    )
    return structs.replace(
        provider,
        metrics={
            name: found for name, found in provider.metrics.items() if not _is_money(found) and name != "workload"
        },
        versus_reference={name: found for name, found in provider.versus_reference.items() if not _is_money(found)},
        declared=None,
        workload=None,
        drift=None if provider.drift is None else structs.replace(provider.drift, cost=None),
        findings=findings,
        assessment=_assessment(provider.assessment),
        probe=tuple(map(_probe, provider.probe)),
    )


def _probe(probe: ProviderProbe) -> ProviderProbe:
    """Which fault it found and what the provider takes; not where, with which key, and in whose words."""
    answers = tuple(structs.replace(answer, url="", said="") for answer in probe.answers)
    return structs.replace(
        probe, base_url="", works_at="", key_env=None, fingerprint="", said="", similar=(), answers=answers
    )


def _is_money(found: Estimate | None) -> bool:
    return found is not None and "USD" in found.unit


def _assessment(assessment: Assessment) -> Assessment:
    """The assessment without the numbers of the rules that are about money, and without a workload's."""
    reasons = tuple(map(_reason, assessment.reasons))
    seen = tuple(one for one in assessment.observations if one.code not in _OF_WORKLOAD)
    assessment = structs.replace(assessment, reasons=reasons, observations=seen)
    bar = assessment.bar
    if bar is None:
        return assessment
    kept = (rule for rule in bar.rules if rule.workload is None)
    rules = tuple(structs.replace(rule, estimate=None) if _is_money(rule.estimate) else rule for rule in kept)
    return structs.replace(assessment, bar=structs.replace(bar, rules=rules))


def _reason(reason: Reason) -> Reason:
    """The reason; of one about a workload only that it is one."""
    return Reason(code=reason.code, metric=reason.metric) if reason.code in _OF_WORKLOAD else reason


def _case(case: CaseSummary, private: frozenset[str]) -> CaseSummary:
    return structs.replace(case, why="", source="", tags=()) if _is_private(case.case, private) else case


def public_evidence(evidence: Iterable[Evidence], cases: Mapping[str, Case]) -> Iterator[Evidence]:
    """The 2xx replies to shipped cases, without the request and without response headers.

    Error responses are left out, because providers write account names into them. So are lists of models, because they
    name the account's own models.

    Args:
        cases: case key → case of the run.
    """
    for item in evidence:
        case = cases[item.case]
        known = is_completion(case) and case.request_digest() in _shipped(case.suite)[1]
        status = item.exchange.final.status
        if known and status is not None and 200 <= status < 300:
            yield replace(item, exchange=_exchange(item.exchange), task=None, grades=())


def _exchange(exchange: Exchange) -> Exchange:
    attempts = tuple(map(_attempt, exchange.attempts))
    return replace(exchange, request=_NO_REQUEST, attempts=attempts)


def _attempt(attempt: Attempt) -> Attempt:
    failure = None if attempt.failure is None else replace(attempt.failure, detail="")
    return replace(attempt, headers=(), failure=failure)
