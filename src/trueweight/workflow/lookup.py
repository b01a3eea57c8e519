"""Lookup in a recorded run: a case by its name, a provider by its name, a trial by its id. Judges nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

from trueweight.core import Case, ConfigError, Mode, Provider, Role, ThinkingMode, near_miss, trial_id, variants_of
from trueweight.store import RunDir

MAX_LISTED = 12
LEAST_PREFIX = 4


def find_single_case(run: RunDir, name: str) -> Case:
    """A case as `find_case`, whose request can be sent alone.

    Raises:
        ConfigError: as `find_case`; ``case-follows`` for a case that continues the response of another one.
    """
    case = find_case(run, name)
    if case.follows is not None:
        raise ConfigError(
            f"case {case.key!r} continues the response of {case.follows!r}, so it cannot be sent alone",
            code="case-follows",
            where=str(run.path),
            hint=f"Send both in a run: trueweight run --suite {case.suite}.",
        )
    return case


def find_case(run: RunDir, name: str) -> Case:
    """A case by ``suite/id``, or by its id alone if only one suite has it.

    Raises:
        ConfigError: ``case-not-found`` or ``case-ambiguous``.
    """
    cases = run.cases()
    found = [case for key, case in cases.items() if name in (key, case.id)]
    if len(found) == 1:
        return found[0]
    if found:
        hint = f"Valid: {', '.join(case.key for case in found)}."
        raise ConfigError(f"several cases have the id {name!r}", code="case-ambiguous", hint=hint)
    names = list(cases) if "/" in name else [case.id for case in cases.values()]
    close = difflib.get_close_matches(name, names, n=MAX_LISTED, cutoff=0.5)
    raise ConfigError(
        f"the run has no case {name!r}",
        code="case-not-found",
        where=str(run.path),
        hint=near_miss(name, close) if close else "`trueweight show DIR` lists the cases in which providers differ.",
    )


def find_provider(run: RunDir, name: str, known: Sequence[Provider] | None = None) -> Provider:
    """A provider of the run; or of the user's own file, if ``known`` has its providers.

    Raises:
        ConfigError: ``provider-not-found``.
    """
    providers = {provider.name: provider for provider in (run.manifest.providers if known is None else known)}
    if name not in providers:
        where, whose = (str(run.path), "the run") if known is None else ("--providers", "the file")
        raise ConfigError(
            f"{whose} has no provider {name!r}",
            code="provider-not-found",
            where=where,
            hint=near_miss(name, providers),
        )
    return providers[name]


def find_trial(run: RunDir, text: str) -> str:
    """The id of a recorded trial, from the id or a unique prefix of at least four digits.

    Raises:
        ConfigError: ``trial-not-found`` if no trial matches, or several do.
    """
    recorded = run.recorded()
    if text in recorded:
        return text
    found = sorted(trial for trial in recorded if trial.startswith(text)) if len(text) >= LEAST_PREFIX else []
    if len(found) == 1:
        return found[0]
    problem = f"{len(found)} trials begin with {text!r}" if found else f"no trial {text!r} in this run"
    raise ConfigError(
        problem,
        code="trial-not-found",
        where=str(run.path),
        hint="Valid: a trial id from the report or `trueweight show DIR CASE`, or a prefix of one.",
    )


class RecordedTrial(NamedTuple):
    """A trial of a case and a provider that the run has a record of."""

    api: str
    mode: Mode
    thinking: ThinkingMode
    repeat: int
    id: str


def trials_of(run: RunDir, case: Case, provider: Provider) -> Iterator[RecordedTrial]:
    """The recorded trials of a case and a provider."""
    recorded = run.recorded()
    times = run.manifest.repeats * (run.manifest.passes if provider.role is Role.REFERENCE else 1)
    variants = variants_of(case, provider, run.manifest.thinking)
    for (api, mode, thinking), repeat in product(variants, range(times)):
        trial = trial_id(case, provider, repeat, mode, api, thinking=thinking)
        if trial in recorded:
            yield RecordedTrial(api, mode, thinking, repeat, trial)
