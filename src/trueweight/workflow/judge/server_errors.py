"""Requests that a server answers with a 5xx each time: its answer to such requests, and not a failure on the way.

A 5xx is tried again, because an overload or an outage may have caused it. It is the server's answer if a case gets
nothing else at any attempt of any trial from a provider that answers other cases, and chance would rarely lose so many
trials. The same holds for a class of requests, such as all with tools, of which each one is lost. Trials that one
outage loses count once: those of a case are sent together, and an outage of seconds loses them all.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, MutableSequence, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final, NamedTuple

from msgspec.structs import replace as replace_struct

from trueweight.checks.refusals import blames_length
from trueweight.core import Case, Exchange, Finding, Observation, Outcome
from trueweight.core.case import ANSWERED_CHECK, REFUSAL_CHECK
from trueweight.core.check import CHECKS
from trueweight.core.exchange import FailureKind
from trueweight.protocols import read_error
from trueweight.workflow.judge.observation_table import by_provider, change_each, kinds
from trueweight.workflow.judge.request_traits import request_traits

_MOST_EXPECTED: Final = 0.01
"""Greatest number of cases, or classes, that chance alone may be expected to lose whole in a run."""
_NAMED: Final = 3
"""Classes that a message names."""
_FEWEST: Final = 2
"""Trials of a case, and cases of a class."""
_LEAST_ANSWERED: Final = 3
"""Cases that the provider must answer, to tell such requests from a server that answers nothing."""
_NOT_IMPLEMENTED: Final = 501


def with_pending(lost: Observation, case: Case, exchange: Exchange) -> Observation:
    """A lost trial with the finding that it has if its 5xx is the server's answer; `settle_server_errors` decides."""
    statuses = [one.status for one in exchange.attempts]
    failed = exchange.failure is not None and exchange.failure.kind is FailureKind.SERVER_ERROR
    if not failed or not all(status is not None and 500 <= status != _NOT_IMPLEMENTED for status in statuses):
        return lost
    check = REFUSAL_CHECK if case.must_be_refused else ANSWERED_CHECK
    severity = case.severity if check in case.checks else CHECKS.get(check).info.severity
    by_length = blames_length(read_error(exchange.final).message)
    message = f"status {statuses[-1]}{', about the length of the prompt,' if by_length else ''}"
    finding = Finding(check, Outcome.FAIL, severity, message, "4xx or an answer", str(statuses[-1]))
    return replace_struct(lost, findings=(finding,), blames_length=by_length)


class _Class(NamedTuple):
    """Requests that have one thing in common. ``words`` follow "all requests"."""

    words: str
    trials: Sequence[Observation]


def settle_server_errors(
    observations: MutableSequence[Observation], cases: Mapping[str, Case], ended: Mapping[str, str]
) -> MutableSequence[Observation]:
    """The observations, changed in place. A lost trial keeps the finding that its 5xx is an answer where chance does
    not explain it. The finding's message says for which class of requests.

    Args:
        ended: trial → when its last attempt ended, as ``Observation.started_at``. Trials without times count as lost
            at different times.
    """
    waiting = {seen.provider for seen, _ in kinds(observations) if is_pending(seen)}
    words: dict[str, str] = {}
    for some in by_provider(observations, sorted(waiting)).values():
        rows = [seen for seen in some if seen.arrived or is_pending(seen)]
        words |= _found(rows, cases, _Answers.of(rows, ended))
    if not waiting:
        return observations
    return change_each(observations, lambda seen: _settled(seen, words.get(seen.trial)) if is_pending(seen) else seen)


def is_pending(seen: Observation) -> bool:
    """Whether its one finding waits for the other trials. What is found in a body that reports an error does not."""
    return seen.failure is FailureKind.SERVER_ERROR and not seen.arrived and bool(seen.findings)


def _settled(seen: Observation, words: str | None) -> Observation:
    if words is None:
        return replace_struct(seen, findings=())
    return replace_struct(seen, findings=tuple(replace(one, message=f"{one.message}{words}") for one in seen.findings))


def _found(rows: Sequence[Observation], cases: Mapping[str, Case], answers: _Answers) -> dict[str, str]:
    """Trial → how many such requests get a 5xx each time, for those that chance does not explain."""
    if len({seen.case for seen in rows if seen.arrived}) < _LEAST_ANSWERED:
        return {}
    by_chance = _Losses(len(rows), sum(not seen.arrived for seen in rows))
    out, by_chance = _by_class(rows, cases, by_chance, answers)
    trials: defaultdict[str, list[Observation]] = defaultdict(list)
    for seen in rows:
        trials[seen.case].append(seen)
    for of_case in trials.values():
        lost = [seen for seen in of_case if not seen.arrived and seen.trial not in out]
        rare = by_chance.expects(len(lost), answers.outages(lost), among=len(trials)) <= _MOST_EXPECTED
        if len(lost) == len(of_case) >= _FEWEST and rare:
            out |= dict.fromkeys((seen.trial for seen in lost), " at every attempt")
    return out


