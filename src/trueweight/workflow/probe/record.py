"""The probe in a run directory: ``probe.json``, its result, and ``probe.jsonl``, every exchange of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

import msgspec
from msgspec.structs import replace

from trueweight.core import ConfigError, Profile
from trueweight.core.probe import Probe, ProviderProbe
from trueweight.core.summary import Summary
from trueweight.core.summary_json import well_formed
from trueweight.store import RunDir, RunFile, encode_exchange, read_json_file, read_plain
from trueweight.workflow.probe.send import ProbeResult


def read_probe(directory: Path) -> Probe | None:
    """The probe of a run directory; None if it has none.

    Raises:
        ConfigError, InfrastructureError: as `read_json_file`: a fault of a provider's setup explains what it lacks.
    """
    without = "a judgement knows of no setup fault, and a `run` probes again"
    return read_json_file(RunFile.PROBE.of(directory), Probe, without=without)


def take_probe(path: Path) -> Probe:
    """The probe of another run directory, or of a file that ``ping --json`` wrote, for a run that sends none itself.

    Its requests and cost are not counted again.

    Raises:
        ConfigError: ``probe-unreadable`` if there is none.
    """
    file = RunFile.PROBE.of(path) if path.is_dir() else path
    try:
        found = msgspec.json.decode(read_plain(file), type=Probe)
    except msgspec.MsgspecError as error:
        hint = "Valid: a run directory with a probe, or what `trueweight ping --json` wrote."
        raise ConfigError(f"not a probe ({error})", code="probe-unreadable", where=str(file), hint=hint) from error
    return replace(found, requests=0, cost=0.0)


def write_probe(run: RunDir, found: ProbeResult) -> None:
    """Write the result, and add the exchanges of this probe to those of earlier ones."""
    if not found.exchanges:
        if found.probe.providers and not RunFile.PROBE.is_in(run.path):  # taken from another run
            run.write_text(RunFile.PROBE, encode_probe(found.probe))
        return
    earlier = ""
    with suppress(ConfigError):
        earlier = run.read_text(RunFile.PROBE_EXCHANGES)
    lines = (encode_exchange(exchange).decode() + "\n" for exchange in found.exchanges)
    run.write_text(RunFile.PROBE_EXCHANGES, earlier + "".join(lines))
    run.write_text(RunFile.PROBE, encode_probe(found.probe))


def encode_probe(probe: Probe, profiles: Mapping[str, Profile | None] = MappingProxyType({})) -> str:
    """The text of ``probe.json``: ASCII only, because what a provider wrote must not reach a terminal through ``cat``.

    U+FFFD takes the place of each half of a surrogate pair.

    Args:
        profiles: provider name → the profile that holds for it, whose label its entries then have.
    """
    entries = (
        one if (profile := profiles.get(one.provider)) is None else replace(one, profile=profile.label)
        for one in probe.providers
    )
    return json.dumps(well_formed(msgspec.to_builtins(replace(probe, providers=tuple(entries)))), indent=1) + "\n"


def join_probes(merged: RunDir, runs: Iterable[RunDir]) -> None:
    """Write the probes of all parts of a run into the merged run: for each provider and API, one that answered."""
    found: dict[tuple[str, str], ProviderProbe] = {}
    requests, cost, lines = 0, 0.0, []
    for run in runs:
        probe = read_probe(run.path)
        if probe is None:
            continue
        requests, cost = requests + probe.requests, cost + probe.cost
        with suppress(ConfigError):
            lines.append(run.read_text(RunFile.PROBE_EXCHANGES))
        for one in probe.providers:
            key = (one.provider, one.api)
            if key not in found or (found[key].fault is not None and one.fault is None):
                found[key] = one
    if found:
        merged.write_text(RunFile.PROBE_EXCHANGES, "".join(lines))
        merged.write_text(
            RunFile.PROBE, encode_probe(Probe(providers=tuple(found.values()), requests=requests, cost=cost))
        )


def with_probe(run: RunDir, summary: Summary) -> Summary:
    """The summary with what the probe found of each provider, through each API that its entry still names; unchanged if
    the run was not probed."""
    probe = read_probe(run.path)
    if probe is None:
        return summary
    apis = {one.name: one.api for one in run.manifest.providers}
    found_of = {
        name: tuple(one for one in probe.providers if one.provider == name and one.api in apis.get(name, (one.api,)))
        for name in summary.providers
    }
    providers = {name: replace(one, probe=found_of[name]) for name, one in summary.providers.items()}
    return replace(summary, providers=providers)
