"""Shards of a run → a judged run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trueweight.core.summary import Summary
from trueweight.store import RunDir, RunFile, merge
from trueweight.workflow.client import join_clients
from trueweight.workflow.finish import finish, publish
from trueweight.workflow.probe import join_probes


def merge_all(sources: Sequence[RunDir], out: Path) -> tuple[RunDir, Summary]:
    """A new run of all exchanges, with its summary, its report and the health of every client; the caller closes it.

    Raises:
        ConfigError: as `trueweight.store.merge`.
    """
    merged = merge(sources, out)
    try:
        join_clients(merged, sources)
        join_probes(merged, sources)
        summary = finish(merged)
        merged.write_text(RunFile.REPORT, publish(merged, summary))
    except BaseException:
        merged.close()
        raise
    return merged, summary
