"""From the blocks of workers to the record of a run, in which each trial is once."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trueweight.cluster.shards import ShardFolder, later, latest, run_name
from trueweight.core import ConfigError, Exchange, InfrastructureError
from trueweight.store import Manifest, RunDir, RunFile, manifest_from_json
from trueweight.workflow.client import add_sessions


def take_over(run: RunDir, folder: ShardFolder, batch: str) -> int:
    """Append what the workers of a batch recorded and the run does not have. Returns how many trials are in the blocks.

    Of several exchanges of a trial the one that counts is appended, see `later`; a run reads the last one of a trial.
    """
    found = latest(folder.exchanges(batch))
    for trial, exchange in sorted(found.items(), key=lambda item: (item[1].started_at, item[0])):
        before = _recorded(run, trial)
        if before is None or later(exchange, before):
            run.append(exchange)
    return len(found)


def _recorded(run: RunDir, trial: str) -> Exchange | None:
    """The exchange of a trial; None if the run has none, or a damaged one."""
    try:
        return run.read(trial)
    except ConfigError:  # no other trial is looked for: a set of all would be made for each batch
        return None
    except InfrastructureError as error:
        if error.code != "run-corrupt":
            raise
        return None


def take_over_all(run: RunDir, folder: ShardFolder) -> None:
    """Append all that workers recorded of a run, e.g. after the driver's machine died; and their sessions."""
    for batch in folder.batches():
        take_over(run, folder, batch)
    add_sessions(run, folder.sessions())


def make_durable(run: RunDir) -> None:
    """Return when the record is on the disk, so that the blocks may be deleted."""
    file = RunFile.EXCHANGES if RunFile.EXCHANGES.is_in(run.path) else RunFile.EARLIER_EXCHANGES
    descriptor = os.open(file.of(run.path), os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def manifest_at(place: str) -> Manifest | None:
    """The manifest of the run at a URL; None if there is none."""
    text = ShardFolder(place, "").get(RunFile.MANIFEST.value)
    return None if text is None else manifest_from_json(json.loads(text), where=place)


def require_same_run(place: str, manifest: Manifest) -> None:
    """Refuse a URL with another run.

    Raises:
        ConfigError: ``shards-other-run``.
    """
    there = manifest_at(place)
    if there is not None and run_name(there) != run_name(manifest):
        raise ConfigError(
            f"another run is there, which began at {there.started_at}",
            code="shards-other-run",
            where=place,
            hint="Valid: a URL without a run; that of this run, to resume it; or --fresh, which deletes the run there.",
        )


@contextmanager
def run_from(place: str, beside: Path) -> Iterator[RunDir]:
    """The run whose blocks are at a URL, as a run directory that exists during the block.

    Args:
        beside: the directory is made beside this one, on the same disk.

    Raises:
        ConfigError: ``run-missing`` if no run is there.
        InfrastructureError: if the storage fails or a block is damaged.
    """
    beside.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{beside.name}.", dir=beside.parent) as name:
        directory = Path(name, "run")
        ShardFolder(place, "").get_head(directory)
        with RunDir.open(directory, write=True) as run:
            take_over_all(run, ShardFolder(place, run_name(run.manifest)))
        with RunDir.open(directory) as run:
            yield run
