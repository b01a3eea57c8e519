"""What ``drift``, ``drift replay`` and ``run --drift`` share: send prompts until it is decided; print the result."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import MappingProxyType

import click
from rich.console import Console
from rich.table import Table

from trueweight.cli._options import repeating_command
from trueweight.cli._probing import probe_before
from trueweight.cli._screen import INTERRUPTED, print_carriers, say
from trueweight.core import Drift, DriftVerdict, ExitCode, SwitchWays
from trueweight.core.probe import Probe
from trueweight.drift import Investigation
from trueweight.report import visible
from trueweight.report.numbers import NONE, Towards, dollars, significant
from trueweight.report.terminal import print_whole
from trueweight.report.words import drift_words, finding_words, grade_words
from trueweight.store import RunDir, RunFile, write_named
from trueweight.wire import WireSettings, run_loop
from trueweight.workflow.drift import conclude_drift, drift_text, known_ladder, known_tolerances, send_drift
from trueweight.workflow.finish import finish, publish
from trueweight.workflow.probe import ProbeResult, write_probe
from trueweight.workflow.send import PreparedRun, open_to_send, with_command


def measure_drift(
    prepared: PreparedRun,
    directory: Path,
    *,
    keys: Mapping[str, str],
    settings: WireSettings,
    fresh: bool,
    quiet: bool,
    as_json: bool = False,
    probing: bool = True,
    switches: Mapping[str, SwitchWays] = MappingProxyType({}),
    build: Callable[[Probe], PreparedRun] | None = None,
) -> ExitCode:
    """Probe the providers, send prompts until every verdict is known, then write and print the result.

    Args:
        as_json: print ``drift.json`` instead of the table.
        switches: ways to switch thinking that the probe tries, as `probe_providers`.
        build: makes the run again with what the probe found.

    Returns:
        The exit code of the command.
    """
    screen = Console(stderr=True, quiet=quiet, emoji=False)
    probed = ProbeResult(Probe(), (), settings)
    if probing:
        probed = probe_before(
            directory,
            None,
            prepared.manifest.providers,
            keys=keys,
            settings=settings,
            screen=screen,
            fresh=fresh,
            switches=switches,
        )
        prepared = prepared if build is None else build(probed.probe)
    run, changes = open_to_send(with_command(prepared, repeating_command()), directory, fresh=fresh)
    with run:
        write_probe(run, probed)
        for sentence in changes:
            say(screen, sentence)
        print_carriers(prepared.manifest.providers, settings, screen)
        interrupted = probed.interrupted or send_prompts(
            run, keys=keys, settings=probed.settings, screen=screen, without=probed.probe.silenced
        )
        found = conclude_drift(run)
        run.write_text(RunFile.DRIFT, drift_text(found))
        run.write_text(RunFile.REPORT, publish(run, finish(run)))
        if as_json:
            click.echo(drift_text(found), nl=False)
        elif not quiet:
            print_drift(found, Console(emoji=False))
        click.echo(f"report: {RunFile.REPORT.of(directory)}", err=as_json)
    if interrupted:
        say(screen, INTERRUPTED)
        return ExitCode.INTERRUPTED
    return exit_code_of(found)


def send_prompts(
    run: RunDir, *, keys: Mapping[str, str], settings: WireSettings, screen: Console, without: Collection[str] = ()
) -> bool:
    """Send drift's prompts with a progress line of e-values. Returns whether it was interrupted."""
    status = screen.status("drift: probing") if screen.is_terminal and not screen.quiet else nullcontext()
    with status as line:

        def show(found: Investigation) -> None:
            if line is not None:
                known = ", ".join(f"{name} e = {c.e_drift:.3g}" for name, c in found.candidates.items())
                line.update(visible(f"drift: {known}"))

        return run_loop(partial(send_drift, run, keys=keys, settings=settings, on_round=show, without=without))


