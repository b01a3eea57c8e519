"""The order in which trials are sent: seeded, and interleaved, so that all providers share the same hours;
and one machine's part of it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from trueweight.core import (
    MOST_ALLOWANCE,
    MOST_PASSES,
    MOST_REPEATS,
    Case,
    ConfigError,
    Provider,
    Role,
    Shard,
    ThinkingMode,
    Trial,
    TrialPlace,
    apis_of,
    digest,
    variants_of,
    with_allowance,
)
from trueweight.core.protocol import is_completion


class Inexpressible(NamedTuple):
    """A case that one API of a provider cannot express, so that no trial is made of it."""

    case: str
    provider: str
    api: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All trials of a run, in the order in which they are to be sent.

    Attributes:
        repeats: trials of a candidate for each case and mode.
        passes: the reference has this many times as many; the first ``repeats`` of them are reference A.
        inexpressible: the cases that an API of a provider cannot express, or whose thinking it cannot switch. They are
            not sent.
        thinking_allowance: tokens that are added to the limit of each case that does not test its limit.
    """

    trials: tuple[Trial, ...]
    seed: int
    repeats: int
    passes: int
    inexpressible: tuple[Inexpressible, ...] = ()
    thinking_allowance: int = 0


def make_plan(
    cases: Iterable[Case],
    providers: Sequence[Provider],
    *,
    repeats: int = 1,
    passes: int = 2,
    seed: int = 0,
    limit: int | None = None,
    thinking: Sequence[ThinkingMode] = (ThinkingMode.AS_SERVED,),
    thinking_allowance: int = 0,
) -> Plan:
    """Lay out every case × provider × API × repeat × mode × mode of thinking.

    The order is by rounds. A round has every case once (for the reference ``passes`` times), cases in a random order,
    and the trials of one case together, in a random order. So trials that are compared are sent at nearly the same
    time, and reference A and B share the same hours. The order comes from digests of seed and trial: adding a provider
    or a case moves no other trial, and every machine and Python version computes the same order.

    Args:
        limit: take only the first ``limit`` cases of each suite, so that a short run has cases of all of them.
        thinking: the modes of thinking in which the cases are sent.
        thinking_allowance: tokens for thoughts, added to the limit of each case that does not test its limit.

    Raises:
        ConfigError: for a number out of range, two cases with one key, or a request that is not JSON (NaN, a date).
    """
    numbers = (
        ("repeats", repeats, MOST_REPEATS),
        ("passes", passes, MOST_PASSES),
        ("limit", 1 if limit is None else limit, sys.maxsize),
        ("thinking_allowance", thinking_allowance + 1, MOST_ALLOWANCE + 1),
    )
    for name, value, most in numbers:
        if not 1 <= value <= most:
            range_ = "from 1" if most == sys.maxsize else f"from 1 to {most:,}"
            hint = f"Valid: a whole number {range_} for {name}."
            raise ConfigError(f"{name} = {value}", code="plan-value", hint=hint)
    chosen = [with_allowance(case, thinking_allowance) for case in _limited(cases, limit)]
    places = _places(chosen)
    trials: list[Trial] = []
    for round_ in range(repeats):
        for case in _in_order(places, seed, round_):
            block = [
                Trial.of(case, provider, repeat, variant.mode, variant.api, thinking=variant.thinking)
                for provider in providers
                for repeat in _repeats_in_round(provider, round_, repeats, passes)
                for variant in variants_of(case, provider, thinking)
            ]
            trials += sorted(block, key=lambda trial: digest([seed, trial.id]))
    refused = tuple(inexpressible(chosen, providers, thinking))
    return Plan(tuple(trials), seed, repeats, passes, refused, thinking_allowance)


class _Place(NamedTuple):
    """Where a case stands in each round: behind the case ``first``, with ``depth`` - 1 others between them."""

    case: Case
    first: str
    depth: int


