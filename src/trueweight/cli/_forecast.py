"""What ``--dry-run`` prints: what a plan would send, and its highest possible cost."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from trueweight.cli._screen import say
from trueweight.core import Mode, Provider
from trueweight.plan import Forecast, Plan, forecast
from trueweight.report import visible
from trueweight.report.numbers import dollars
from trueweight.report.words import allowance_words, note_words
from trueweight.wire import WireSettings
from trueweight.workflow.drift import OPTION, drift_plan
from trueweight.workflow.finish import api_notes
from trueweight.workflow.load import Level, lay_out
from trueweight.workflow.probe import probe_plan
from trueweight.workflow.run_builder import WrittenSuite
from trueweight.workflow.send import PreparedRun


def print_forecast(
    prepared: PreparedRun,
    settings: WireSettings,
    console: Console,
    *,
    probed: Sequence[Provider],
    roomiest: PreparedRun | None = None,
) -> None:
    """Print trials, requests, tokens and the highest possible cost of each provider. Sends nothing.

    Args:
        probed: the providers to which the run sends a probe first; its requests have a row.
        roomiest: the run with the largest allowance that this probe can lead to; None if the allowance is stated.
    """
    rows = forecast(prepared.plan)
    trials = sum(row.trials for row in rows)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("provider")
    for heading in ("trials", "requests", "tokens in", "tokens out", "cost ceiling"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(visible(row.provider.name), *_numbers(row))
    added: tuple[Forecast, ...] = ()
    if probed:
        probing_rows = forecast(probe_plan(probed))
        table.add_row("probe", "", *_sums(probing_rows))
        added = (*added, *probing_rows)
    if OPTION in prepared.manifest.options:
        measured = forecast(drift_plan(prepared))
        table.add_row("drift", "", *_sums(measured))
        added = (*added, *measured)
    table.add_row("all", str(trials), *_sums((*rows, *added)))
    console.print(table)
    for note in api_notes(prepared.cases, prepared.manifest.providers, prepared.manifest.thinking):
        say(console, note_words(note))
    if prepared.manifest.thinking_allowance:
        say(console, allowance_words(prepared.manifest.thinking_allowance))
    if probed and roomiest is not None:
        say(console, _thought_words(roomiest, added))
    say(
        console,
        f"Nothing was sent. Retries, at most {settings.retries} per request, are not included in these limits."
        + (" A provider with a setup fault gets up to six more probe requests." if probed else ""),
    )


def _thought_words(roomiest: PreparedRun, added: Sequence[Forecast]) -> str:
    """What a thought that the probe finds can add to the ceiling.

    Args:
        added: what the run sends beside its trials.
    """
    *_, tokens, cost = _sums((*forecast(roomiest.plan), *added))
    return (
        f"If the probe finds a thought, the run adds up to {roomiest.manifest.thinking_allowance:,} tokens for it to "
        f"each limit: {tokens} tokens out, {cost} in all."
    )


def print_drift_forecast(prepared: PreparedRun, settings: WireSettings, console: Console) -> None:
    """Print the most that drift can send to each provider, and its highest possible cost. Sends nothing."""
    console.print(_table_of_requests(forecast(drift_plan(prepared))))
    say(
        console,
        "Nothing was sent. Drift stops as soon as each candidate is decided: coarse differences take a tenth of it. "
        f"Retries, at most {settings.retries} per request, are not included.",
    )


def _table_of_requests(rows: Sequence[Forecast], probing: Sequence[Forecast] = ()) -> Table:
    """Requests, tokens and cost of each provider, of the probe if there is one, and of all."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("provider")
    for heading in ("requests", "tokens in", "tokens out", "cost ceiling"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(visible(row.provider.name), *_numbers(row)[1:])
    if probing:
        table.add_row("probe", *_sums(probing))
    table.add_row("all", *_sums((*rows, *probing)))
    return table


_REPLY_SECONDS = 2.0
"""Seconds that a reply is taken to last, for the expected time of a closed loop."""


def print_load_forecast(
    written: WrittenSuite,
    levels: Sequence[Level],
    requests: int,
    mode: Mode,
    console: Console,
    *,
    probed: Sequence[Provider],
) -> None:
    """Print what a sweep sends to each provider, its highest possible cost, and how long it takes. Sends nothing."""
    trials = tuple(
        trial for one in written.providers for _ in levels for trial in lay_out(written.suite, one, requests, mode)
    )
    probing = forecast(probe_plan(probed)) if probed else ()
    console.print(_table_of_requests(forecast(Plan(trials, 0, 1, 1)), probing))
    closed = any(not level.open_loop for level in levels)
    seconds = sum(requests / level.value * (1.0 if level.open_loop else _REPLY_SECONDS) for level in levels)
    minutes = len(written.providers) * seconds / 60
    took = f", if a reply takes {_REPLY_SECONDS:g} s" if closed else ""
    say(console, f"Nothing was sent. Expected time: {minutes:.1f} min{took}; the providers are loaded in turn.")


def _sums(rows: Sequence[Forecast]) -> tuple[str, ...]:
    """Requests, tokens and cost of all rows together."""
    priced = [row.cost for row in rows if row.cost is not None]
    return (
        str(sum(row.requests for row in rows)),
        f"≤ {sum(row.input_tokens for row in rows):,}",
        f"≤ {sum(row.output_tokens for row in rows):,}",
        dollars(sum(priced), at_most=True) if priced else "no prices",
    )


def _numbers(row: Forecast) -> tuple[str, ...]:
    cost = "no price" if row.cost is None else dollars(row.cost, at_most=True)
    return (str(row.trials), str(row.requests), f"≤ {row.input_tokens:,}", f"≤ {row.output_tokens:,}", cost)
