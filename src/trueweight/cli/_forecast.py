"""What ``run --dry-run`` prints: what a plan would send, and its highest possible cost."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from trueweight.cli._screen import say
from trueweight.core import Provider
from trueweight.plan import Forecast, forecast
from trueweight.report import visible
from trueweight.report.numbers import dollars
from trueweight.report.words import allowance_words, note_words
from trueweight.wire import WireSettings
from trueweight.workflow.drift import OPTION, drift_plan
from trueweight.workflow.finish import api_notes
from trueweight.workflow.probe import probe_plan
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
    rows = forecast(drift_plan(prepared))
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("provider")
    for heading in ("requests", "tokens in", "tokens out", "cost ceiling"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(visible(row.provider.name), *_numbers(row)[1:])
    table.add_row("all", *_sums(rows))
    console.print(table)
    say(
        console,
        "Nothing was sent. Drift stops as soon as each candidate is decided: coarse differences take a tenth of it. "
        f"Retries, at most {settings.retries} per request, are not included.",
    )


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