def _places(cases: Iterable[Case]) -> dict[str, _Place]:
    """Key → place of each case that can be sent: a case that is sent after another one stands behind it."""
    found: dict[str, _Place] = {}
    for case in cases:
        before = None if case.behind is None else found.get(case.key_of(case.behind))
        if before is not None:
            found[case.key] = _Place(case, before.first, before.depth + 1)
        elif case.follows is None:
            found[case.key] = _Place(case, case.key, 0)
    return found


def _in_order(places: Mapping[str, _Place], seed: int, round_: int) -> list[Case]:
    """The cases of a round in a random order, each directly behind the one that it is sent after."""
    ordered = sorted(places.values(), key=lambda one: (digest([seed, round_, one.first]), one.depth))
    return [one.case for one in ordered]


def inexpressible(
    cases: Iterable[Case], providers: Sequence[Provider], thinking: Sequence[ThinkingMode] = (ThinkingMode.AS_SERVED,)
) -> Iterator[Inexpressible]:
    """Each case that an API of a provider cannot express, or whose thinking it cannot switch, in the order of the
    cases. So is one that continues the response of a case that is not sent."""
    cases = tuple(cases)
    places = _places(cases)
    for case in cases:
        for provider in providers:
            apis = apis_of(case, provider)
            for api, reason in apis.refused.items():
                yield Inexpressible(case.key, provider.name, api, reason)
            if case.key not in places:
                reason = f"it continues the response of {case.follows}, which is not sent"
                yield from (Inexpressible(case.key, provider.name, api, reason) for api in apis.asked)
                continue
            for one in thinking:
                if is_completion(case) and provider.thinking.fields(one) is None:
                    reason = f"its switch for thinking {one.value} is not known"
                    yield from (Inexpressible(case.key, provider.name, api, reason) for api in apis.asked)


def _repeats_in_round(provider: Provider, round_: int, repeats: int, passes: int) -> Iterable[int]:
    """The repeats in one round: one for a candidate, and one of each pass for the reference."""
    return range(round_, repeats * (passes if provider.role is Role.REFERENCE else 1), repeats)


def _limited(cases: Iterable[Case], limit: int | None) -> list[Case]:
    taken: Counter[str] = Counter()
    seen: set[str] = set()
    chosen: list[Case] = []
    for case in cases:
        if case.key in seen:
            raise ConfigError(
                f"two cases are called {case.key!r}",
                code="plan-duplicate-case",
                hint="Valid: ids that are unique in their suite, and suites of different names.",
            )
        seen.add(case.key)
        _check_sendable(case)
        taken[case.suite] += 1
        if limit is None or taken[case.suite] <= limit:
            chosen.append(case)
    return chosen


def _check_sendable(case: Case) -> None:
    try:
        case.request_digest()
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"case {case.key!r} cannot be sent: {error}",
            code="plan-not-json",
            hint="Valid: strings, finite numbers, booleans, null, lists and objects.",
        ) from None


def take_shard(plan: Plan, shard: Shard) -> Plan:
    """The trials of a shard, in the plan's order, each provider with its share of its limits.

    A trial that is sent after another one is in that one's shard.
    """
    limited: Mapping[str, Provider] = {trial.provider.name: limit(trial.provider, shard) for trial in plan.trials}
    firsts: dict[tuple[str, TrialPlace], str] = {}
    for trial in plan.trials:
        before = None if trial.behind is None else firsts.get((trial.provider.name, trial.behind))
        firsts[trial.provider.name, trial.place] = before or trial.id
    mine = tuple(
        replace(trial, provider=limited[trial.provider.name])
        for trial in plan.trials
        if shard.holds(firsts[trial.provider.name, trial.place])
    )
    return replace(plan, trials=mine)


def limit(provider: Provider, shard: Shard) -> Provider:
    """The provider with a shard's part of its rate limits. The ids of its trials stay the same.

    Each shard has at least one concurrent request, so more shards than ``concurrency`` together exceed that limit.
    """
    rate = provider.requests_per_minute
    return replace(
        provider,
        concurrency=None if provider.concurrency is None else max(1, shard.part_of(provider.concurrency)),
        requests_per_minute=None if rate is None else rate / shard.of,
    )
