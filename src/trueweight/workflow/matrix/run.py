"""A matrix is a run like any other: real HTTP to a fleet in its own process, exchanges on disk, then judged."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import anyio

from trueweight import __version__
from trueweight.config import load_providers
from trueweight.core import (
    DEFAULT_API,
    Case,
    ConfigError,
    Exchange,
    FailureKind,
    Observation,
    Outcome,
    Profile,
    Provider,
    Severity,
    Suite,
    Trial,
    near_miss,
    with_allowance,
)
from trueweight.core.fleet_matrix import FaultResult, FleetMatrix
from trueweight.fleet.apis import SERVED
from trueweight.fleet.child import running_fleet
from trueweight.fleet.faults import FAULTS
from trueweight.fleet.faults.leak_tool_markers import DIALECT
from trueweight.fleet.known import KnownAnswers
from trueweight.fleet.network import MODEL
from trueweight.fleet.roster import WRITES, members_named
from trueweight.store import Manifest, RunDir, SuiteRecord
from trueweight.wire import WireSettings
from trueweight.workflow.judge import judge_exchanges
from trueweight.workflow.matrix.select import HANDWRITTEN, HEALTHY, SOUND, entry_of, matrix_faults, select_cases
from trueweight.workflow.requests import with_profile_markers
from trueweight.workflow.send import send_pending

_SETTINGS = WireSettings(
    concurrency=4,
    retries=2,
    backoff_base=0.5,
    first_byte_timeout=20.0,
    stall_timeout=10.0,
    max_response_bytes=2 * 1024 * 1024,
)
"""Patient enough for every healthy provider on a busy machine; the hanging ones are waited for side by side. Retries
wait so long that others are answered meanwhile: else a case that gets a 5xx each time looks like an outage."""
_HIDDEN = f"{WRITES}thought-hidden"
_ALLOWANCE = 512
"""Tokens for the thoughts of the healthy provider that thinks."""
_PROFILE = Profile(name="fleet", title="The fleet's model", models=(MODEL,), sources=(), markers=(DIALECT,))
"""The profile of the fleet's model, as a user may write one."""
_LORIS = 3.0
"""Seconds for one attempt on a provider that never ends its response."""


class Recorded(NamedTuple):
    """A matrix on record, or a part of it, held in memory."""

    manifest: Manifest
    cases: Mapping[str, Case]
    exchanges: Iterable[Exchange]


def chosen_names(only: Collection[str]) -> tuple[str, ...]:
    """Providers of a matrix: the faulty ones and the healthy ones, or the named ones.

    Raises:
        ConfigError: with the near miss, for a name that is neither a fault of the matrix nor a healthy provider.
    """
    everything = (*matrix_faults(), *HEALTHY, *HANDWRITTEN)
    for name in only:
        if name not in everything:
            hint = near_miss(name, everything)
            raise ConfigError(f"the matrix has no fault {name!r}", code="unknown-fault", where="--only", hint=hint)
    return tuple(name for name in everything if not only or name in only)


Progress = Callable[[str], None]


def fill_matrix(
    suites: Sequence[Suite], directory: Path, *, only: Collection[str] = (), progress: Progress = lambda _: None
) -> FleetMatrix:
    """Record and judge a matrix. The directory must not exist; ``progress`` receives a line for each step."""
    names = chosen_names(only)
    with record_matrix(suites, directory, names, progress=progress) as run:
        progress("judging")
        return judge_matrix(run, names, whole=not only)


def matrix_cases(suites: Iterable[Suite]) -> list[Case]:
    """The cases as a matrix sends them: with the markers of the fleet's model and room for thoughts."""
    marked = (with_profile_markers(suite, _PROFILE) for suite in suites)
    return [with_allowance(case, _ALLOWANCE) for suite in marked for case in suite.cases]


