"""Behind ``load``: send the requests of each level, print the table, say where the page is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from trueweight.cli._transport import print_carriers
from trueweight.core import ConfigError, Estimate, ExitCode, Mode, Provider, Suite
from trueweight.report import for_log, visible
from trueweight.report.load import load_page
from trueweight.store import RunFile, replace_plain
from trueweight.wire import WireSettings, run_loop
from trueweight.workflow.load import Level, Point, Slo, as_json, curves, lay_out, measure_level, sweep

DEFAULT = "1,2,4,8,16,32"


def levels_of(concurrency: str | None, rate: str | None) -> tuple[Level, ...]:
    """The levels that a user listed, in rising order.

    Raises:
        ConfigError: if both lists are given, or one holds what is no number above 0.
    """
    if concurrency and rate:
        raise ConfigError(
            "--concurrency and --rate are two ways to load",
            code="load-levels",
            where="--rate",
            hint="Valid: one of them.",
        )
    text, where = (rate, "--rate") if rate else (concurrency or DEFAULT, "--concurrency")
    values: set[float] = set()
    for part in text.split(","):
        try:
            value = float(part) if rate else float(int(part))
        except ValueError:
            value = 0.0
        if not 0 < value < 1e6:
            kind = "numbers" if rate else "whole numbers"
            raise ConfigError(
                f"{part.strip()!r} is no level",
                code="load-levels",
                where=where,
                hint=f"Valid: {kind} above 0, as in {DEFAULT}.",
            )
        values.add(value)
    return tuple(Level(value, bool(rate)) for value in sorted(values))


def run_load(
    directory: Path,
    levels: Sequence[Level],
    suite: Suite,
    providers: Sequence[Provider],
    *,
    slo: Slo,
    requests: int,
    mode: Mode,
    seed: int,
    keys: Mapping[str, str],
    settings: WireSettings,
    quiet: bool,
) -> ExitCode:
    """Run a sweep and write ``load.json`` and ``load.html``."""
    screen = Console(stderr=True, quiet=quiet, emoji=False)
    points: list[Point] = []
    print_carriers(providers, settings, screen)

    async def send_all() -> bool:
        interrupted = False
        async for level, provider, run, result in sweep(
            directory, levels, suite, providers, requests=requests, mode=mode, seed=seed, keys=keys, settings=settings
        ):
            asked = {trial.id for trial in lay_out(suite, provider, requests, mode)}  # an earlier sweep may have more
            own = (exchange for exchange in run.exchanges() if exchange.trial in asked)
            point = measure_level(level, provider, own, slo, seed=seed)
            points.append(point)
            said = (
                f"{provider.name}, {level.name}: {point.throughput:.3g} requests/s, {point.good}/{point.attempted} good"
            )
            screen.print(for_log(said, limit=2_000), markup=False, highlight=False)
            interrupted = result.interrupted
        return interrupted

    interrupted = run_loop(send_all)
    found = as_json(points, slo, suite=suite.name, requests=requests, seed=seed)
    replace_plain(RunFile.LOAD.of(directory), json.dumps(found, indent=1, sort_keys=True).encode("ascii") + b"\n")
    html = load_page(curves(points), limits=str(slo), suite=suite.name, requests=requests)
    replace_plain(RunFile.LOAD_PAGE.of(directory), html.encode("utf-8", "backslashreplace"))
    if not quiet:
        Console(emoji=False).print(_table(points))
        for name, said in found["providers"].items():
            click.echo(visible(f"{name}: {said['sentence']}"))
    click.echo(f"page: {RunFile.LOAD_PAGE.of(directory)}")
    if interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.OK if any(point.ok for point in points) else ExitCode.INFRASTRUCTURE


def _table(points: Sequence[Point]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("provider")
    for heading in ("level", "ok", "req/s", "good", "good/s", "TTFT p50/p95", "TPOT p50", "e2e p95"):
        table.add_column(heading, justify="right")
    for point in sorted(points, key=lambda point: (point.provider, point.level.value)):
        times = point.times
        table.add_row(
            visible(point.provider, limit=20) + (" CLIENT-LIMITED" if point.limited * 2 > point.attempted else ""),
            f"{point.level.value:g}",
            f"{point.ok}/{point.attempted}",
            f"{point.throughput:.3g}",
            f"{point.good_share.value or 0:.0%}",
            f"{point.goodput:.3g}",
            f"{_ms(times['ttft']['p50'])}/{_ms(times['ttft']['p95'])}",
            _ms(times["tpot"]["p50"]),
            _ms(times["e2e"]["p95"]),
        )
    return table


def _ms(estimate: Estimate) -> str:
    return "n/a" if estimate.value is None else f"{estimate.value:.3g}"
