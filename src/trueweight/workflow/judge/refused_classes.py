"""What the well-formed requests that a server refuses have in common, and no request has that it accepts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, MutableSequence, Sequence
from dataclasses import replace
from typing import Final

from msgspec.structs import replace as replace_struct

from trueweight.core import Case, Observation, Outcome
from trueweight.workflow.judge.observation_table import by_provider, change_each, kinds
from trueweight.workflow.judge.request_traits import fine_traits

_ACCEPTED: Final = "request-accepted"
_FEWEST: Final = 2
"""Cases of a class."""
_LEAST_ANSWERED: Final = 3
"""Cases that the provider must answer, to tell a class of requests from all requests."""
_NAMED: Final = 2
"""Traits that a message names."""
_MOST: Final = 20
"""Classes of a provider's requests that are told apart. The names of a workload's users are no reason of a server, and
to look for thousands of classes takes minutes."""


def name_refused(observations: MutableSequence[Observation], cases: Mapping[str, Case]) -> MutableSequence[Observation]:
    """The observations, changed in place: where refused requests share what no accepted one has, the message of each
    finding says what that is, and how many requests have it."""
    refusing = {seen.provider for seen, _ in kinds(observations) if _is_refused(seen)}
    words: dict[str, str] = {}
    for rows in by_provider(observations, sorted(refusing)).values():
        of_api: defaultdict[str, list[Observation]] = defaultdict(list)
        for seen in rows:
            if seen.case in cases and not cases[seen.case].must_be_refused:
                of_api[seen.api].append(seen)
        for some in of_api.values():
            words |= _words(some, cases)
    if not words:
        return observations
    return change_each(observations, lambda seen: _named(seen, words[seen.trial]) if seen.trial in words else seen)


def _is_refused(seen: Observation) -> bool:
    return any(one.check == _ACCEPTED and one.outcome is Outcome.FAIL for one in seen.findings)


def _words(rows: Sequence[Observation], cases: Mapping[str, Case]) -> dict[str, str]:
    """Trial → "for all 12 requests with tools", for the refused trials that share something."""
    refused = [seen for seen in rows if _is_refused(seen)]
    accepted = [seen for seen in rows if seen.arrived and seen.status is not None and seen.status < 300]
    if len({seen.case for seen in accepted}) < _LEAST_ANSWERED:
        return {}
    known = {trait for seen in accepted for trait in fine_traits(cases[seen.case], seen)}
    holders: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for seen in refused:
        for trait in fine_traits(cases[seen.case], seen) - known:
            holders[trait][seen.trial] = seen.case
    found: dict[str, str] = {}
    left = {seen.trial for seen in refused}
    for _ in range(_MOST):
        shared = {trait: some for trait, held in holders.items() if (some := left & held.keys())}
        if not shared:
            break
        best = max(shared, key=lambda trait: (len(shared[trait]), -len(trait), trait))
        if len({holders[best][trial] for trial in shared[best]}) < _FEWEST:
            break
        alike = sorted((one for one in holders if holders[one] == holders[best]), key=lambda one: (len(one), one))
        plain = [one for one in alike if not any(_says_more(one, other) for other in alike)]
        words = f"for all {len(holders[best])} requests {' and '.join(plain[:_NAMED])}"
        found |= dict.fromkeys(shared[best], words)
        left -= shared[best]
    return found


def _says_more(one: str, other: str) -> bool:
    """Whether words say what others say, with a value or a mode beside it."""
    return one.startswith(f"{other} ") or one.endswith(f" {other}")


def _named(seen: Observation, words: str) -> Observation:
    def named(message: str) -> str:
        status, _, said = message.partition(": ")
        return f"{status} {words}: {said}"

    findings = [
        replace(one, message=named(one.message)) if one.check == _ACCEPTED and one.outcome is Outcome.FAIL else one
        for one in seen.findings
    ]
    return replace_struct(seen, findings=tuple(findings))