class _Losses(NamedTuple):
    """The number of a provider's trials, and of those that it lost by chance, as far as is known."""

    trials: int
    lost: int

    def without(self, lost: int) -> _Losses:
        """The same without some lost ones."""
        return _Losses(self.trials - lost, self.lost - lost)

    def expects(self, lost: int, outages: int, *, among: int) -> float:
        """How many of so many groups are expected to lose so many trials, each of them, in so many outages at the rate
        of the others."""
        others = self.without(lost)
        rate: float = (others.lost + 1) / (others.trials + 2)
        return among * rate**outages


class _Answers(NamedTuple):
    """The times of a provider's trials: UTC, ISO 8601.

    Attributes:
        started: starts of its answered trials, in order.
        first_end: for each of them, the earliest end of those that start then or later.
        ended: trial → when its last attempt ended.
    """

    started: Sequence[str]
    first_end: Sequence[str]
    ended: Mapping[str, str]

    @classmethod
    def of(cls, rows: Sequence[Observation], ended: Mapping[str, str]) -> _Answers:
        """Those of these trials whose times are known."""
        timed = [(seen.started_at, ended[seen.trial]) for seen in rows if seen.arrived and ended.get(seen.trial)]
        timed.sort(reverse=True)
        first_end = list(accumulate((end for _, end in timed), min))
        return cls([start for start, _ in reversed(timed)], first_end[::-1], ended)

    def outages(self, lost: Sequence[Observation]) -> int:
        """The fewest outages that lose these trials. Two trials are lost in two outages if the server answers another
        one from start to end after the first has started and before the last attempt of the second has ended.

        An error that blames the request itself is of no outage: such trials count one by one.
        """
        found, since = 0, ""
        for seen in sorted(lost, key=lambda seen: self.ended.get(seen.trial, "")):
            end = self.ended.get(seen.trial, "")
            by_itself = not end or seen.blames_length
            if by_itself or not found or self._answers_between(since, end):
                found += 1
                since = seen.started_at
        return found

    def _answers_between(self, since: str, until: str) -> bool:
        at = bisect_left(self.started, since)
        return at < len(self.started) and self.first_end[at] <= until


def _by_class(
    rows: Sequence[Observation], cases: Mapping[str, Case], by_chance: _Losses, answers: _Answers
) -> tuple[dict[str, str], _Losses]:
    """The same for the classes that chance does not explain, the largest first; and the losses without theirs."""
    classes, among = _classes(rows, cases)
    found: dict[str, None] = {}
    named: list[str] = []
    for one in sorted(classes, key=lambda one: (-len(one.trials), " with " in one.words, one.words)):
        trials = [seen.trial for seen in one.trials]
        fresh = [seen for seen in one.trials if seen.trial not in found]
        rare = by_chance.expects(len(fresh), answers.outages(fresh), among=among) <= _MOST_EXPECTED
        if rare and 2 * len(fresh) > len(trials) and len({seen.case for seen in one.trials}) >= _FEWEST:
            found |= dict.fromkeys(trials)
            by_chance = by_chance.without(len(fresh))
            named.append(one.words)
    more = f" or of {len(named) - _NAMED} more kinds" if len(named) > _NAMED else ""
    words = f" for all {len(found)} requests {' or '.join(named[:_NAMED])}{more}"
    return dict.fromkeys(found, words), by_chance


def _classes(rows: Sequence[Observation], cases: Mapping[str, Case]) -> tuple[list[_Class], int]:
    """Every class of requests of which none was answered, and the number of all classes."""
    answered: set[str] = set()
    lost: defaultdict[str, list[Observation]] = defaultdict(list)
    longest, long = 0, list[tuple[int, Observation]]()
    for seen in rows:
        case = cases.get(seen.case)
        if case is None:
            continue
        # A malformed request may be refused before the part of the server that fails: it is a class by itself.
        traits = {"that are malformed"} if case.must_be_refused else request_traits(case, seen)
        size = 0 if case.must_be_refused else len(str(case.request.get("messages")))
        if seen.arrived:
            answered |= traits
            longest = max(longest, size)
            continue
        long.append((size, seen))
        for trait in traits:
            lost[trait].append(seen)
    found = [_Class(trait, trials) for trait, trials in lost.items() if trait not in answered]
    beyond = [seen for size, seen in long if size > longest]
    if beyond:
        found.append(_Class(f"with messages of more than {longest} characters", beyond))
    return found, len(answered | lost.keys()) + 1
