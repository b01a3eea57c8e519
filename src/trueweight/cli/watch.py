"""``trueweight watch``: send a small sample again and again, and say which host fell below the bar."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from trueweight.cli._help import examples
from trueweight.cli._options import (
    FILE,
    FOLDER,
    Duration,
    bar_option,
    budget_option,
    dry_run_option,
    json_option,
    no_probe_option,
    providers_option,
    quiet_option,
    seed_option,
)
from trueweight.cli._providers import named_providers
from trueweight.core import ConfigError, ExitCode, InfrastructureError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trueweight.core import Provider
    from trueweight.report.words.watch import WatchEvent
    from trueweight.workflow.watch import Watched


@click.command(
    short_help="Send a small sample again and again; say which host changed",
    epilog=examples(
        "trueweight watch tickets --providers hosts.toml --bar bar.toml --every 6h",
        "trueweight watch tickets --providers hosts.toml --bar bar.toml --once --webhook-env WEBHOOK_URL",
        "trueweight watch tickets-history --export looks.parquet",
    ),
)
@click.argument("folder", metavar="WORKLOAD|HISTORY", type=FOLDER)
@providers_option(required=False)
@bar_option("Thresholds file (bar.toml) of the workload.")
@click.option("--only", "names", multiple=True, metavar="NAME", help="Ask only this host. Repeatable.  [default: all]")
@click.option("--task", "tasks", multiple=True, metavar="NAME", help="Send only this task. Repeatable.  [default: all]")
@click.option("--every", type=Duration(), metavar="TIME", help="Look again every TIME (30m, 6h, 1d) until interrupted.")
@click.option("--once", is_flag=True, help="Look once, for cron. The default without --every.")
@click.option("--history", type=FOLDER, metavar="DIR", help="Folder of the runs.  [default: WORKLOAD-history]")
@click.option(
    "--cases", "number", default=40, show_default=True, type=click.IntRange(1), metavar="N", help="Cases of a look."
)
@seed_option("the draw of each look")
@budget_option("In one look, send no request that could exceed this cost.")
@no_probe_option
@dry_run_option
@click.option("--webhook-env", metavar="NAME", help="POST new events to the URL in this environment variable.")
@click.option(
    "--export", type=FILE, metavar="FILE", help="Also write all looks as Parquet, or .duckdb with each answer."
)
@click.option("--markdown", is_flag=True, help="Print markdown instead of text.")
@json_option()
@quiet_option("Print only what changed in the newest look.")
def command(
    *,
    folder: Path,
    providers_file: Path | None,
    bar_file: Path | None,
    names: tuple[str, ...],
    tasks: tuple[str, ...],
    every: float | None,
    once: bool,
    history: Path | None,
    number: int,
    seed: int,
    budget: float | None,
    no_probe: bool,
    dry_run: bool,
    webhook_env: str | None,
    export: Path | None,
    markdown: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Send a small sample of WORKLOAD to all hosts again and again, and say which host changed, and when.

    A look is one such run; it is kept in the history. With the folder HISTORY in place of WORKLOAD, nothing is sent.

    Four metrics of each host are watched: agreement with the recorded answers, difference from the baseline by golden
    answers, share of replies in time, share of requests with a reply. A host is named when a metric falls below the bar
    beyond chance, and again when it is back. The probability that a healthy host is ever named is at most 5%, over all
    hosts, metrics and looks.

    Exit code 0; 1 if a host fell in the newest look; 3 if that look measured nothing.
    """
    from trueweight.config import load_providers
    from trueweight.redaction import know_variables
    from trueweight.suites.workload_folder import WORKLOAD_FILE
    from trueweight.workflow.watch import watch

    know_variables([webhook_env])
    url = None if webhook_env is None else os.environ.get(webhook_env, "")
    if url == "":
        raise ConfigError("the variable is not set", code="webhook-url", where=webhook_env or "")

    def say(found: Watched) -> int:
        _print(found, markdown=markdown, as_json=as_json, quiet=quiet)
        if export is not None:
            from trueweight.workflow.watch_export import export_history

            rows = export_history(found, export)
            if not quiet:
                click.echo(f"{rows} rows in {export}", err=True)
        if url and found.new:
            _post(found, url, webhook_env or "")
        if not found.measured:
            return int(ExitCode.INFRASTRUCTURE)
        return int(ExitCode.FINDINGS if any(one.change.fell for one in found.new) else ExitCode.OK)

    is_workload = (folder / WORKLOAD_FILE).is_file()
    if is_workload and providers_file is None:
        hint = "To read an existing history, give its folder."
        raise ConfigError("a workload is watched at its hosts", code="watch-nothing", where="--providers", hint=hint)
    if providers_file is None or not is_workload:
        if every is not None or once or dry_run:
            hint = f"Give a folder with {WORKLOAD_FILE}, and --providers."
            raise ConfigError("there is nothing to send", code="watch-nothing", where=str(folder), hint=hint)
        return say(watch(folder))
    if every is not None and once:
        raise ConfigError("--every and --once exclude each other", code="watch-when", where="--once")
    runs = history or folder.with_name(f"{folder.name}-history")
    draw = _Draw(number, seed, tasks)
    hosts = named_providers(load_providers(providers_file, environ=os.environ), names, "--only")
    look = _looking(folder, hosts, bar_file, runs, draw, budget=budget, probing=not no_probe, as_json=as_json)
    if dry_run:
        return look(True)
    if every is None:
        look(False)
        return say(watch(runs))
    return _forever(look, lambda: say(watch(runs)), every)


