"""Whether a bar can be met at all with the cases of a run, found before the first request.

The best replies that there can be are written into the columns of the planned trials, and the metrics of the bar are
estimated from them: the same code that judges a run says whether the interval would decide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from trueweight.assess import Bar, Rule, ruling_of
from trueweight.core import (
    Case,
    ConfigError,
    Estimate,
    Finish,
    Provider,
    Role,
    Ruling,
    ThinkingMode,
    Variant,
    variants_of,
)
from trueweight.metrics import CaseInfo, Resampler, Sample, describe, tabulate
from trueweight.metrics.sample import Pairing
from trueweight.metrics.table import Table
from trueweight.workflow.judge.exchange import case_info, expects_call

MOST_CASES: Final = 20_000
"""So many cases are tried to find out how many a rule needs."""
_RESAMPLES: Final = 200
_COUNTED: Final = 0.75
"""The part of the cases that counts in a metric at least, where a bar is suggested. Of the shipped tool calls 58 of 76
have a reply that calls a tool."""


@dataclass(frozen=True, slots=True)
class _Planned:
    """The trials of one provider, without replies, and whether each case expects a call (1, 0, or -1)."""

    table: Table
    cases: int
    expects: Sequence[int]

    def of_size(self, cases: int) -> _Planned:
        """The same with so many cases: those of the run, again and again."""
        rows, rounds = len(self.table), -(-cases // self.cases)
        again = self.table.take(np.tile(np.arange(rows), rounds))
        again = again.changed(case=again.case + np.repeat(np.arange(rounds) * self.cases, rows))
        return _Planned(again.take(np.flatnonzero(again.case < cases)), cases, [*self.expects] * rounds)

    def thinned(self, part: float) -> _Planned:
        """Only a part of the cases, evenly spread: what the cases of each suite decide becomes less."""
        kept = [case for case in range(self.cases) if math.floor((case + 1) * part) > math.floor(case * part)] or [0]
        number = np.full(self.cases, -1)
        number[kept] = np.arange(len(kept))
        table = self.table.take(np.flatnonzero(number[self.table.case] >= 0))
        return _Planned(table.changed(case=number[table.case]), len(kept), [self.expects[case] for case in kept])


def refuse_unattainable(
    bar: Bar,
    cases: Sequence[Case],
    providers: Sequence[Provider],
    *,
    repeats: int,
    modes_of_thinking: Sequence[ThinkingMode],
) -> None:
    """Refuse a bar with a rule that no provider can meet with these cases, however well it answers.

    Args:
        repeats: the most that the run may have.

    Raises:
        ConfigError: ``bar-unattainable``, with the numbers, for the first such rule.
    """
    referenced = any(provider.role is Role.REFERENCE for provider in providers)
    for rule in bar.rules:
        if rule.versus_reference and not referenced:
            message = f"the rule on {rule.metric} compares with the reference, and no provider has that role"
            raise ConfigError(message, code="bar-unattainable", hint='Valid: role = "reference" at one provider.')
        for provider in _bound_by(rule, providers):
            variants = {case.key: variants_of(case, provider, modes_of_thinking) for case in cases}
            _check(rule, _plan(cases, repeats, variants), partial(_plan, cases, repeats + 1, variants))


def strictest_attainable(rules: Sequence[Rule], cases: Sequence[Case], providers: Sequence[Provider]) -> Rule | None:
    """The first of the rules that each provider could meet with one request for each of these cases and modes.

    A part of the cases may decide nothing: a call that is not required, a reply that is lost.
    """
    plans = {
        one.name: _plan(cases, 1, {case.key: variants_of(case, one, (ThinkingMode.AS_SERVED,)) for case in cases})
        for one in providers
    }

    def met(rule: Rule) -> bool:
        tables = [plans[one.name] for one in _bound_by(rule, providers)]
        return all(len(planned.table) and _decided(rule, planned.thinned(_COUNTED)) is None for planned in tables)

    return next(filter(met, rules), None)


def _bound_by(rule: Rule, providers: Sequence[Provider]) -> Iterator[Provider]:
    """The providers that a rule is about."""
    return (provider for provider in providers if rule.is_about(provider.name, provider.role))


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _plan(cases: Sequence[Case], repeats: int, variants: Mapping[str, Sequence[Variant]]) -> _Planned:
    infos: list[CaseInfo] = [case_info(case) for case in cases]
    expected = [expects_call(case) for case in cases]
    return _Planned(
        tabulate([], infos, repeats, variants), len(cases), [-1 if one is None else int(one) for one in expected]
    )


def _check(rule: Rule, planned: _Planned, repeated: Callable[[], _Planned]) -> None:
    """Refuse a rule that the best replies to the planned trials do not meet; ``repeated`` plans one repeat more."""
    best = _decided(rule, planned) if len(planned.table) else None
    if best is None:
        return
    low = planned.cases
    unit = "case" if best.unit in ("proportion", "difference", "USD") or rule.versus_reference else "request"
    have = f"the run has {_number(best.n, unit)} for it"
    if best.value is None and not best.n:
        have = f"here {best.note}"
    high = 2 * low
    while high <= MOST_CASES and _decided(rule, planned.of_size(high)) is not None:
        low, high = high, 2 * high
    bound = f"{'at_least' if rule.at_least is not None else 'at_most'} = {rule.bound:g}"
    what = f"no provider can meet the rule on {rule.metric} ({bound})"
    if high > MOST_CASES:
        problem = f"{what}, however well it answers and however many cases there are: {have}"
        more = "" if best.n or not any(one.n for one in _bests(rule, repeated())) else "more --repeats, "
        raise ConfigError(problem, code="bar-unattainable", hint=f"Valid: {more}another bound, metric or suite.")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _decided(rule, planned.of_size(middle)) is not None else (low, middle)
    needed = max(best.n for best in _bests(rule, planned.of_size(high)))
    raise ConfigError(
        f"{what}: it takes {_number(needed, unit)}, all answered rightly, and {have}",
        code="bar-unattainable",
        hint=f"Valid: more suites or examples ({_number(high, 'case')} like these instead of {planned.cases}), "
        + ("more --repeats, " if unit == "request" else "")
        + 'a wider bound, or side = "value".',
    )


def _decided(rule: Rule, planned: _Planned) -> Estimate | None:
    """None if the best replies meet the rule, else what they give."""
    found = None
    for best in _bests(rule, planned):
        if best.value is not None and ruling_of(rule, best, best.value) is Ruling.PASS:
            return None
        found = found or best
    return found


def _bests(rule: Rule, planned: _Planned) -> Iterator[Estimate]:
    """What the metric would be if every reply were right, and every connection kept, or new."""
    metric = describe(rule.metric)
    versus = rule.versus_reference or rule.versus_baseline
    if metric.unit == "proportion" and metric.higher_is_better is (rule.at_least is None):
        return  # a bound that asks for bad replies
    if versus and metric.unit == "proportion" and rule.bound * (1 if rule.at_least is not None else -1) >= 0:
        return  # to be better than the reference by so much depends on how bad the reference is
    for cold in (False, True):
        up = rule.at_least is not None
        ours, theirs = (_sample(planned, cold=cold, up=up is mine) for mine in (True, False))
        if versus and metric.difference is not None:
            yield metric.difference(ours, theirs).estimate
        elif metric.estimate is not None:
            yield metric.estimate(ours)


def _sample(planned: _Planned, *, cold: bool, up: bool) -> Sample:
    """Trials that are all answered rightly, with times, speeds and costs that are as high, or as low, as can be."""
    table, size = planned.table, len(planned.table)
    expects = np.asarray(planned.expects, dtype=np.int8)[table.case]
    called = table.asked_tools & (expects != 0)
    order = np.arange(size) - np.searchsorted(table.case, table.case)
    spread = 1 + (order * planned.cases + table.case) / (size * planned.cases)  # all differ, alike in each case
    values = spread * (1e12 if up else 1e-12)
    yes = np.ones(size, dtype=bool)
    ideal = table.changed(
        absent=np.full(size, ""),
        attempts=np.ones(size, dtype=np.int64),
        first_ok=yes,
        ok=yes,
        called=called,
        calls_valid=np.where(called, 1, -1).astype(np.int8),
        finish=np.where(called, Finish.CALLS.value, Finish.STOP.value),
        expects=expects,
        structured=np.where(table.asked_structured & ~called, "valid", ""),
        cost=np.full(size, 1e12 if up else 1e-12),
        thinking_cost=np.full(size, 1e12 if up else 1e-12),
        must_passes=np.ones(size, dtype=np.int8),
        passes=np.ones(size, dtype=np.int8),
        client_limited=~yes,
        cold=np.full(size, cold),
        times=dict.fromkeys(table.times, values),
    )
    resampler = Resampler(planned.cases, 0, _RESAMPLES)
    return Sample(ideal, resampler, called.astype(np.int8), Pairing(ideal, ideal, ideal))
