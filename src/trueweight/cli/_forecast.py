"""What ``--dry-run`` prints of each command that sends: requests, tokens, the highest cost and the expected time.

Each function takes ``as_json``: whether JSON is printed in place of the table and the sentences. None sends anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from trueweight.cli._screen import say
from trueweight.core import Mode, Provider, SwitchWays
from trueweight.core.probe import Probe
from trueweight.plan import Forecast, Pace, Plan, Stage, expected_time, forecast, measured_paces
from trueweight.report import visible
from trueweight.report.numbers import dollars
from trueweight.report.terminal import print_whole
from trueweight.report.words import allowance_words, note_words
from trueweight.report.words.expected_time import time_words
from trueweight.wire import WireSettings
from trueweight.workflow.drift import OPTION, drift_plan
from trueweight.workflow.finish import api_notes
from trueweight.workflow.load import Level, lay_out
from trueweight.workflow.probe import last_paces, logprobs_trials, probe_plan, switch_trials
from trueweight.workflow.run_builder import WrittenSuite
from trueweight.workflow.send import PreparedRun

_DRIFT_SHARE = 0.1
"""Coarse differences are found by a tenth of the requests that drift may send."""


def print_stages(
    stages: Sequence[Stage],
    settings: WireSettings,
    *,
    as_json: bool,
    paces: Mapping[str, Pace] = MappingProxyType({}),
    notes: Sequence[str] = (),
) -> None:
    """Print requests, tokens and the highest cost of each provider, and the expected time.

    Args:
        stages: what is sent, in order.
        paces: of the providers that a probe on record has measured; of the others the last probe's is taken.
        notes: sentences that come before the time.
    """
    by_provider = _rows(*(stage for stage in stages if not stage.name))
    parts = [(row.provider.name, [row]) for row in by_provider]
    parts += [(stage.name, list(_rows(stage))) for stage in stages if stage.name]
    whole = [row for _, rows in parts for row in rows]
    paces = {**last_paces(row.provider for row in whole), **paces}
    seconds = expected_time(stages, paces)
    if as_json:
        made = {
            "rows": [{"of": name, **_numbers(rows)} for name, rows in parts],
            "all": _numbers(whole),
            "budget_usd": settings.budget_usd,
            "seconds": {"least": round(seconds.least, 3), "most": round(seconds.most, 3)},
            "retries_per_request": settings.retries,
            "notes": list(notes),
        }
        click.echo(json.dumps(made, indent=2))
        return
    console = Console(emoji=False)
    print_whole(_table([*parts, ("all", whole)]), console)
    for note in notes:
        say(console, note)
    if settings.budget_usd is not None:
        say(console, f"--budget stops it before it costs more than {dollars(settings.budget_usd)}.")
    say(console, time_words(seconds, paces, {row.provider.name for row in whole}))
    retries = (
        f"Retries, at most {settings.retries} per request, are not included." if settings.retries else "No retries."
    )
    say(console, f"Nothing was sent. {retries}")


def _table(parts: Sequence[tuple[str, Sequence[Forecast]]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("provider", no_wrap=True)
    for heading in ("requests", "tokens in", "tokens out", "cost ceiling"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, rows in parts:
        table.add_row(visible(name), *_sums(rows))
    return table


def run_stages(prepared: PreparedRun, settings: WireSettings, probed: Sequence[Provider]) -> list[Stage]:
    """The probe of these providers, the trials of a run, and its drift."""
    stages = [Stage(prepared.plan.trials, settings.concurrency, rate=settings.rate)]
    stages += [probe_stage(probed)] if probed else []
    if OPTION in prepared.manifest.options:
        stages.append(_drift_stage(prepared, settings, "drift"))
    return stages


def probe_stage(providers: Sequence[Provider], name: str = "probe") -> Stage:
    """The probe of these providers: one request after another to each."""
    return Stage(probe_plan(providers).trials, 1, name=name, own_limit=False)


def _drift_stage(prepared: PreparedRun, settings: WireSettings, name: str = "") -> Stage:
    return Stage(drift_plan(prepared).trials, settings.concurrency, name=name, share=_DRIFT_SHARE)


def print_forecast(
    prepared: PreparedRun,
    settings: WireSettings,
    *,
    as_json: bool,
    probed: Sequence[Provider],
    probe: Probe | None = None,
    roomiest: PreparedRun | None = None,
) -> None:
    """Print what a run sends, its highest possible cost, and its expected time.

    Args:
        probed: the providers to which the run sends a probe first; its requests have a row.
        probe: on record, from which the time is estimated.
        roomiest: the run with the largest allowance that this probe can lead to; None if the allowance is stated.
    """
    notes = [
        note_words(note) for note in api_notes(prepared.cases, prepared.manifest.providers, prepared.manifest.thinking)
    ]
    if prepared.manifest.thinking_allowance:
        notes.append(allowance_words(prepared.manifest.thinking_allowance))
    if probed and roomiest is not None:
        notes.append(_thought_words(roomiest, run_stages(roomiest, settings, probed)))
    if probed:
        notes.append("A provider with a setup fault gets up to six more probe requests.")
    stages = run_stages(prepared, settings, probed)
    print_stages(stages, settings, as_json=as_json, paces=measured_paces(probe), notes=notes)


def _thought_words(roomiest: PreparedRun, stages: Sequence[Stage]) -> str:
    """What a thought that the probe finds can add to the ceiling."""
    rows = _rows(*stages)
    *_, tokens, cost = _sums(rows)
    priced = f", {cost}" if any(row.cost is not None for row in rows) else ""
    return (
        f"If the probe finds a thought, the run adds up to {roomiest.manifest.thinking_allowance:,} tokens for it to "
        f"each limit: {tokens} tokens out{priced} in all."
    )


def print_ping_forecast(
    providers: Sequence[Provider], switches: Mapping[str, SwitchWays], settings: WireSettings, *, as_json: bool
) -> None:
    """Print the most that a probe sends to each provider.

    Args:
        switches: the ways to switch thinking that are tried, as `probe_providers`.
    """
    trials = [*probe_plan(providers).trials, *logprobs_trials(providers), *switch_trials(providers, switches)]
    notes = ["A provider with a setup fault gets up to six more requests."]
    if switches:
        notes.append("Ways to switch thinking are tried until one works.")
    print_stages([Stage(trials, 1, own_limit=False)], settings, as_json=as_json, notes=notes)


def print_drift_forecast(
    prepared: PreparedRun, settings: WireSettings, *, as_json: bool, probed: Sequence[Provider], probe: Probe | None
) -> None:
    """Print the most that drift can send to each provider, its highest possible cost, and the time."""
    stages = [_drift_stage(prepared, settings), *([probe_stage(probed)] if probed else [])]
    notes = ["Drift stops as soon as each candidate is decided: coarse differences take a tenth of it."]
    print_stages(stages, settings, as_json=as_json, paces=measured_paces(probe), notes=notes)


def print_load_forecast(
    written: WrittenSuite,
    levels: Sequence[Level],
    requests: int,
    mode: Mode,
    *,
    settings: WireSettings,
    as_json: bool,
    probed: Sequence[Provider],
) -> None:
    """Print what a sweep sends to each provider, its highest possible cost, and how long it takes."""
    own = [lay_out(written.suite, one, requests, mode) for one in written.providers]
    # Each provider is alone at each level.
    stages = [
        Stage(
            [trial for trials in own for trial in trials],
            round(level.value),
            rate=level.value if level.open_loop else None,
            own_limit=False,
            in_turn=True,
        )
        for level in levels
    ]
    stages += [probe_stage(probed)] if probed else []
    print_stages(stages, settings, as_json=as_json, notes=["Each level is sent to one provider after the other."])


def _rows(*stages: Stage) -> tuple[Forecast, ...]:
    return forecast(Plan(tuple(trial for stage in stages for trial in stage.trials), 0, 1, 1))


def _numbers(rows: Sequence[Forecast]) -> dict[str, Any]:
    """Of all rows together: the cost in USD of those that have a price, None if none has, and whether all have."""
    priced = [row.cost for row in rows if row.cost is not None]
    return {
        "requests": sum(row.requests for row in rows),
        "most_input_tokens": sum(row.input_tokens for row in rows),
        "most_output_tokens": sum(row.output_tokens for row in rows),
        "most_usd": sum(priced) if priced else None,
        "all_priced": len(priced) == len(rows),
    }


def _sums(rows: Sequence[Forecast]) -> tuple[str, ...]:
    """As `_numbers`, for the table. A sum in which some have no price says so."""
    found = _numbers(rows)
    cost = "no price" if found["most_usd"] is None else dollars(found["most_usd"], at_most=True)
    return (
        f"{found['requests']:,}",
        f"≤ {found['most_input_tokens']:,}",
        f"≤ {found['most_output_tokens']:,}",
        cost if found["most_usd"] is None or found["all_priced"] else f"{cost} + unknown",
    )
