"""What ``run`` and ``demo`` share: send the plan, judge the exchanges, print the table and the path of the report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

import click
from rich.console import Console

from trueweight.assess import exit_code
from trueweight.cli._measure_drift import send_prompts
from trueweight.cli._options import repeating_command
from trueweight.cli._probing import probe_before
from trueweight.cli._progress import watching
from trueweight.cli._screen import (
    INTERRUPTED,
    open_page,
    print_carriers,
    print_damage,
    say,
    say_next,
    stopped_api_lines,
)
from trueweight.core import ExitCode, SwitchWays, Trial
from trueweight.core.probe import Probe
from trueweight.core.summary import Summary
from trueweight.report.terminal import print_table
from trueweight.report.words import allowance_words, fault_sentence, note_words
from trueweight.store import RunDir, RunFile, pending
from trueweight.wire import SendResult, WireSettings, remaining_limits, run_loop
from trueweight.workflow.drift import has_drift
from trueweight.workflow.finish import finish, publish
from trueweight.workflow.probe import ProbeResult, write_probe
from trueweight.workflow.repeats import RepeatChoice, choose_repeats
from trueweight.workflow.requests import repeats_note, request_notes
from trueweight.workflow.send import (
    PreparedRun,
    Sender,
    amend_run,
    open_to_send,
    send_pending,
    unanswered,
    with_command,
)
from trueweight.workflow.shards import covers_plan


def send_and_report(
    prepared: PreparedRun,
    directory: Path,
    *,
    keys: Mapping[str, str],
    settings: WireSettings,
    fresh: bool = False,
    retry_errors: bool = False,
    quiet: bool = False,
    as_json: bool = False,
    build: Callable[[Probe | None, RepeatChoice | None], PreparedRun] | None = None,
    choosing_repeats: bool = False,
    probing: bool = True,
    switches: Mapping[str, SwitchWays] = MappingProxyType({}),
    given: Probe | None = None,
    opened: bool = False,
    sender: Sender = send_pending,
    ending: Callable[[Summary, Console], None] | None = None,
) -> ExitCode:
    """Probe the providers, send what is not recorded yet, then judge and write the report.

    Args:
        build: makes the run again with what the probe found, and with the repeats that the first pass chose.
        choosing_repeats: whether the first pass chooses them.
        probing: whether providers are probed first; those with a setup fault are sent nothing else.
        switches: ways to switch thinking that the probe tries, as `probe_providers`.
        given: the probe of another run, see `probe_before`.
        opened: whether the report is opened in the browser.
        sender: sends the trials, on this machine or on several.
        ending: prints the last lines; None for the command that comes next.

    Returns:
        The exit code of the command.
    """
    screen = Console(stderr=True, quiet=quiet, emoji=False)
    probed = ProbeResult(Probe(), (), settings)
    if probing:
        probed = probe_before(
            directory,
            prepared.plan.trials,
            prepared.manifest.providers,
            keys=keys,
            settings=settings,
            screen=screen,
            fresh=fresh,
            retry_errors=retry_errors,
            switches=switches,
            given=given,
        )
        settings = probed.settings
    if build is not None and probing:
        prepared = build(probed.probe, None)
    prepared = with_command(prepared, repeating_command())
    if prepared.manifest.thinking_allowance:
        alone = probing and given is None and not covers_plan(prepared.manifest)
        say(screen, allowance_words(prepared.manifest.thinking_allowance, of_shard=alone))
    run, changes = open_to_send(prepared, directory, fresh=fresh)
    with run:
        write_probe(run, probed)
        said = _say_first(prepared, probed, changes, screen)
        sending = _Sending(run, probed, keys, screen, sender, retry_errors=retry_errors, quiet=quiet)
        rebuild = partial(build, probed.probe if probing else None) if build and choosing_repeats else None
        result, silent = sending.send_planned(prepared, settings, rebuild, said)
        del prepared  # judging needs the memory of a plan of 100,000 trials
        summary = _finish(run, directory, said, quiet=quiet, as_json=as_json)
        code = _exit_code(result, run, silent, summary, screen)
        if code is not ExitCode.INTERRUPTED:
            _end(run, directory, summary, screen, ending)
    if opened:
        open_page(RunFile.REPORT.of(directory), screen)
    return code


def _end(
    run: RunDir, directory: Path, summary: Summary, screen: Console, ending: Callable[[Summary, Console], None] | None
) -> None:
    if ending is not None:
        ending(summary, screen)
    elif covers_plan(run.manifest):
        verb = "show" if run.manifest.bar_digest is None else "gate"
        verb = verb if summary.workload is None else "decide"
        say_next(screen, ("trueweight", verb, str(directory)))


def _say_first(prepared: PreparedRun, probed: ProbeResult, changes: Sequence[str], screen: Console) -> list[str]:
    """Say what changed since the run began, and what holds of its requests. Returns what need not be said again."""
    for sentence in changes:
        say(screen, sentence)
    if changes:
        say(screen, "The run continues with these changes. To delete it and start over, use --fresh.")
    said = [note_words(note) for note in request_notes(prepared.manifest, prepared.cases)]
    for sentence in said:
        say(screen, sentence)
    return [*said, *map(fault_sentence, probed.probe.stopped)]  # which `probe_before` printed


@dataclass(frozen=True, slots=True)
class _Sending:
    """Sends the trials of a run, with progress on the screen."""

    run: RunDir
    probed: ProbeResult
    keys: Mapping[str, str]
    screen: Console
    sender: Sender
    _: KW_ONLY
    retry_errors: bool
    quiet: bool

    def send_planned(
        self,
        prepared: PreparedRun,
        settings: WireSettings,
        rebuild: Callable[[RepeatChoice], PreparedRun] | None,
        said: list[str],
    ) -> tuple[SendResult, tuple[str, ...]]:
        """Send the plan, its repeats if the first pass chooses them, and drift's prompts if the run has drift.

        Args:
            rebuild: makes the run again with the repeats that the first pass chose; None if they are given.
            said: what was said; a sentence about the repeats is added.

        Returns:
            The result, and the providers without a single response.
        """
        run, trials = self.run, self.probed.allowed(prepared.plan.trials)
        left = len(pending(trials, run, retry_errors=self.retry_errors))
        if left < len(trials):
            say(self.screen, f"Resuming: {len(trials) - left} trials are on record, {left} are left.")
        print_carriers(prepared.manifest.providers, settings, self.screen)
        result = self._send(trials, settings)
        result = replace(result, interrupted=result.interrupted or self.probed.interrupted)
        if rebuild is not None and not result.interrupted:
            settings = remaining_limits(settings, result)
            choice = choose_repeats(run, settings)
            prepared = with_command(rebuild(choice), repeating_command())
            amend_run(run, prepared)
            said.append(note_words(repeats_note(choice)))
            say(self.screen, said[-1])
            if choice.repeats > 1:
                result = self._send(self.probed.allowed(prepared.plan.trials), settings)
        if has_drift(run) and not result.interrupted:
            rest = remaining_limits(settings, result)
            without = self.probed.probe.silenced
            interrupted = send_prompts(run, keys=self.keys, settings=rest, screen=self.screen, without=without)
            result = replace(result, interrupted=interrupted)
        return result, unanswered(run, prepared.plan)

    def _send(self, trials: Sequence[Trial], settings: WireSettings) -> SendResult:
        """Send those trials that are not recorded yet, and say what was not sent."""
        waiting = pending(trials, self.run, retry_errors=self.retry_errors)
        with watching(waiting, self.screen, quiet=self.quiet) as on_event:
            result = run_loop(
                partial(
                    self.sender,
                    self.run,
                    trials,
                    keys=self.keys,
                    settings=settings,
                    on_event=on_event,
                    retry_errors=self.retry_errors,
                )
            )
        _print_unsent(result, self.screen)
        _print_limited(result, self.screen)
        return result


def _finish(run: RunDir, directory: Path, said: Sequence[str], *, quiet: bool, as_json: bool) -> Summary:
    summary = finish(run)
    run.write_text(RunFile.REPORT, publish(run, summary))
    if as_json:
        click.echo(publish(run, summary, "json"), nl=False)
        return summary
    if not quiet:
        print_table(summary, Console(emoji=False), said)
    click.echo(f"report: {RunFile.REPORT.of(directory)}")
    return summary


def _print_unsent(result: SendResult, screen: Console) -> None:
    for line in stopped_api_lines(result):
        say(screen, line)
    for name, reason in result.stopped.items():
        missing = sum(unsent.provider == name for unsent in result.unsent)
        say(screen, f"{name}: stopped ({reason}); {missing} trials not sent")


def _print_limited(result: SendResult, screen: Console) -> None:
    health = result.health
    if not health.fit:
        say(
            screen,
            f"CLIENT-LIMITED: this machine was too busy during {health.limited} of {result.recorded} trials (up to "
            f"{health.lag_max_ms:.0f} ms late). Their times are left out. Their replies are counted.",
        )


def _exit_code(result: SendResult, run: RunDir, silent: Collection[str], summary: Summary, screen: Console) -> ExitCode:
    if result.interrupted:
        say(screen, INTERRUPTED)
        return ExitCode.INTERRUPTED
    if silent:
        say(screen, f"No reply from: {', '.join(silent)}")
    if not covers_plan(run.manifest):  # a part is not compared with the bar; the merged run is
        code = ExitCode.INFRASTRUCTURE if silent else ExitCode.OK
    else:
        code = exit_code(summary, silent)
    damage = print_damage(run)
    return damage if code is ExitCode.OK else code
