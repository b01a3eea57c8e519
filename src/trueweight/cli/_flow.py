"""What ``run`` and ``demo`` share: show the plan, send it, judge it, say where the report is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from trueweight.assess import exit_code
from trueweight.cli._drift import ask_drift
from trueweight.cli._progress import watching
from trueweight.cli._transport import print_carriers
from trueweight.core import ExitCode
from trueweight.core.summary import Summary
from trueweight.plan import Forecast, Plan, forecast
from trueweight.report import for_log, visible
from trueweight.report.reason_words import note_words
from trueweight.report.terminal import print_table
from trueweight.store import RunDir, RunFile, pending
from trueweight.wire import SendResult, WireSettings, run_loop
from trueweight.workflow.apis import api_notes
from trueweight.workflow.drift import has_drift, less
from trueweight.workflow.finish import finish, publish
from trueweight.workflow.send import PreparedRun, open_to_send, send_pending, unanswered
from trueweight.workflow.shards import is_whole


def run_all(
    prepared: PreparedRun,
    directory: Path,
    *,
    keys: Mapping[str, str],
    settings: WireSettings,
    fresh: bool = False,
    retry_errors: bool = False,
    quiet: bool = False,
    as_json: bool = False,
) -> ExitCode:
    """Record a run and make its report; the exit code says how far the result can be used."""
    screen = Console(stderr=True, quiet=quiet, emoji=False)
    run, changes = open_to_send(prepared, directory, fresh=fresh)
    with run:
        for sentence in changes:
            screen.print(for_log(sentence, limit=2_000), markup=False, highlight=False)
        if changes:
            screen.print("The run goes on with that; --fresh would throw it away and start over.", highlight=False)
        todo = pending(prepared.plan.trials, run, retry_errors=retry_errors)
        if len(todo) < len(prepared.plan.trials):
            done = len(prepared.plan.trials) - len(todo)
            screen.print(f"Resuming: {done} trials are on record, {len(todo)} are left.", highlight=False)
        print_carriers(prepared.manifest.providers, settings, screen)
        with watching(todo, screen, quiet=quiet) as on_event:
            result = run_loop(
                partial(
                    send_pending,
                    run,
                    prepared.plan.trials,
                    keys=keys,
                    settings=settings,
                    on_event=on_event,
                    retry_errors=retry_errors,
                )
            )
        _say_unsent(result, screen)
        _say_limited(result, screen)
        if has_drift(run) and not result.interrupted:
            interrupted = ask_drift(run, keys=keys, settings=less(settings, result), screen=screen)
            result = replace(result, interrupted=interrupted)
        summary = _finish(run, directory, quiet=quiet, as_json=as_json)
        return _exit_code(result, run, prepared.plan, summary, screen)


def _finish(run: RunDir, directory: Path, *, quiet: bool, as_json: bool) -> Summary:
    summary = finish(run)
    run.write_text(RunFile.REPORT, publish(run, summary))
    if as_json:
        click.echo(publish(run, summary, "json"), nl=False)
        return summary
    if not quiet:
        print_table(summary, Console(emoji=False))
    click.echo(f"report: {RunFile.REPORT.of(directory)}")
    return summary


def _say_unsent(result: SendResult, screen: Console) -> None:
    for name, reason in result.stopped.items():
        missing = sum(unsent.provider == name for unsent in result.unsent)
        screen.print(
            for_log(f"{name}: stopped ({reason}); {missing} trials not sent", limit=2_000),
            markup=False,
            highlight=False,
        )


def _say_limited(result: SendResult, screen: Console) -> None:
    health = result.health
    if not health.fit:
        screen.print(
            f"CLIENT-LIMITED: this machine was too busy while {health.limited} of {result.recorded} trials ran (up to "
            f"{health.lag_max_ms:.0f} ms late). Their times are left out; answers are not touched.",
            highlight=False,
            soft_wrap=True,
        )


def _exit_code(result: SendResult, run: RunDir, plan: Plan, summary: Summary, screen: Console) -> ExitCode:
    if result.interrupted:
        screen.print("Interrupted. What arrived is on record; the same command goes on.", highlight=False)
        return ExitCode.INTERRUPTED
    silent = unanswered(run, plan)
    if silent:
        screen.print(for_log(f"No answer at all from: {', '.join(silent)}", limit=2_000), markup=False, highlight=False)
    if not is_whole(run.manifest):  # the verdict is on the whole, once it is merged
        return ExitCode.INFRASTRUCTURE if silent else ExitCode.OK
    return exit_code(summary, silent)


def show_forecast(prepared: PreparedRun, settings: WireSettings, console: Console) -> None:
    """Print what a plan would send and cost at most; sends nothing."""
    rows = forecast(prepared.plan)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("provider")
    for heading in ("trials", "requests", "tokens in", "tokens out", "cost ceiling"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(visible(row.provider.name), *_numbers(row))
    priced = [row.cost for row in rows if row.cost is not None]
    table.add_row(
        "all",
        str(sum(row.trials for row in rows)),
        str(sum(row.requests for row in rows)),
        f"≤ {sum(row.input_tokens for row in rows):,}",
        f"≤ {sum(row.output_tokens for row in rows):,}",
        f"≤ ${sum(priced):.4f}" if priced else "no prices",
    )
    console.print(table)
    for note in api_notes(prepared.cases, prepared.manifest.providers):
        console.print(for_log(note_words(note), limit=2_000), markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"Nothing was sent. Failed requests are repeated at most {settings.retries} times each, beyond these ceilings.",
        highlight=False,
        soft_wrap=True,
    )


def _numbers(row: Forecast) -> tuple[str, ...]:
    cost = "no price" if row.cost is None else f"≤ ${row.cost:.4f}"
    return (str(row.trials), str(row.requests), f"≤ {row.input_tokens:,}", f"≤ {row.output_tokens:,}", cost)
