"""Prepare a run, open its directory, and send its trials. Every exchange is written."""

from __future__ import annotations

import os
import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec

from trueweight import __version__
from trueweight.assess import Bar, check_names
from trueweight.core import MOST_SEED, Case, ConfigError, Provider, Shard, Suite, ThinkingMode, Trial, with_allowance
from trueweight.core.shard import stretches_to_json
from trueweight.core.workload import MANIFEST_OPTION
from trueweight.plan import Plan, make_plan, take_shard
from trueweight.profiles import RequestRules
from trueweight.statistics.power import MOST_REPEATS
from trueweight.store import (
    ASKED_BY,
    COMMAND,
    Manifest,
    RunDir,
    RunFile,
    SuiteRecord,
    explain_change,
    pending,
    read_client,
    require_readable,
    require_recordable,
)
from trueweight.suites.workload_folder import workload_facts
from trueweight.wire import SendResult, WireEvent, WireSettings, send
from trueweight.workflow.attainable import refuse_unattainable
from trueweight.workflow.attainable_workload import refuse_unattainable_workload
from trueweight.workflow.bar import keep_bar
from trueweight.workflow.client import note_client
from trueweight.workflow.repeats import RepeatChoice, recorded_choice
from trueweight.workflow.requests import ADAPTED, with_profile_markers
from trueweight.workflow.shards import keep_shards


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Options that are set before a run and written into its manifest.

    Attributes:
        repeats: trials of a candidate for each case and mode.
        passes: the reference has this many times as many trials, so that it can be compared with itself.
        limit: cases of each suite, from its beginning; None is all.
        examples: cases that each property suite draws; None is the suite's default.
        seed: of the drawing of property suites, of the order of trials, and of every resampling.
        shard: send only the trials of this shard; the plan stays whole.
        rules: how cases are written for the model family.
        choice: how ``repeats`` was chosen, if it was.
        repeats_may_grow: they are chosen after the first passes.
        thinking: the modes of thinking in which the cases are sent.
        thinking_allowance: tokens for thoughts, added to the limits of the cases' answers.
        adapted: names of the providers whose requests the probe changed, because they refused a parameter.
        of_history: it is one of many runs that are judged together, so its own cases may be too few for the bar.
        asked_by: who asked for the run; it is on record and on the page.
    """

    repeats: int = 1
    passes: int = 2
    limit: int | None = None
    examples: int | None = None
    seed: int = 0
    shard: Shard | None = None
    rules: RequestRules = field(default_factory=RequestRules)
    choice: RepeatChoice | None = None
    repeats_may_grow: bool = False
    thinking: tuple[ThinkingMode, ...] = (ThinkingMode.AS_SERVED,)
    thinking_allowance: int = 0
    adapted: tuple[str, ...] = ()
    of_history: bool = False
    asked_by: str = ""


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """A run that is ready to be sent.

    Attributes:
        cases: the cases of the plan, in the order of their suites.
        bar: the thresholds for the providers.
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
) -> PreparedRun:
    """The manifest, the cases and the plan of a run, before the first request.

    Raises:
        ConfigError: for numbers below 1, two cases of one key, a bar for a provider that the run does not have, or one
            that cannot be met with these cases; ``not-recordable`` for what judging would refuse, e.g. NaN in a price.
    """
    if not 0 <= options.seed <= MOST_SEED:
        hint = f"Valid: a whole number from 0 to {MOST_SEED}."
        raise ConfigError(f"invalid seed {options.seed}", code="seed", where="--seed", hint=hint)
    if bar is not None:
        check_names(bar, [provider.name for provider in providers])
    suites = [with_profile_markers(options.rules.suite(suite), options.rules.profile) for suite in suites]
    everything = [case for suite in suites for case in suite.cases]
    require_recordable(providers, everything)
    plan = make_plan(
        everything,
        providers,
        repeats=options.repeats,
        passes=options.passes,
        seed=options.seed,
        limit=options.limit,
        thinking=options.thinking,
        thinking_allowance=options.thinking_allowance,
    )
    # A case that no API can express is part of the run too: it is on record as not applicable.
    planned = {trial.case.key for trial in plan.trials} | {one.case for one in plan.inexpressible}
    sent = (with_allowance(case, options.thinking_allowance) for case in everything if case.key in planned)
    cases = tuple(sent)
    if bar is not None and cases and not options.of_history:
        most = MOST_REPEATS if options.repeats_may_grow else options.repeats
        refuse_unattainable_workload(bar, cases, providers)
        refuse_unattainable(bar, cases, providers, repeats=most, modes_of_thinking=options.thinking)
    manifest = Manifest(
        tool_version=__version__,
        seed=options.seed,
        repeats=options.repeats,
        passes=options.passes,
        suites=tuple(
            SuiteRecord(suite.name, suite.digest(), sum(case.key in planned for case in suite.cases))
            for suite in suites
        ),
        providers=tuple(providers),
        started_at=now().isoformat(timespec="microseconds"),
        bar_digest=None if bar is None else bar.digest(),
        host={"python": platform.python_version(), "platform": platform.platform(), "cpus": os.cpu_count()},
        options=_options(suites, options),
        thinking=options.thinking,
        thinking_allowance=options.thinking_allowance,
    )
    require_readable(manifest)
    return PreparedRun(manifest, cases, take_shard(plan, options.shard) if options.shard else plan, bar)