def replay(directory: Path, console: Console, *, as_json: bool = False) -> ExitCode:
    """Print drift as recomputed from the exchanges. Exit code 1 if the run's ``drift.json`` differs.

    Args:
        as_json: print the text of ``drift.json``.
    """
    with RunDir.open(directory) as run:
        found = conclude_drift(run)
        text = drift_text(found)
        if as_json:
            click.echo(text, nl=False)
        else:
            print_drift(found, console)
        written = run.read_text(RunFile.DRIFT) if RunFile.DRIFT.is_in(directory) else None
        if written is None:
            run.write_text(RunFile.DRIFT, text)
            click.echo(f"written: {RunFile.DRIFT.of(directory)}", err=as_json)
        elif written == text:
            click.echo(f"the same as {RunFile.DRIFT.of(directory)}, to the byte", err=as_json)
        else:
            click.echo(f"not the same as {RunFile.DRIFT.of(directory)}: was it made by another version?", err=True)
            return ExitCode.FINDINGS
    return exit_code_of(found)


def write_ladder(directory: Path, file: Path, code: ExitCode, *, err: bool = False) -> ExitCode:
    """Write the ladder that a calibration run recorded, and print its path; with ``err`` on standard error."""
    if code is ExitCode.INTERRUPTED:
        return code
    with RunDir.open(directory) as run:
        ladder = known_ladder(run)
    write_named(file, json.dumps(ladder.as_json(), sort_keys=True, indent=1) + "\n")
    click.echo(
        f"ladder: {file}: {', '.join(visible(rung.name) for rung in ladder.rungs) or 'no rung answered'}", err=err
    )
    return ExitCode.OK if ladder.rungs else ExitCode.INFRASTRUCTURE


def write_tolerances(directory: Path, file: Path, *, err: bool = False) -> ExitCode:
    """Write the tolerances that a calibration run of honest hosts shows, and print their path, as `write_ladder`."""
    with RunDir.open(directory) as run:
        found = known_tolerances(run)
    write_named(file, json.dumps(found.as_json(), sort_keys=True, indent=1) + "\n")
    most = significant(found.tolerance, towards=Towards.UP)
    click.echo(f"tolerances: {file}: honest hosts differ by up to {most} nats", err=err)
    if found.left_out:
        names = ", ".join(map(visible, found.left_out))
        click.echo(f"left out, further from all others than those from one another: {names}", err=err)
    return ExitCode.OK


def exit_code_of(found: Mapping[str, Drift]) -> ExitCode:
    """1 if a candidate drifts or is misconfigured, 3 if one never answered, 4 if one is inconclusive, else 0."""
    verdicts = {drift.verdict for drift in found.values()}
    if verdicts & {DriftVerdict.DRIFT, DriftVerdict.MISCONFIGURED}:
        return ExitCode.FINDINGS
    if not found or any(not drift.prompts for drift in found.values()):
        return ExitCode.INFRASTRUCTURE
    return ExitCode.INCONCLUSIVE if DriftVerdict.INCONCLUSIVE in verdicts else ExitCode.OK


def print_drift(found: Mapping[str, Drift], console: Console) -> None:
    """A line of numbers for each candidate, then its words."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("provider", no_wrap=True)
    table.add_column("verdict")
    table.add_column("grade")
    for heading in ("e-value", "difference [95%]", "prompts", "requests", "cost"):
        table.add_column(heading, justify="right")
    for name, drift in found.items():
        effect = drift.effect
        low, high = significant(effect.low, towards=Towards.DOWN), significant(effect.high, towards=Towards.UP)
        interval = "" if effect.low is None or effect.high is None else f" [{low}, {high}]"
        unit = " nats" if effect.unit == "nats" else ""
        span = NONE if effect.value is None else f"{significant(effect.value)}{interval}{unit}"
        cost = "no price" if drift.cost is None else dollars(drift.cost)
        table.add_row(
            visible(name),
            drift.verdict.value,
            grade_words(drift),
            f"{drift.e_value:.3g}",
            span,
            str(drift.prompts),
            str(drift.requests),
            cost,
        )
    if found:
        print_whole(table, console)
    for name, drift in found.items():
        say(console, f"{name}: {drift_words(drift)}")
        for finding in drift.findings:
            say(console, f"  {finding_words(finding)}")
