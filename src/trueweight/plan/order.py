"""The order in which trials are sent: seeded, and interleaved so that no provider gets the quiet hour."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trueweight.core import Case, ConfigError, Provider, Role, Trial, digest

MOST_REPEATS, MOST_PASSES = 10_000, 100
"""As in the schema of a manifest: who judges a run lays out every trial that it says was planned."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All trials of a run, in the order in which they are to be sent.

    Attributes:
        repeats: how often a candidate is asked each case in each mode.
        passes: the reference is asked this many times as often; the first ``repeats`` of its repeats are reference A.
    """

    trials: tuple[Trial, ...]
    seed: int
    repeats: int
    passes: int


def make_plan(
    cases: Iterable[Case],
    providers: Sequence[Provider],
    *,
    repeats: int = 1,
    passes: int = 2,
    seed: int = 0,
    limit: int | None = None,
) -> Plan:
    """Lay out every case × provider × repeat × mode.

    The order is by rounds: a round asks every case once (the reference ``passes`` times), cases in a random order, and
    all trials of one case stand together, in a random order again. So what is compared is asked close together in time,
    and reference A and B share the same hours. Order keys are digests of seed and trial: adding a provider or a case
    moves no other trial, and every machine and Python version agrees.

    Args:
        limit: take only the first ``limit`` cases of each suite, so that a short run still touches all of them.

    Raises:
        ConfigError: for numbers below 1, two cases of one key, or a request that JSON cannot say (NaN, a date).
    """
    numbers = (
        ("repeats", repeats, MOST_REPEATS),
        ("passes", passes, MOST_PASSES),
        ("limit", 1 if limit is None else limit, sys.maxsize),
    )
    for name, value, most in numbers:
        if not 1 <= value <= most:
            range_ = "from 1" if most == sys.maxsize else f"from 1 to {most:,}"
            hint = f"Valid: a whole number {range_} for {name}."
            raise ConfigError(f"{name} = {value}", code="plan-value", hint=hint)
    chosen = _limited(cases, limit)
    trials: list[Trial] = []
    for round_ in range(repeats):
        for case in sorted(chosen, key=lambda case: digest([seed, round_, case.key])):
            block = [
                Trial.of(case, provider, repeat, mode)
                for provider in providers
                for repeat in _repeats_in_round(provider, round_, repeats, passes)
                for mode in case.modes
            ]
            trials += sorted(block, key=lambda trial: digest([seed, trial.id]))
    return Plan(tuple(trials), seed, repeats, passes)


def _repeats_in_round(provider: Provider, round_: int, repeats: int, passes: int) -> Iterable[int]:
    """A candidate's one repeat; of the reference one of A (below ``repeats``), one of B, and so on."""
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
