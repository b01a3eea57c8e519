"""Blocks of exchanges, in the memory that fsspec offers as a storage and in a folder."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import pytest
from cluster_parts import trials

from trueweight.cluster.record import require_same_run, run_from, take_over
from trueweight.cluster.shards import BlockWriter, ShardFolder, later, latest
from trueweight.core import Attempt, ConfigError, Exchange, Failure, FailureKind, InfrastructureError, RequestRecord
from trueweight.store import Manifest, RunDir, SessionRecord, SuiteRecord, zstd


@pytest.fixture(params=["memory://", ""])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A storage in memory, and a folder."""
    yield f"memory://{tmp_path.name}" if request.param else str(tmp_path / "place")
    memory = fsspec.filesystem("memory")
    memory.store.clear()


def exchange(at: int, second: int = 0, kind: FailureKind | None = None) -> Exchange:
    """An exchange of the trial at that place of the plan."""
    trial = trials(9)[at]
    failure = None if kind is None else Failure(kind, "why")
    attempt = Attempt(0, 10, 20, 30, 40, 200, "HTTP/1.1", (), b'{"line":"\xe2\x80\xa8\r"}\n', (), failure)
    request = RequestRecord("POST", "http://h/v1/chat/completions", (), "{}")
    when = f"2026-01-02T03:00:{second:02}.000000+00:00"
    return Exchange(
        trial.id, trial.provider.name, "s", trial.case.id, trial.repeat, trial.mode, when, request, (attempt,)
    )


def manifest(**changes: object) -> Manifest:
    known = {trial.provider.name: trial.provider for trial in trials(1)}
    suites = (SuiteRecord("s", "0" * 64, 9),)
    made = Manifest("0.1.0", 7, 1, 2, suites, tuple(known.values()), "2026-01-02T03:00:00.000000+00:00")
    return Manifest(**{name: getattr(made, name) for name in made.__struct_fields__} | changes)


def test_what_a_worker_wrote_is_read_byte_for_byte(place: str) -> None:
    """Also bytes that look like the end of a line; another run in the same place does not see it."""
    folder = ShardFolder(place, "run")
    writer = BlockWriter(folder, "batch", "w")
    written = [exchange(at) for at in range(4)]
    for one in written:
        writer.append(one)
    writer.close()
    assert list(folder.exchanges("batch")) == written
    assert folder.batches() == ["batch"]
    assert ShardFolder(place, "other").batches() == []


def test_only_files_of_workers_are_deleted(place: str) -> None:
    """A place may be a bucket with much else in it."""
    folder = ShardFolder(place, "run")
    folder.put(b"kept", "shards", "notes.txt")
    writer = BlockWriter(folder, "batch", "w")
    writer.append(exchange(0))
    writer.close()
    folder.put_session(SessionRecord(worker="w", recorded=1), "batch", "w")
    assert [one.worker for one in folder.sessions()] == ["w"]
    folder.delete()
    assert folder.batches() == []
    assert list(folder.sessions()) == []
    assert folder.get("shards", "notes.txt") == b"kept"


def test_a_damaged_block_is_an_error_and_not_a_gap(place: str) -> None:
    """The error names the file."""
    folder = ShardFolder(place, "run")
    folder.put_block(zstd.compress(b"{}" * 1000)[:-5], "batch", "w-0")
    with pytest.raises(InfrastructureError, match="damaged") as caught:
        list(folder.exchanges("batch"))
    assert caught.value.where.endswith("w-0.jsonl.zst")


def test_a_storage_that_refuses_fails_the_worker(tmp_path: Path) -> None:
    """A block that cannot be written is never taken for written."""
    (tmp_path / "shards").write_text("a file where a folder must be")
    writer = BlockWriter(ShardFolder(str(tmp_path), "run"), "batch", "w")
    writer.append(exchange(0))
    with pytest.raises(InfrastructureError, match="the storage of the shards failed"):
        writer.close()


