"""Drift in a run: send it, replay it, and put its results into the summary.

The investigation yields the trials to send. A live run takes their exchanges from the wire, a replay from the run
directory. Both drive the same generator, so the same exchanges lead to the same verdict at the same request.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from trueweight.core import (
    ConfigError,
    Drift,
    DriftFinding,
    DriftFindingCode,
    DriftVerdict,
    Estimate,
    Exchange,
    InfrastructureError,
    Provider,
    Role,
    Suite,
    Trial,
)
from trueweight.core.probe import Probe
from trueweight.core.provider import reference_among
from trueweight.core.summary import Summary
from trueweight.drift import (
    SUITE,
    Batches,
    DriftSettings,
    Investigation,
    Ladder,
    Script,
    Tolerances,
    drift_outcomes,
    ladder_of,
    largest,
    tolerances_of,
    write_script,
)
from trueweight.drift.by_logprobs import LogprobTest
from trueweight.drift.settings import THOUGHT_TOKENS, is_current
from trueweight.plan import Plan
from trueweight.profiles import RequestRules
from trueweight.store import RunDir, RunFile, SuiteRecord, pending, require_readable
from trueweight.wire import WireEvent, WireSettings, remaining_limits, send
from trueweight.workflow.send import PreparedRun, RunOptions, prepare

FORMAT = "trueweight.drift/3"
"""Format of ``drift.json``. Format 2 was of the test by distances, format 1 had sentences in place of codes."""

OPTION = "drift"
"""The manifest's option with drift's settings and ladder, so that a replay needs only the directory."""

Progress = Callable[[Investigation], None]


def settings_for(
    settings: DriftSettings, rules: RequestRules, providers: Sequence[Provider], probe: Probe | None = None
) -> DriftSettings:
    """The settings for a model family: for one that thinks, with thinking off if every provider has a switch for it;
    else requests for log-probabilities ask for a few tokens, into the thought.

    Args:
        probe: shows which providers think where no profile does.
    """
    if not rules.thinks and all(one.thinking is None for one in (probe.providers if probe else ())):
        return settings
    off = {provider.name: provider.thinking.off for provider in providers if provider.thinking.off is not None}
    reference = reference_among(providers)
    # Beside a reference that shows no thought, a host whose thinking cannot be turned off is not compared.
    if len(off) == len(providers) or (not rules.thinks and reference is not None and reference.name in off):
        return replace(settings, thinking_off=off)
    return replace(settings, first_tokens=THOUGHT_TOKENS) if rules.thinks else settings


def prepare_drift(
    providers: Sequence[Provider],
    settings: DriftSettings,
    ladder: Ladder | None = None,
    *,
    beside: PreparedRun | None = None,
) -> PreparedRun:
    """A run that measures drift, alone or beside the suites of another prepared run.

    Raises:
        ConfigError: no reference, no candidate, α outside (0, 1), or a budget that can never decide.
    """
    settings.require_sound(providers)
    base = beside or prepare(providers, [], RunOptions(passes=2, seed=settings.seed))
    script = write_script(settings)
    suite = Suite(SUITE, script.cases)
    chosen = {"settings": settings.as_json(), "ladder": ladder.as_json() if ladder else None}
    manifest = msgspec.structs.replace(
        base.manifest,
        suites=(*base.manifest.suites, SuiteRecord(SUITE, suite.digest(), len(script.cases))),
        options={**base.manifest.options, OPTION: chosen},
    )
    require_readable(manifest)
    return replace(base, manifest=manifest, cases=(*base.cases, *script.cases))


def drift_plan(prepared: PreparedRun) -> Plan:
    """The most that drift can send, as a plan, for a forecast: it stops earlier where it can decide."""
    settings = DriftSettings.from_json(prepared.manifest.options[OPTION]["settings"])
    found = Investigation(Script(prepared.cases), prepared.manifest.providers, settings)
    return Plan(tuple(largest(found)), settings.seed, 1, 1)


def investigation_of(run: RunDir) -> Investigation:
    """The investigation that a run's manifest describes, at its beginning.

    Raises:
        ConfigError: ``drift-not-recorded`` if the run has none.
    """
    chosen = _chosen(run)
    return Investigation(
        Script(run.cases().values()), run.manifest.providers, DriftSettings.from_json(chosen["settings"])
    )


def has_drift(run: RunDir) -> bool:
    """Whether the run measures drift."""
    return OPTION in run.manifest.options


def ladder_used(run: RunDir) -> Ladder | None:
    """The ladder that the run's candidates are placed on; None without one."""
    recorded = _chosen(run)["ladder"]
    return None if recorded is None else Ladder.from_json(recorded, where=str(run.path))


