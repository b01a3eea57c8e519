"""A run's report with the drift that another run measured of the same providers."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from trueweight.assess import assess
from trueweight.core import ConfigError, Drift, Provider
from trueweight.core.note import Note, NoteCode
from trueweight.core.summary import Summary
from trueweight.store import RunDir, RunFile
from trueweight.workflow.summary_file import read_summary


def join_drift(summary: Summary, run: RunDir, drift: RunDir) -> Summary:
    """The summary with each provider's drift from the other run, assessed again, and with a note of what was left out.

    Drift is taken over only from a provider with the same model and settings at the same address, compared with the
    same reference: a name alone says nothing.

    Raises:
        ConfigError: if the other run measured no drift.
    """
    measured = _drifts(drift)
    own, theirs = ({p.name: p for p in one.manifest.providers} for one in (run, drift))
    reference = summary.run.reference or ""
    same = _same(own.get(reference), theirs.get(reference))
    providers, left_out = dict(summary.providers), []
    for name, found in measured.items():
        if name not in providers:
            continue
        if same and _same(own[name], theirs.get(name)):
            providers[name] = msgspec.structs.replace(providers[name], drift=found)
        else:
            left_out.append(name)
    joined = msgspec.structs.replace(summary, providers=providers)
    if left_out:
        note = Note(code=NoteCode.DRIFT_LEFT_OUT, providers=tuple(left_out))
        run_summary = msgspec.structs.replace(summary.run, notes=(*summary.run.notes, note))
        joined = msgspec.structs.replace(joined, run=run_summary)
    return assess(joined)


def _same(one: Provider | None, other: Provider | None) -> bool:
    return one is not None and other is not None and one.fingerprint() == other.fingerprint()


def _drifts(run: RunDir) -> Mapping[str, Drift]:
    summary = read_summary(RunFile.SUMMARY.of(run.path))
    found = {name: provider.drift for name, provider in summary.providers.items() if provider.drift is not None}
    if not found:
        raise ConfigError(
            "no drift was measured in this run",
            code="no-drift",
            where=str(run.path),
            hint="Valid: what `trueweight drift --out` wrote.",
        )
    return found
