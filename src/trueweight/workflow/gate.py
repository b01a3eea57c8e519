"""The gate: a recorded run compared with a bar, with an earlier run, or with both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from trueweight.assess import Bar, assess, exit_code, judge_against, silent_providers
from trueweight.assess.rules import Changes
from trueweight.core import ConfigError, ExitCode, Ruling
from trueweight.core.bar_outcome import BarOutcome, RuleCode, RuleOutcome
from trueweight.core.note import Note, NoteCode
from trueweight.core.run_comparison import RunComparison
from trueweight.core.summary import Summary
from trueweight.store import RunDir, RunFile
from trueweight.workflow.bar import bar_of
from trueweight.workflow.finish import compare_recorded, judge
from trueweight.workflow.summary_file import read_summary


@dataclass(frozen=True, slots=True)
class Gate:
    """The outcome of a gate.

    Attributes:
        summary: of the run, assessed by this gate's bar.
        notes: on how the bar and the run came about.
        silent: providers that never answered.
        bar: digest of the bar; None if only a baseline was given.
    """

    exit_code: ExitCode
    summary: Summary
    notes: tuple[Note, ...]
    silent: tuple[str, ...]
    bar: str | None

    @property
    def outcomes(self) -> Mapping[str, BarOutcome]:
        """Provider → the bar's outcome, for each provider that a rule applies to."""
        found = {name: provider.assessment.bar for name, provider in self.summary.providers.items()}
        return {name: bar for name, bar in found.items() if bar is not None}


def gate(directory: Path, bar: Bar | None, baseline: Path | None = None) -> Gate:
    """Compare a run, or the ``summary.json`` of one, with a bar and with an earlier run.

    Args:
        directory: a run, or a folder with a ``summary.json`` alone.
        bar: None takes the one that the run was made with.
        baseline: the directory of an earlier run.

    Raises:
        ConfigError: if there is neither a bar nor a baseline, or the bar names a provider that the run does not have.
    """
    summary, own, since = _read(directory, baseline)
    chosen = bar or own
    if chosen is None and since is None:
        raise ConfigError(
            "nothing to compare the run with: it was made without a bar",
            code="gate-no-bar",
            where=str(directory),
            hint="Valid: --bar bar.toml, --baseline OLD_RUN, or both.",
        )
    changes = None if since is None else _changes(since)
    bars = {} if chosen is None else judge_against(chosen, summary, changes)
    if since is not None and not any(rule.versus_baseline for rule in (chosen.rules if chosen else ())):
        bars = _with_change(bars, since, chosen)
    silent = silent_providers(summary)
    seen = {name: one.assessment.observations for name, one in summary.providers.items()}
    assessed = assess(summary, bars, seen)
    code = exit_code(assessed, silent, barred=True)
    if code is ExitCode.OK and _is_partial(summary):
        code = ExitCode.INCONCLUSIVE  # what is missing may be what fails
    notes = (*summary.run.notes, *_bar_note(bar, summary), *_run_notes(summary, since))
    return Gate(code, assessed, notes, silent, None if chosen is None else chosen.digest())


def _changes(since: RunComparison) -> Changes:
    return {
        name: {metric: one.difference for metric, one in found.metrics.items()}
        for name, found in since.providers.items()
    }


def _read(directory: Path, baseline: Path | None) -> tuple[Summary, Bar | None, RunComparison | None]:
    """The summary, the run's own bar, and the comparison with the baseline. Exchanges are judged again."""
    if not RunFile.MANIFEST.is_in(directory) and RunFile.SUMMARY.is_in(directory) and baseline is None:
        return read_summary(RunFile.SUMMARY.of(directory)), None, None
    with RunDir.open(directory) as run:
        if baseline is None:
            return judge(run), bar_of(run), None
        with RunDir.open(baseline) as old:
            return judge(run), bar_of(run), compare_recorded(old, run)


def summary_of(directory: Path) -> Summary:
    """The summary of a run, judged again; of a folder without exchanges, the one that it holds.

    Raises:
        ConfigError: if the folder is neither a run nor holds a valid summary.
    """
    return _read(directory, None)[0]


def _with_change(bars: Mapping[str, BarOutcome], since: RunComparison, bar: Bar | None) -> dict[str, BarOutcome]:
    """A further rule for each provider of both runs: whether a metric got worse beyond chance."""
    out = dict(bars)
    for name in since.providers:
        worse = since.worse(name)
        changed = RuleOutcome(
            outcome=Ruling.FAIL if worse else Ruling.PASS,
            code=RuleCode.CHANGED,
            metrics=worse,
            cases=since.cases.both,
        )
        rules = bars[name].rules if name in bars else ()
        out[name] = BarOutcome.of("" if bar is None else bar.digest(), (*rules, changed))
    return out


def _bar_note(bar: Bar | None, summary: Summary) -> Iterator[Note]:
    """A note if the given bar is not the one that the run was made with."""
    recorded = summary.run.bar_digest
    if bar is not None and bar.digest() != recorded:
        yield Note(code=NoteCode.BAR_OTHER, bar=bar.digest(), recorded=recorded or "")


def _is_partial(summary: Summary) -> bool:
    """Whether trials of the plan are not on record, or part of the plan is not in the run."""
    trials = summary.run.trials
    codes = {note.code for note in summary.run.notes}
    return trials.recorded < trials.planned or not codes.isdisjoint({NoteCode.PART_OF_RUN, NoteCode.DAMAGED})


def _run_notes(summary: Summary, since: RunComparison | None) -> Iterator[Note]:
    trials = summary.run.trials
    if trials.recorded < trials.planned:
        yield Note(code=NoteCode.NOT_FINISHED, count=trials.recorded, of=trials.planned)
    if since is not None and since.only_after:
        yield Note(code=NoteCode.NOT_IN_BASELINE, providers=since.only_after)