class _Draw(NamedTuple):
    """Cases of each look, the seed of their draw, and the tasks that they are of, all of them by default."""

    number: int
    seed: int
    tasks: tuple[str, ...] = ()


def _looking(
    folder: Path,
    providers: Sequence[Provider],
    bar_file: Path | None,
    runs: Path,
    draw: _Draw,
    *,
    budget: float | None,
    probing: bool,
    as_json: bool,
) -> Callable[[bool], int]:
    """The function that makes one look; with True it prints the forecast instead."""
    from trueweight.assess import load_bar
    from trueweight.cli._forecast import print_forecast
    from trueweight.cli._send_built import send_built
    from trueweight.wire import WireSettings
    from trueweight.workflow.look import look_directory, plan_look

    bar = None if bar_file is None else load_bar(bar_file)
    settings = WireSettings(budget_usd=budget)

    def look(dry: bool) -> int:
        built = plan_look(folder, providers, bar, runs, number=draw.number, seed=draw.seed, tasks=draw.tasks)
        if dry:
            print_forecast(built, settings, as_json=as_json, probed=providers if probing else ())
            return int(ExitCode.OK)
        result = send_built(built, look_directory(runs, datetime.now(UTC)), settings=settings, probing=probing)
        if result.interrupted:
            raise KeyboardInterrupt
        return int(ExitCode.OK)

    return look


def _forever(look: Callable[[bool], int], say: Callable[[], int], every: float) -> int:
    """Look every so many seconds until interrupted. A look that failed is followed by the next."""
    from trueweight.workflow.look import repeat

    def once() -> None:
        look(False)
        say()

    def failed(error: InfrastructureError) -> None:
        click.echo(f"this look failed: {error}", err=True)

    try:
        repeat(once, every, clock=time.monotonic, sleep=time.sleep, failed=failed)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)


def _events(found: Watched) -> list[WatchEvent]:
    from trueweight.report.words.watch import WatchEvent

    return [
        WatchEvent(
            one.host,
            one.metric.value,
            one.change.fell,
            one.look.path.name,
            one.look.started_at,
            one.mean,
            one.bound,
            one.change.evidence,
            one in found.new,
        )
        for one in found.events
    ]


def _print(found: Watched, *, markdown: bool, as_json: bool, quiet: bool) -> None:
    from trueweight.report.words.watch import event_sentence, watch_json, watch_lines, watch_markdown

    events, looks = _events(found), len(found.looks)
    for path, why in () if quiet else found.skipped:
        click.echo(f"left out: {path.name}: {why}", err=True)
    if as_json:
        click.echo(json.dumps(watch_json(events, looks, found.alpha, measured=found.measured), indent=2))
    elif markdown:
        click.echo(watch_markdown(events, looks, found.alpha), nl=False)
    elif quiet:
        for line in map(event_sentence, (one for one in events if one.new)):
            click.echo(line)
    else:
        for line in watch_lines(events, looks):
            click.echo(line)


def _post(found: Watched, url: str, where: str) -> None:
    """Post the new events. If that fails, print why; the events are printed all the same."""
    from functools import partial

    from trueweight.report.words.watch import webhook_body
    from trueweight.wire import run_loop
    from trueweight.wire.webhook import post_webhook

    body = webhook_body(_events(found), len(found.looks), found.alpha)
    try:
        run_loop(partial(post_webhook, url, body, where=where))
    except InfrastructureError as error:
        click.echo(str(error), err=True)
