"""The probe before a run, on the terminal: send it, say which providers are stopped and why."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace
from rich.console import Console

from trueweight.cli._screen import say
from trueweight.core import Provider, SwitchWays, Trial
from trueweight.core.probe import Probe
from trueweight.report.words import apis_that_answer, fault_sentence, unanswered_sentence
from trueweight.store import RunDir, RunFile, pending
from trueweight.wire import WireSettings, run_loop
from trueweight.workflow.probe import ProbeResult, is_known, probe_providers, read_probe


def probe_before(
    directory: Path,
    trials: Sequence[Trial] | None,
    providers: Sequence[Provider],
    *,
    keys: Mapping[str, str],
    settings: WireSettings,
    screen: Console,
    fresh: bool = False,
    retry_errors: bool = False,
    switches: Mapping[str, SwitchWays] = MappingProxyType({}),
    given: Probe | None = None,
) -> ProbeResult:
    """Probe the providers that still have trials to send and that no earlier probe of the directory found ready.

    It opens no run for writing, so it can be called before the run is prepared.

    Args:
        trials: of the run; None if what is sent is decided while it is sent, so that all providers are probed.
        given: the probe of another run, which counts where this directory has none.
    """
    before = _earlier(directory, given, fresh=fresh)
    todo = trials
    if trials is not None and not fresh and RunFile.MANIFEST.is_in(directory):
        with RunDir.open(directory) as run:
            todo = pending(trials, run, retry_errors=retry_errors)
    names = {one.name for one in providers} if todo is None else {trial.provider.name for trial in todo}
    # Before the probe finds a switch, `--thinking off` alone has no trial of a provider.
    names |= switches.keys()
    wanted = [provider for provider in providers if provider.name in names or is_known(provider, before, switches)]
    if all(is_known(provider, before, switches) for provider in wanted):
        return ProbeResult(before or Probe(), (), settings)
    with screen.status("probing") if screen.is_terminal and not screen.quiet else nullcontext():
        found = run_loop(
            partial(
                probe_providers,
                wanted,
                keys=keys,
                settings=settings,
                before=before,
                switches=switches,
                handle_signals=os.name == "posix",
            )
        )
    print_stopped(found.probe, screen)
    return found


def known_probe(
    directory: Path,
    providers: Sequence[Provider],
    given: Probe | None,
    switches: Mapping[str, SwitchWays],
    *,
    fresh: bool,
) -> Probe | None:
    """What earlier probes say of the providers that `probe_before` would not probe again; None if there was none."""
    before = _earlier(directory, given, fresh=fresh)
    if before is None:
        return None
    known = {one.name for one in providers if is_known(one, before, switches)}
    return replace(before, providers=tuple(one for one in before.providers if one.provider in known))


def _earlier(directory: Path, given: Probe | None, *, fresh: bool) -> Probe | None:
    """The probe of a directory, or else that of another run."""
    return (None if fresh else read_probe(directory)) or given


def print_stopped(probe: Probe, screen: Console) -> None:
    """A line for each provider and API that the probe stopped, and for each that gave it no answer and is asked all the
    same, because it may answer later."""
    apis = Counter(one.provider for one in probe.providers)
    for one in probe.providers:
        label = one.provider if apis[one.provider] == 1 else f"{one.provider} ({one.api})"
        if one.fault is not None:
            words = fault_sentence(one, apis_that_answer(one, probe.providers))
            say(screen, f"{label}: stopped before the run. {words}")
        elif words := unanswered_sentence(one):
            say(screen, f"{label}: {words}")