def _options(suites: Sequence[Suite], options: RunOptions) -> dict[str, Any]:
    """The other options of the run: enough to draw its generated cases again."""
    given: dict[str, Any] = {"limit": options.limit, "examples": options.examples, **options.rules.as_options()}
    drawn = {suite.name: suite.origin for suite in suites if any("generated" in case.tags for case in suite.cases[:1])}
    if options.asked_by:
        given[ASKED_BY] = options.asked_by
    if options.adapted:
        given[ADAPTED] = list(options.adapted)
    if options.choice is not None:
        given |= options.choice.as_options()
    facts = next((found for suite in suites if (found := workload_facts(suite)) is not None), None)
    if facts is not None:
        given[MANIFEST_OPTION] = msgspec.to_builtins(facts)
    if options.shard:
        given["shards"] = stretches_to_json([options.shard.stretch])
    return {**{key: value for key, value in given.items() if value is not None}, **({"drawn": drawn} if drawn else {})}


def with_command(prepared: PreparedRun, command: Sequence[str]) -> PreparedRun:
    """The run with the words of the command that makes it on record; as it was if there are none."""
    if not command:
        return prepared
    options = {**prepared.manifest.options, COMMAND: list(command)}
    return replace(prepared, manifest=msgspec.structs.replace(prepared.manifest, options=options))


def open_to_send(prepared: PreparedRun, directory: Path, *, fresh: bool) -> tuple[RunDir, tuple[str, ...]]:
    """The run's directory, new or resumed, and a sentence for each change since it began.

    A resumed run takes over the manifest and the cases given here, and is judged by them.

    Raises:
        ConfigError: if another process is writing it.
        InfrastructureError: ``run-corrupt`` if a file is damaged that it adds to.
    """
    if fresh or not RunFile.MANIFEST.is_in(directory):
        return RunDir.create(directory, prepared.manifest, prepared.cases, fresh=fresh, bar=_bar_text(prepared)), ()
    run = RunDir.open(directory, write=True)
    try:
        read_client(run)  # refused if it is damaged: after the requests it is too late
        changes = amend_run(run, prepared)
    except BaseException:
        run.close()
        raise
    return run, changes


def amend_run(run: RunDir, prepared: PreparedRun) -> tuple[str, ...]:
    """Give a run the manifest and the cases of a prepared one. Returns a sentence for each change."""
    before, now = run.manifest, keep_bar(run, prepared.manifest)
    now = msgspec.structs.replace(now, options=keep_shards(before, now.options))
    changes = explain_change(before, now)
    same_choice = recorded_choice(before.options) == recorded_choice(now.options)
    same_facts = before.options.get(MANIFEST_OPTION) == now.options.get(MANIFEST_OPTION)
    if changes or not same_choice or not same_facts or list(run.cases().values()) != list(prepared.cases):
        amended = msgspec.structs.replace(now, started_at=before.started_at)
        run.amend(amended, prepared.cases, bar=_bar_text(prepared))
    return changes


def _bar_text(prepared: PreparedRun) -> str | None:
    return None if prepared.bar is None else prepared.bar.text


class Sender(Protocol):
    """Sends the trials that a run does not have yet, and records them in it: on this machine, or on several."""

    def __call__(
        self,
        run: RunDir,
        trials: Sequence[Trial],
        *,
        keys: Mapping[str, str],
        settings: WireSettings,
        on_event: Callable[[WireEvent], None] | None = None,
        retry_errors: bool = False,
    ) -> Awaitable[SendResult]: ...


async def send_pending(
    run: RunDir,
    trials: Sequence[Trial],
    *,
    keys: Mapping[str, str],
    settings: WireSettings,
    on_event: Callable[[WireEvent], None] | None = None,
    retry_errors: bool = False,
) -> SendResult:
    """Send the trials that the run does not have yet. Each exchange is written as soon as it is complete."""
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
    """Names of the providers without a single response. They are not judged."""
    answered_trials = run.recorded() - run.failed()
    planned = {trial.provider.name for trial in plan.trials}
    answered = {trial.provider.name for trial in plan.trials if trial.id in answered_trials}
    return tuple(sorted(planned - answered))