def record_matrix(
    suites: Sequence[Suite],
    directory: Path,
    names: Iterable[str],
    *,
    every: int = 1,
    progress: Progress = lambda _: None,
) -> RunDir:
    """Send every provider its cases over HTTP; a healthy one gets all cases, or one in ``every``."""
    names = list(names)
    cases = matrix_cases(suites)
    faults = [name for name in names if name in FAULTS.all()]
    progress(f"selecting cases for {len(faults)} faults out of {len(cases)} cases")
    plan: dict[str, Sequence[Case]] = dict(select_cases(faults, cases, KnownAnswers(suites)))
    sound = [name for name in names if name in SOUND]
    # All others are compared with the reference, so it gets every case that any provider gets.
    plan |= {name: cases[::every] for name in sound if name in HEALTHY}
    written = [name for name in sound if name not in HEALTHY]
    for at, name in enumerate(written):
        drawn = cases[at :: every * len(HANDWRITTEN)]
        # A host that keeps the thought cannot pass the cases that ask to see it.
        plan[name] = [case for case in drawn if name != _HIDDEN or "reasoning-present" not in case.checks]
    sent = {case.key for some in plan.values() for case in some}
    plan["reference"] = [case for case in cases if case.key in sent]
    served = {name if name in sound or name == "reference" else entry_of(name).name: name for name in plan}
    with running_fleet(served) as file:
        providers = [_limited(provider, served) for provider in load_providers(file, environ=os.environ)]
        manifest = _manifest(suites, providers)
        run = RunDir.create(directory, manifest, cases)
        trials = list(_trials(providers, {name: plan[served[name]] for name in served}))
        progress(f"sending {len(trials)} requests to {len(providers)} providers; some take 20 s on purpose")
        anyio.run(partial(send_pending, run, trials, keys={}, settings=_SETTINGS))
    return run


def _limited(provider: Provider, served: Mapping[str, str]) -> Provider:
    """The provider with all APIs of the fleet, for the cases about one of them."""
    provider = replace(provider, api=tuple(api.name for api in SERVED.values()))
    return replace(provider, timeout=_LORIS) if served[provider.name] == "slow-loris" else provider


def _manifest(suites: Sequence[Suite], providers: Sequence[Provider]) -> Manifest:
    return Manifest(
        tool_version=__version__,
        seed=0,
        repeats=1,
        passes=1,
        suites=tuple(SuiteRecord(suite.name, suite.digest(), len(suite.cases)) for suite in suites),
        providers=tuple(providers),
        started_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        thinking_allowance=_ALLOWANCE,
        host={"python": platform.python_version(), "platform": platform.platform(), "cpus": os.cpu_count()},
    )


def _trials(providers: Sequence[Provider], plan: Mapping[str, Sequence[Case]]) -> Iterable[Trial]:
    for provider in providers:
        for case in plan[provider.name]:
            for mode in case.modes:
                yield Trial.of(case, provider, 0, mode, case.api or DEFAULT_API)


def judge_matrix(
    run: RunDir | Recorded, names: Iterable[str], *, whole: bool = True, without: Collection[str] = ()
) -> FleetMatrix:
    """What was found of these providers. ``without`` names checks to leave out: what only they find is then missed."""
    record = run if isinstance(run, Recorded) else Recorded(run.manifest, run.cases(), run.exchanges())
    attempts: Counter[tuple[str, str]] = Counter()
    exchanges = _counting(record.exchanges, attempts)
    judgement = judge_exchanges(record.manifest, record.cases, exchanges, without=without)
    seen: dict[str, list[Observation]] = {provider.name: [] for provider in record.manifest.providers}
    for observation in judgement.observations:
        seen[observation.provider].append(observation)
    return FleetMatrix(tuple(_found(name, seen, attempts) for name in names), whole)


def _counting(exchanges: Iterable[Exchange], attempts: Counter[tuple[str, str]]) -> Iterator[Exchange]:
    """The exchanges; as they pass, the failures of their attempts are counted by provider and kind."""
    for exchange in exchanges:
        for attempt in exchange.attempts:
            if attempt.failure is not None and attempt.failure.kind is not FailureKind.CLIENT_ERROR:
                attempts[exchange.provider, attempt.failure.kind.value] += 1
        yield exchange


def _found(
    name: str, seen: Mapping[str, Sequence[Observation]], attempts: Mapping[tuple[str, str], int]
) -> FaultResult:
    faults = matrix_faults()
    entry = members_named([name])[0] if name in SOUND else entry_of(name)
    fault = None if name in SOUND else faults[name]
    rows = seen.get(entry.name, ())
    failed = [f for one in rows for f in one.findings if f.outcome is Outcome.FAIL]
    return FaultResult(
        name=name,
        says=fault.summary if fault else entry.summary,
        rows=fault.rows if fault else (),
        expected=(*fault.checks, *(kind.value for kind in fault.failures)) if fault else (),
        checks=dict(sorted(Counter(f.check for f in failed).items())),
        severe=dict(sorted(Counter(f.check for f in failed if f.severity is not Severity.INFO).items())),
        failures={kind: n for (who, kind), n in sorted(attempts.items()) if who == entry.name},
        cases=len({one.case for one in rows}),
    )
