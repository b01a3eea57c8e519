"""What ``load`` runs: each level in turn, then the table and the path of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from trueweight.cli._probing import probe_before
from trueweight.cli._screen import INTERRUPTED, print_carriers, say
from trueweight.core import ExitCode, Mode, Provider, Suite
from trueweight.core.load_result import LoadPoint
from trueweight.core.probe import Probe
from trueweight.profiles import ChosenProfile, SamplingMode
from trueweight.report import visible
from trueweight.report.load import cut_in_load, left_out_words, load_page, load_sentence
from trueweight.report.numbers import NONE, whole_percent, write
from trueweight.report.terminal import print_whole
from trueweight.report.words import allowance_words
from trueweight.store import RunFile, write_for_people
from trueweight.wire import WireSettings, run_loop
from trueweight.workflow.load import (
    Level,
    LevelTrials,
    Slo,
    curves,
    lay_out,
    load_points,
    load_result,
    load_text,
    read_level,
    sweep,
)
from trueweight.workflow.probe import ProbeResult, encode_probe
from trueweight.workflow.run_builder import written_for
from trueweight.workflow.send import Sender, send_pending


def run_sweep(
    directory: Path,
    levels: Sequence[Level],
    suite: Suite,
    providers: Sequence[Provider],
    *,
    chosen: ChosenProfile,
    sampling: SamplingMode,
    slo: Slo,
    requests: int,
    mode: Mode,
    seed: int,
    keys: Mapping[str, str],
    settings: WireSettings,
    thinking_allowance: int | None,
    quiet: bool,
    as_json: bool,
    probing: bool,
    sender: Sender = send_pending,
) -> ExitCode:
    """Probe the providers, run a sweep, and write ``load.json`` and ``load.html``.

    Args:
        chosen, sampling: how the suite's cases are written for the model family.
        thinking_allowance: tokens for thoughts; None for what entries, profile and probe say.
        as_json: print ``load.json`` instead of the table.
        sender: sends the trials of a level, from this machine or from several.
    """
    screen = Console(stderr=True, quiet=quiet, emoji=False)
    read: list[LevelTrials] = []
    probed = ProbeResult(Probe(), (), settings)
    if probing:
        probed = probe_before(directory, None, providers, keys=keys, settings=settings, screen=screen)
        directory.mkdir(parents=True, exist_ok=True)
        write_for_people(RunFile.PROBE.of(directory), encode_probe(probed.probe))
    stopped = probed.probe.silenced
    if probed.interrupted:
        say(screen, INTERRUPTED)
        return ExitCode.INTERRUPTED
    if stopped >= {provider.name for provider in providers}:
        return ExitCode.INFRASTRUCTURE
    asked = written_for(providers, suite, chosen, sampling, probed.probe if probing else None, thinking_allowance)
    if asked.allowance:
        say(screen, allowance_words(asked.allowance))
    print_carriers([provider for provider in providers if provider.name not in stopped], settings, screen)

    async def send_all() -> bool:
        interrupted = False
        async for level, provider, run, result in sweep(
            directory,
            levels,
            asked.suite,
            asked.providers,
            requests=requests,
            mode=mode,
            seed=seed,
            keys=keys,
            settings=probed.settings,
            without=stopped,
            thinking_allowance=asked.allowance,
            sender=sender,
        ):
            trials = {trial.id for trial in lay_out(asked.suite, provider, requests, mode)}  # on record may be more
            own = (exchange for exchange in run.exchanges() if exchange.trial in trials)
            found = read_level(level, provider, own, slo, suite=asked.suite, thinking_allowance=asked.allowance)
            found.hold_to_plan(provider, requests, replace(probed.settings, seed=seed), result)
            read.append(found)
            point = load_points([one for one in read if one.provider == provider.name])[-1]
            if point.cut_in_thought:
                say(screen, cut_in_load(point))
            rate = left_out_words(point) or f"{write(point.throughput, 'requests/s')} requests/s"
            say(screen, f"{provider.name}, {level.name}: {rate}, {_good(point)}")
            interrupted = result.interrupted
        return interrupted

    interrupted = run_loop(send_all)
    points = load_points(read)
    result = load_text(load_result(points, slo, suite=suite.name, requests=requests, seed=seed))
    write_for_people(RunFile.LOAD.of(directory), result)
    html = load_page(curves(points), limits=str(slo), suite=suite.name, requests=requests)
    write_for_people(RunFile.LOAD_PAGE.of(directory), html)
    if as_json:
        click.echo(result, nl=False)
    elif not quiet:
        _print_curves(points, slo)
    click.echo(f"page: {RunFile.LOAD_PAGE.of(directory)}", err=as_json)
    if interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.OK if any(point.ok for point in points) else ExitCode.INFRASTRUCTURE


def _print_curves(points: Sequence[LoadPoint], slo: Slo) -> None:
    print_whole(_table(points), Console(emoji=False))
    for curve in curves(points):
        click.echo(visible(f"{curve.provider}: {load_sentence(curve, str(slo))}"))


def _good(point: LoadPoint) -> str:
    """``12/14 good, 2 not judged``."""
    unknown = point.not_judged - point.cut_in_thought
    rest = f", {unknown} not judged (a time cannot be measured)" if unknown else ""
    return f"{point.good}/{point.judged} good{rest}"


def _mark(point: LoadPoint) -> str:
    if point.mostly_client_limited:
        return " CLIENT-LIMITED"
    return "" if point.measures_provider else " LEFT OUT"


def _table(points: Sequence[LoadPoint]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("provider", no_wrap=True)
    for heading in (
        "level",
        "ok",
        "req/s",
        "good",
        "good/s",
        "TTFT ms\np50/p95",
        "TTFO ms\np95",
        "TPOT ms\np50",
        "e2e ms\np95",
    ):
        table.add_column(heading, justify="right")
    for point in sorted(points, key=lambda point: (point.provider, point.level)):
        times = point.times
        table.add_row(
            visible(point.provider) + _mark(point),
            f"{point.level:g}",
            f"{point.ok}/{point.attempted}",
            write(point.throughput, "requests/s") if point.measures_provider else NONE,
            NONE if point.good_share.value is None else whole_percent(point.good_share.value),
            NONE if point.goodput is None or not point.measures_provider else write(point.goodput, "requests/s"),
            f"{write(times['ttft']['p50'].value, 'ms')}/{write(times['ttft']['p95'].value, 'ms')}",
            write(times["ttfo"]["p95"].value, "ms"),
            write(times["tpot"]["p50"].value, "ms"),
            write(times["e2e"]["p95"].value, "ms"),
        )
    return table
