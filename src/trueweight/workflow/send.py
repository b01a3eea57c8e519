"""Plan, send, and keep every exchange."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from trueweight import __version__
from trueweight.assess import Bar, check_names
from trueweight.core import Case, Provider, Suite, Trial
from trueweight.core.shard import stretches_to_json
from trueweight.plan import Plan, make_plan, take_shard
from trueweight.store import Manifest, RunDir, RunFile, SuiteRecord, explain_change, pending
from trueweight.wire import SendResult, WireEvent, WireSettings, send
from trueweight.workflow.bar import keep_bar
from trueweight.workflow.client import note_client
from trueweight.workflow.options import RunOptions
from trueweight.workflow.shards import keep_shards


@dataclass(frozen=True, slots=True)
class Recording:
    """A run that is ready to be sent.

    Attributes:
        cases: those the plan asks, in the order of their suites.
        bar: what the providers will be held to.
    """

    manifest: Manifest
    cases: tuple[Case, ...]
    plan: Plan
    bar: Bar | None = None


def prepare(
    providers: Sequence[Provider],
    suites: Sequence[Suite],
    options: RunOptions,
    *,
    bar: Bar | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Recording:
    """Lay out everything that will be sent, before anything is.

    Raises:
        ConfigError: for numbers below 1, two cases of one key, or a bar about a provider that is not asked.
    """
    if bar is not None:
        check_names(bar, [provider.name for provider in providers])
    everything = [case for suite in suites for case in suite.cases]
    plan = make_plan(
        everything,
        providers,
        repeats=options.repeats,
        passes=options.passes,
        seed=options.seed,
        limit=options.limit,
    )
    asked = {trial.case.key for trial in plan.trials}
    cases = tuple(case for case in everything if case.key in asked)
    manifest = Manifest(
        tool_version=__version__,
        seed=options.seed,
        repeats=options.repeats,
        passes=options.passes,
        suites=tuple(
            SuiteRecord(suite.name, suite.digest(), sum(case.key in asked for case in suite.cases)) for suite in suites
        ),
        providers=tuple(providers),
        started_at=now().isoformat(timespec="microseconds"),
        bar_digest=None if bar is None else bar.digest(),
        host={"python": platform.python_version(), "platform": platform.platform(), "cpus": os.cpu_count()},
        options=_options(suites, options),
    )
    return Recording(manifest, cases, take_shard(plan, options.shard) if options.shard else plan, bar)


def _options(suites: Sequence[Suite], options: RunOptions) -> dict[str, Any]:
    """What else shaped the run: enough to draw its generated cases again."""
    given: dict[str, Any] = {"limit": options.limit, "examples": options.examples}
    drawn = {suite.name: suite.origin for suite in suites if any("generated" in case.tags for case in suite.cases[:1])}
    if options.shard:
        given["shards"] = stretches_to_json([options.shard.stretch])
    return {**{key: value for key, value in given.items() if value is not None}, **({"drawn": drawn} if drawn else {})}


def open_for_recording(recording: Recording, directory: Path, *, fresh: bool) -> tuple[RunDir, tuple[str, ...]]:
    """The run's directory, new or resumed, and in plain sentences what changed since it began.

    A resumed run becomes what is asked for now, so that it is judged by the cases and providers of today.

    Raises:
        ConfigError: if another process is writing it.
    """
    text = None if recording.bar is None else recording.bar.text
    if fresh or not RunFile.MANIFEST.is_in(directory):
        return RunDir.create(directory, recording.manifest, recording.cases, fresh=fresh, bar=text), ()
    run = RunDir.open(directory, write=True)
    try:
        before, now = run.manifest, keep_bar(run, recording.manifest)
        now = replace(now, options=keep_shards(before, now.options))
        changes = explain_change(before, now)
        if changes or list(run.cases().values()) != list(recording.cases):
            run.amend(replace(now, started_at=before.started_at), recording.cases, bar=text)
    except BaseException:
        run.close()
        raise
    return run, changes


async def send_pending(
    run: RunDir,
    trials: Sequence[Trial],
    *,
    keys: Mapping[str, str],
    settings: WireSettings,
    on_event: Callable[[WireEvent], None] | None = None,
    retry_errors: bool = False,
) -> SendResult:
    """Send what the run does not have yet; every exchange is in the run before the next one is waited for."""
    todo = pending(trials, run, retry_errors=retry_errors)
    started_at = datetime.now(UTC).isoformat(timespec="microseconds")
    result = await send(
        todo,
        keys=keys,
        sink=run.append,
        settings=settings,
        on_event=on_event,
        handle_signals=os.name == "posix",
        check_client=True,
    )
    note_client(run, result, settings, started_at)
    return result


def unanswered(run: RunDir, plan: Plan) -> tuple[str, ...]:
    """Providers that were asked and never once answered, by name: not judged badly, not judged at all."""
    answered_trials = run.recorded() - run.failed()
    asked = {trial.provider.name for trial in plan.trials}
    answered = {trial.provider.name for trial in plan.trials if trial.id in answered_trials}
    return tuple(sorted(asked - answered))