def test_a_bucket_that_does_not_exist_fails_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file system says that a file was not found, as it does of a file that is read, where that is no error."""
    folder = ShardFolder("memory://bucket", "run")

    def refuse(*_: object) -> None:
        raise FileNotFoundError("The specified bucket does not exist")

    monkeypatch.setattr(type(folder._files), "pipe_file", refuse)
    with pytest.raises(InfrastructureError, match="bucket does not exist") as caught:
        folder.put(b"data", "manifest.json")
    assert (caught.value.code, caught.value.where) == ("shards-storage", "memory://bucket")


def test_a_storage_that_fails_for_a_while_fails_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are written and read again and again for half a minute. What is forbidden, and what a command does first,
    is tried once."""
    waits: list[float] = []
    folder = ShardFolder("memory://bucket", "run", waits.append)
    errors: list[Exception] = []
    memory = type(folder._files)

    def failing(action: Any) -> Any:
        def act(*arguments: Any) -> Any:
            if errors:
                raise errors.pop()
            return action(*arguments)

        return act

    for name in ("pipe_file", "cat_file", "find"):
        monkeypatch.setattr(memory, name, failing(getattr(memory, name)))
    writer = BlockWriter(folder, "batch", "w")
    errors += [OSError(121, "We encountered an internal error")] * 5
    writer.append(exchange(0))
    writer.close()
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0]
    errors += [OSError(16, "Please reduce your request rate")] * 2
    assert list(folder.exchanges("batch")) == [exchange(0)]
    del waits[:]
    for number, error in ((6, OSError("500")), (1, PermissionError("Forbidden"))):
        errors += [error] * number
        with pytest.raises(InfrastructureError, match="the storage of the shards failed"):
            folder.put_block(b"data", "batch", "w-1")
        assert not errors
    assert sum(waits) == 31.0
    errors += [OSError("500")]
    with pytest.raises(InfrastructureError):
        folder.get("manifest.json")
    assert sum(waits) == 31.0


def test_a_url_that_no_package_opens_is_refused() -> None:
    """In words, with what would be valid."""
    with pytest.raises(ConfigError, match="the URL cannot be opened") as caught:
        ShardFolder("nosuch://bucket/run", "run")
    assert "s3fs" in caught.value.hint


def test_one_exchange_of_a_trial_counts_in_whatever_order_they_are_read() -> None:
    """A whole one before an interrupted one, then the later one."""
    cut = FailureKind.INTERRUPTED
    versions = [exchange(0, 5, cut), exchange(0, 1), exchange(0, 3), exchange(0, 2, FailureKind.CONNECT)]
    for seed in range(10):
        shuffled = random.Random(seed).sample(versions, len(versions))
        assert latest(shuffled) == {versions[0].trial: versions[2]}
    assert not later(versions[2], versions[2])


def test_a_run_takes_over_what_it_does_not_have(place: str, tmp_path: Path) -> None:
    """What the record has already is not appended again, but a later exchange of the trial is."""
    folder = ShardFolder(place, "run")
    own = [exchange(0, 1), exchange(1, 1)]
    with RunDir.create(tmp_path / "run", manifest(), [trial.case for trial in trials(9)][:0]) as run:
        for one in own:
            run.append(one)
        writer = BlockWriter(folder, "batch", "w")
        blocks = [own[0], exchange(1, 9), exchange(2, 4), exchange(2, 3)]
        for one in blocks:
            writer.append(one)
        writer.close()
        assert take_over(run, folder, "batch") == 3
        assert take_over(run, folder, "batch") == 3
    with RunDir.open(tmp_path / "run") as run:
        assert [run.read(one.trial).started_at[17:19] for one in (own[0], own[1], blocks[2])] == ["01", "09", "04"]
        lines = run.path.joinpath("exchanges.jsonl.zst").read_bytes()
        assert len(run.trials()) == 3
        text = zstd.decompress(lines)
        assert sum(b'"trial":' in line for line in text.splitlines()) == 4


def test_a_run_is_made_from_a_url_alone(place: str, tmp_path: Path) -> None:
    """Manifest, cases and blocks are all that is needed; without a manifest there is no run."""
    cases = {trial.case.key: trial.case for trial in trials(9)}
    with pytest.raises(ConfigError, match="no run is there"), run_from(place, tmp_path / "new"):
        pass
    made = manifest()
    with RunDir.create(tmp_path / "driver", made, cases.values()) as run:
        ShardFolder(place, "").put_head(run.path)
    from trueweight.cluster.shards import run_name

    writer = BlockWriter(ShardFolder(place, run_name(made)), "batch", "w")
    for at in (3, 1, 2):
        writer.append(exchange(at, at))
    writer.close()
    with run_from(place, tmp_path / "new") as run:
        assert run.manifest == made
        assert run.cases() == cases
        assert list(run.exchanges()) == [exchange(at, at) for at in (1, 2, 3)]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".new")) == []
    require_same_run(place, made)
    with pytest.raises(ConfigError, match="another run is there"):
        require_same_run(place, manifest(started_at="2026-01-02T04:00:00.000000+00:00"))


def test_a_changed_exchange_ranks_by_its_bytes() -> None:
    """Two whole exchanges of one instant: one of them is chosen, the same on every machine."""
    one = exchange(0)
    other = replace(one, request=replace(one.request, body="{ }"))
    assert later(one, other) != later(other, one)