async def send_drift(
    run: RunDir,
    *,
    keys: Mapping[str, str],
    settings: WireSettings,
    on_event: Callable[[WireEvent], None] | None = None,
    on_round: Progress | None = None,
    without: Collection[str] = (),
) -> bool:
    """Send rounds of prompts until each candidate is decided, out of budget, or silent.

    Each exchange is recorded before the next round. Recorded trials are not sent again, so the same call resumes.

    Args:
        on_round: is called after each round.
        without: providers that are sent nothing, because their setup is wrong.

    Returns:
        Whether it was interrupted.
    """
    found = investigation_of(run)
    batches = found.batches()
    batch = next(batches, None)
    interrupted = ended = False
    while batch is not None and not ended:
        todo = [trial for trial in pending(batch, run) if trial.provider.name not in without]
        if todo:
            result = await send(
                todo,
                keys=keys,
                sink=run.append,
                settings=settings,
                on_event=on_event,
                handle_signals=os.name == "posix",
            )
            settings = remaining_limits(settings, result)
            interrupted = interrupted or result.interrupted
            ended = interrupted or settings.exhausted
        batch = _advance(batches, _recorded(run, batch))
        if on_round is not None:
            on_round(found)
    return interrupted


def replay_drift(run: RunDir) -> Investigation:
    """The investigation after all recorded exchanges: at its end, or where sending was interrupted."""
    found = investigation_of(run)
    batches = found.batches()
    batch = next(batches, None)
    while batch is not None and (answers := _recorded(run, batch)):
        batch = _advance(batches, answers)
    return found


def _advance(batches: Batches, answers: Mapping[str, Exchange]) -> Sequence[Trial] | None:
    """The next batch; None when there is nothing more to ask."""
    try:
        return batches.send(answers)
    except StopIteration:
        return None


def conclude_drift(run: RunDir) -> dict[str, Drift]:
    """Provider → its drift by the recorded exchanges, rounded as it is published.

    Each is inconclusive if an earlier version sent the requests: the present test cannot use them.
    """
    if not is_current(_chosen(run)["settings"]):
        return _old(run)
    found = drift_outcomes(replay_drift(run), ladder_used(run))
    return {name: drift.rounded() for name, drift in found.items()}


def _old(run: RunDir) -> dict[str, Drift]:
    settings = _chosen(run)["settings"]
    return {
        provider.name: Drift(
            verdict=DriftVerdict.INCONCLUSIVE,
            mode=None,
            e_value=1.0,
            e_equal=1.0,
            alpha=settings["alpha"],
            tau=0.0,
            effect=Estimate.not_applicable("nats", "measured by an earlier version"),
            findings=(DriftFinding(code=DriftFindingCode.OLD_METHOD),),
        )
        for provider in run.manifest.providers
        if provider.role is not Role.REFERENCE
    }


def with_drift(run: RunDir, summary: Summary) -> Summary:
    """The summary with the drift of each candidate; unchanged if drift was not measured in this run."""
    if not has_drift(run):
        return summary
    found = conclude_drift(run)
    providers = {
        name: msgspec.structs.replace(provider, drift=found[name]) if name in found else provider
        for name, provider in summary.providers.items()
    }
    return msgspec.structs.replace(summary, providers=providers)


def _chosen(run: RunDir) -> Mapping[str, Any]:
    """Drift's settings and ladder, as the run recorded them.

    Raises:
        ConfigError: ``drift-not-recorded`` if there are none.
        InfrastructureError: ``run-corrupt`` if a setting has a wrong type.
    """
    found = run.manifest.options.get(OPTION)
    if found is None:
        raise ConfigError(
            "drift was not measured in this run",
            code="drift-not-recorded",
            where=str(run.path),
            hint="Valid: a directory that `trueweight drift --out` or `trueweight run --drift` wrote.",
        )
    try:
        chosen = msgspec.convert(found, dict[str, Any])
        settings = msgspec.convert(chosen["settings"], dict[str, Any])
        if is_current(settings):
            DriftSettings.from_json(settings)
        return {"settings": settings, "ladder": chosen["ladder"]}
    except (msgspec.ValidationError, KeyError) as error:
        raise InfrastructureError(
            f"the settings of drift are damaged: {str(error)[:200]}",
            code="run-corrupt",
            where=str(RunFile.MANIFEST.of(run.path)),
            hint="Restore the file from a copy.",
        ) from None


def _recorded(run: RunDir, batch: Sequence[Trial]) -> dict[str, Exchange]:
    done = run.recorded()
    return {trial.id: run.read(trial.id) for trial in batch if trial.id in done}


def drift_text(found: Mapping[str, Drift]) -> str:
    """The text of ``drift.json``: the same bytes for the same exchanges."""
    value = {"format": FORMAT, "providers": {name: drift.as_json() for name, drift in found.items()}}
    return json.dumps(value, sort_keys=True, allow_nan=False, indent=1) + "\n"


def known_ladder(run: RunDir) -> Ladder:
    """The ladder that a calibration run recorded: its candidates, as rungs."""
    found = replay_drift(run)
    effects = {name: drift.effect for name, drift in drift_outcomes(found).items()}
    return ladder_of(found.candidates, effects, found.settings.seed, found.reference.model)


def known_tolerances(run: RunDir) -> Tolerances:
    """The tolerances of a calibration run whose providers are all honest hosts of one model.

    Raises:
        ConfigError: ``drift-calibration`` if they cannot be compared by log-probabilities.
    """
    found = replay_drift(run)
    by_logprobs = {name: one for name, one in found.candidates.items() if isinstance(one, LogprobTest)}
    return tolerances_of(found.reference.name, found.reference.model, by_logprobs)
