"""A recorded run held to a bar, to an earlier run, or to both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from trueweight.assess import Bar, exit_code, judge_against, silent_providers, with_verdicts
from trueweight.core import ConfigError, ExitCode, Reason, Ruling, Verdict
from trueweight.core.schemas import load_schema
from trueweight.store import RunDir, RunFile, read_plain
from trueweight.workflow.bar import bar_of
from trueweight.workflow.compare import compare
from trueweight.workflow.finish import judge
from trueweight.workflow.judge import judge_run

FORMAT = "trueweight.gate/1"
CHANGED = "nothing got worse than the baseline beyond chance"
"""The rule that holds when a baseline is given and the bar has none about it."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What a gate says.

    Attributes:
        verdicts: provider → verdict, in the run's order.
        notes: what a reader must know of the bar and of the run, a plain sentence each.
        silent: providers that never answered.
    """

    exit_code: ExitCode
    verdicts: Mapping[str, Verdict]
    notes: tuple[str, ...]
    silent: tuple[str, ...]
    bar: str | None

    def as_json(self) -> dict[str, Any]:
        """The form that ``--json`` prints, described by ``schemas/gate.schema.json``."""
        outcomes = [verdict.outcome for verdict in self.verdicts.values()]
        return {
            "format": FORMAT,
            "exit_code": int(self.exit_code),
            "bar": self.bar,
            "notes": list(self.notes),
            "silent": list(self.silent),
            "counts": {ruling.value: outcomes.count(ruling) for ruling in Ruling},
            "providers": {name: verdict.as_json() for name, verdict in self.verdicts.items()},
        }


def gate(directory: Path, bar: Bar | None, baseline: Path | None = None) -> Gate:
    """Hold a run, or a ``summary.json`` alone, to a bar and to an earlier run.

    Args:
        bar: None takes the one that the run was made against.
        baseline: the directory of an earlier run.

    Raises:
        ConfigError: if there is nothing to hold it to, or the bar is about a provider that the run does not have.
    """
    summary, own, since = _look(directory, baseline)
    chosen = bar or own
    if chosen is None and since is None:
        raise ConfigError(
            "nothing to hold the run to: it was made without a bar",
            code="gate-no-bar",
            where=str(directory),
            hint="Valid: --bar bar.toml, --baseline OLD_RUN, or both.",
        )
    verdicts = {} if chosen is None else judge_against(chosen, summary, since)
    if since is not None and not any(rule.versus_baseline for rule in (chosen.rules if chosen else ())):
        verdicts = _with_change(verdicts, since, chosen)
    silent = silent_providers(summary)
    judged = with_verdicts(summary, verdicts)
    code = exit_code({**judged, "run": {**judged["run"], "bar_digest": True}}, silent)
    notes = (*summary["run"].get("notes", ()), *_about(bar, summary["run"]), *_about_data(summary, since))
    return Gate(code, verdicts, notes, silent, None if chosen is None else chosen.digest())


def _look(directory: Path, baseline: Path | None) -> tuple[dict[str, Any], Bar | None, dict[str, Any] | None]:
    """Summary, the run's own bar, and what changed since the baseline. The record is judged anew where there is one."""
    if not RunFile.MANIFEST.is_in(directory) and RunFile.SUMMARY.is_in(directory) and baseline is None:
        return load_summary(RunFile.SUMMARY.of(directory)), None, None
    with RunDir.open(directory) as run:
        if baseline is None:
            return judge(run), bar_of(run), None
        with RunDir.open(baseline) as old:
            return judge(run), bar_of(run), compare(judge_run(old), judge_run(run))


def look(directory: Path) -> dict[str, Any]:
    """The summary of a run, judged anew, or of a folder that holds nothing but one."""
    return _look(directory, None)[0]


def load_summary(path: Path) -> dict[str, Any]:
    """A ``summary.json`` that somebody else may have written.

    Raises:
        ConfigError: if it is not what the published schema describes.
    """
    try:
        value = json.loads(read_plain(path))
        jsonschema.validate(value, load_schema("summary"))
    except (ValueError, RecursionError, jsonschema.ValidationError) as error:
        reason = error.message[:200] if isinstance(error, jsonschema.ValidationError) else str(error)[:200]
        raise ConfigError(
            f"not a summary: {reason}", code="summary-invalid", where=str(path), hint="Valid: what `judge` wrote."
        ) from None
    found: dict[str, Any] = value
    return found


def _with_change(verdicts: Mapping[str, Verdict], since: Mapping[str, Any], bar: Bar | None) -> dict[str, Verdict]:
    """A further reason for each provider of both runs: whether a metric got worse beyond chance."""
    out = dict(verdicts)
    for name in since["providers"]:
        worse = [one["metric"] for one in since["significant"] if (one["provider"], one["change"]) == (name, "worse")]
        outcome = Ruling.FAIL if worse else Ruling.PASS
        message = f"worse: {', '.join(worse)}" if worse else f"over the {since['cases']['both']} cases of both"
        reasons = verdicts[name].reasons if name in verdicts else ()
        digest = "" if bar is None else bar.digest()
        out[name] = Verdict(digest, (*reasons, Reason(CHANGED, outcome, message)))
    return out


def _about(bar: Bar | None, run: Mapping[str, Any]) -> Iterator[str]:
    """How the bar that was given stands to the one that the run was made against."""
    if bar is None or bar.digest() == run["bar_digest"]:
        return
    mine = bar.digest()[:12]
    if run["bar_digest"] is None:
        yield f"The run was made without a bar: this one, {mine}, may have been written after it."
    else:
        yield f"This bar, {mine}, is not the one that the run was made against, {run['bar_digest'][:12]}."


def _about_data(summary: Mapping[str, Any], since: Mapping[str, Any] | None) -> Iterator[str]:
    trials = summary["run"]["trials"]
    if trials["recorded"] < trials["planned"]:
        yield f"{trials['recorded']} of {trials['planned']} planned trials are on record."
    if since is not None and since["only_after"]:
        yield f"Not in the baseline, and so not compared with it: {', '.join(since['only_after'])}."
