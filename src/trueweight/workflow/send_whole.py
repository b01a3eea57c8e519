"""Send a run as ``trueweight run`` does, without a screen: the probe, the first pass, the repeats that it asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from trueweight.core.probe import Probe
from trueweight.store import RunDir, RunFile, pending
from trueweight.wire import SendResult, WireSettings, remaining_limits, send
from trueweight.workflow.probe import ProbeResult, probe_providers, read_probe, write_probe
from trueweight.workflow.repeats import RepeatChoice, choose_repeats, recorded_choice
from trueweight.workflow.run_builder import RunBuilder
from trueweight.workflow.send import PreparedRun, amend_run, open_to_send
from trueweight.workflow.thinking import recorded_allowance, ways_to_try


@dataclass(frozen=True, slots=True)
class BuiltRun(PreparedRun):
    """A prepared run that can be built again with what a probe and a first pass find.

    Attributes:
        auto_repeats: whether the first pass chooses the repeats.
    """

    builder: RunBuilder | None = None
    auto_repeats: bool = False


async def send_whole(
    prepared: PreparedRun,
    directory: Path,
    *,
    keys: Mapping[str, str],
    settings: WireSettings,
    fresh: bool,
    retry_errors: bool,
    probing: bool,
) -> SendResult:
    """Send what the directory does not have yet. A run without a builder is sent as it is.

    Raises:
        ConfigError: if another process writes to the directory.
    """
    builder = prepared.builder if isinstance(prepared, BuiltRun) else None
    probed = ProbeResult(Probe(), (), settings)
    if builder is not None:
        builder = replace(builder, allowance=_allowance(builder, directory, fresh=fresh))
        if probing:
            probed = await _probe(builder, directory, keys=keys, settings=settings, fresh=fresh)
    found = probed.probe if probing and builder is not None else None
    choice = None if fresh else _choice(directory)
    first = prepared if builder is None else builder.run(found, choice)
    run, _ = open_to_send(first, directory, fresh=fresh)
    with run:
        write_probe(run, probed)
        todo = pending(probed.allowed(first.plan.trials), run, retry_errors=retry_errors)
        result = await send(todo, keys=keys, sink=run.append, settings=probed.settings)
        choosing = isinstance(prepared, BuiltRun) and prepared.auto_repeats and choice is None
        if builder is None or not choosing or result.interrupted:
            return result
        left = remaining_limits(probed.settings, result)
        whole = builder.run(found, choose_repeats(run, left))
        amend_run(run, whole)
        todo = pending(probed.allowed(whole.plan.trials), run)
        return _together(result, await send(todo, keys=keys, sink=run.append, settings=left))


async def _probe(
    builder: RunBuilder, directory: Path, *, keys: Mapping[str, str], settings: WireSettings, fresh: bool
) -> ProbeResult:
    return await probe_providers(
        builder.providers,
        keys=keys,
        settings=settings,
        before=None if fresh else read_probe(directory),
        switches=ways_to_try(builder.providers, builder.profile.profile, builder.options.thinking),
    )


def _allowance(builder: RunBuilder, directory: Path, *, fresh: bool) -> int | None:
    return recorded_allowance(directory, fresh=fresh) if builder.allowance is None else builder.allowance


def _choice(directory: Path) -> RepeatChoice | None:
    if not RunFile.MANIFEST.is_in(directory):
        return None
    with RunDir.open(directory) as run:
        return recorded_choice(run.manifest.options)


def _together(first: SendResult, second: SendResult) -> SendResult:
    """Two rounds as one result: the second, with what both sent."""
    names = first.cost.keys() | second.cost.keys()
    sums = {name: [one for part in (first, second) if (one := part.cost.get(name)) is not None] for name in names}
    return replace(
        second,
        recorded=first.recorded + second.recorded,
        requests=dict(Counter(first.requests) + Counter(second.requests)),
        cost={name: sum(found) if found else None for name, found in sums.items()},
        unsent=(*first.unsent, *second.unsent),
    )
