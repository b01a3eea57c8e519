"""Shrink a case of a recorded run: writes the smaller case, and a run directory with every attempt."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from trueweight import __version__
from trueweight.core import Provider
from trueweight.core.shrunk_case import FailingCase, Shrunk
from trueweight.core.thinking import without_allowance
from trueweight.store import Manifest, RunDir, SuiteRecord
from trueweight.suites import suite_path
from trueweight.wire import Environment, WireSettings
from trueweight.workflow.shrink.attempts import Attempts, Budget, Progress
from trueweight.workflow.shrink.recorded import lookup_failing_case, reference_of
from trueweight.workflow.shrink.shrinking import shrink
from trueweight.workflow.shrink.write import write_case


class Shrinking(NamedTuple):
    """The result, the run directory with every attempt, and the file of the smaller case (None if nothing failed)."""

    shrunk: Shrunk
    record: Path
    case: Path | None


def shrink_in_run(
    directory: Path,
    case_id: str,
    provider: str,
    *,
    check: str | None = None,
    out: Path | None = None,
    budget: Budget | None = None,
    keys: Callable[[tuple[Provider, ...]], Mapping[str, str]] | None = None,
    settings: WireSettings | None = None,
    environment: Environment | None = None,
    on_progress: Progress | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Shrinking:
    """Shrink a case of a run against one of its providers.

    Args:
        out: the new run directory for the attempts; by default beside the run, named after the run and the case.
        keys: maps providers to their API keys.

    Raises:
        ConfigError: if the run has no such failure, or ``out`` exists.
        InfrastructureError: if the provider cannot be reached.
    """
    with RunDir.open(directory) as run:
        failure = lookup_failing_case(run, case_id, provider, check=check)
        reference = reference_of(run, failure.provider)
        origin = run.manifest.options.get("drawn", {}).get(failure.case.suite)
        seed = run.manifest.seed
    providers = (failure.provider, *([reference] if reference is not None else []))
    record = out or _free(directory.with_name(f"{directory.resolve().name}-{_word(failure.case.id)}"))
    with RunDir.create(record, _manifest(failure, providers, seed, now()), ()) as attempts_run:
        attempts = Attempts(
            attempts_run,
            mode=failure.mode,
            thinking=failure.thinking,
            allowance=failure.allowance,
            check=failure.finding.check,
            keys={} if keys is None else keys(providers),
            budget=budget or Budget(),
            settings=settings or WireSettings(retries=1),
            environment=environment,
        )
        path = None if origin is None else suite_path(origin)
        shrunk = shrink(
            failure, attempts, reference=reference, suite=_suite_file(path, failure), on_progress=on_progress
        )
    if shrunk.case is None:
        return Shrinking(shrunk, record, None)
    # A run of the file adds its own allowance to the limit.
    case = without_allowance(shrunk.case, failure.allowance)
    named = replace(shrunk, case=replace(case, id=failure.case.id))
    return Shrinking(shrunk, record, write_case(named, record / f"{_word(failure.case.id)}.yaml"))


def _manifest(failure: FailingCase, providers: tuple[Provider, ...], seed: int, now: datetime) -> Manifest:
    """The manifest of the run that holds the attempts."""
    return Manifest(
        tool_version=__version__,
        seed=seed,
        repeats=1,
        passes=1,
        suites=(SuiteRecord(failure.case.suite, "0" * 64, 0),),
        providers=providers,
        started_at=now.isoformat(timespec="microseconds"),
        thinking=(failure.thinking,),
        thinking_allowance=failure.allowance,
        options={"shrink": {"of": failure.case.key, "check": failure.finding.check}},
    )


def _suite_file(path: Path | None, failure: FailingCase) -> Path | None:
    """The property suite's file; if the run was given a folder, the file in it that has the suite's name."""
    if path is not None and path.is_dir():
        return next((one for one in sorted(path.glob("*.py")) if _word(one.stem) == failure.case.suite), None)
    return path if path is not None and path.exists() else None


def _free(path: Path) -> Path:
    """The path, or the path with the first free number after it."""
    number = 1
    free = path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._") or "case"
