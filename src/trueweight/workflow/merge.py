"""Shards of a run → a judged run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trueweight.core.summary import Summary
from trueweight.store import RunDir, RunFile, merge, merging
from trueweight.workflow.client import join_clients
from trueweight.workflow.finish import finish, publish
from trueweight.workflow.probe import join_probes


def merge_all(sources: Sequence[RunDir], out: Path) -> tuple[RunDir, Summary]:
    """A new run of all exchanges, with its summary, its report and the health of every client; the caller closes it.

    It is built beside ``out`` and gets its name when it is whole. After an interrupt, the same call starts over.

    Raises:
        ConfigError: as `trueweight.store.merge`.
    """
    with merging(out) as aside, merge(sources, aside) as merged:
        join_clients(merged, sources)
        join_probes(merged, sources)
        summary = finish(merged)
        merged.write_text(RunFile.REPORT, publish(merged, summary))
    return RunDir.open(out, write=True), summary
