"""Where workers put what they record: a run directory or a URL that fsspec opens (``s3://``, ``gs://``, ``file://``).

Each worker writes blocks of exchanges, a few seconds' worth each. A block is a frame of zstd (RFC 8878) whose lines are
those of a record without a digest in place of a body, so that each block is whole by itself: `zstd -dc` reads it. It
appears under its name when it is complete. Storage that cannot append needs no more than that.
"""

from __future__ import annotations

import posixpath
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import fsspec
import msgspec

from trueweight.core import ConfigError, Exchange, InfrastructureError, TrueweightError, digest
from trueweight.redaction import for_people
from trueweight.store import Manifest, RunFile, SessionRecord, decode_exchange, encode_exchange, replace_plain, zstd

FOLDER: Final = "shards"
_BLOCK, _SESSION = ".jsonl.zst", ".client.json"
_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before the next attempts when a storage fails in the middle of a run. s3fs itself tries for 4 seconds."""
_SECONDS: Final = 2.0
"""Most seconds that an exchange waits for its block: what a machine that dies may lose."""
_BYTES: Final = 8 * 1024 * 1024
"""Bytes of lines after which a block is written at once."""
_MOST: Final = 256 * 1024 * 1024
"""Bytes of a block that are decompressed: one exchange may be as large as a response may be, and is alone in its
block then."""
HEAD: Final = (RunFile.MANIFEST, RunFile.CASES, RunFile.BAR, RunFile.PROBE, RunFile.PROBE_EXCHANGES)
"""The files of a run that a URL has beside the blocks, so that the run can be made from it."""


def run_name(manifest: Manifest) -> str:
    """The name of a run's folder of blocks: it is the same after a resume, and another one after ``--fresh``."""
    return digest([manifest.started_at, manifest.seed])[:16]


class ShardFolder:
    """A place with the blocks of a run. Those of another run, in the same place, are not seen."""

    def __init__(self, place: str, run: str, sleep: Callable[[float], None] = time.sleep) -> None:
        """Args:
            place: a directory or a URL.
            run: as `run_name` names it.
            sleep: waits so many seconds, before what a storage failed to do is tried again.

        Raises:
            ConfigError: ``shards-place`` if fsspec has no file system for the URL, or a package for it is missing.
        """
        self.place, self.run, self._sleep = place, run, sleep
        try:
            self._files, self._root = fsspec.core.url_to_fs(place)
        except (ImportError, ValueError) as error:
            raise ConfigError(
                f"the URL cannot be opened: {for_people(str(error))}",
                code="shards-place",
                where=place,
                hint="Valid: a directory, or a URL of fsspec whose package is installed, e.g. s3:// with s3fs.",
            ) from None
        self._local = "file" in (self._files.protocol, *self._files.protocol)

    def _path(self, *names: str) -> str:
        return posixpath.join(self._root, *names)

    def _does(self, action: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return action(*arguments)
        except (FileNotFoundError, TrueweightError):
            raise
        except Exception as error:  # each file system raises its own
            raise self._failed(error) from error

    def _does_in_the_end(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """As `_does`; what fails is tried again for half a minute, because the run would end with it. What is forbidden
        is not, nor are a mistaken URL and a full disk."""
        for seconds in _PAUSES:
            try:
                return self._does(action, *arguments)
            except InfrastructureError as error:
                if self._local or isinstance(error.__cause__, PermissionError):
                    raise
                self._sleep(seconds)
        return self._does(action, *arguments)

    def _failed(self, error: Exception) -> InfrastructureError:
        return InfrastructureError(
            f"the storage of the shards failed: {for_people(f'{type(error).__name__}: {error}')}",
            code="shards-storage",
            where=self.place,
            hint="What is recorded there is kept. Run the same command again to resume.",
        )

    def put(self, data: bytes, *names: str) -> None:
        """Write a file, which appears when it is whole.

        Raises:
            InfrastructureError: ``shards-storage`` if the storage refuses.
        """
        self._does(self._write, data, *names)

    def _write(self, data: bytes, *names: str) -> None:
        path = self._path(*names)
        try:
            if self._local:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                replace_plain(Path(path), data)
            else:  # an object appears when it is whole
                self._files.pipe_file(path, data)
        except FileNotFoundError as error:  # the bucket itself
            raise self._failed(error) from None

    def get(self, *names: str) -> bytes | None:
        """The bytes of a file; None if there is none."""
        try:
            data: bytes = self._does(self._files.cat_file, self._path(*names))
        except FileNotFoundError:
            return None
        return data

    def _listed(self, *names: str) -> list[str]:
        """The paths of all files in a folder and in its folders, sorted."""
        try:
            self._files.invalidate_cache()  # others write there
            found = self._does_in_the_end(self._files.find, self._path(*names))
        except FileNotFoundError:
            return []
        return sorted(str(path) for path in found if not posixpath.basename(str(path)).startswith("."))

    def batches(self) -> list[str]:
        """The names of the batches that have a file."""
        return sorted({posixpath.basename(posixpath.dirname(path)) for path in self._listed(FOLDER, self.run)})

    def exchanges(self, batch: str) -> Iterator[Exchange]:
        """Every exchange of a batch, in the order of the blocks. A trial may have several: see `latest`.

        Raises:
            InfrastructureError: ``run-corrupt`` for a damaged block.
        """
        for path in self._listed(FOLDER, self.run, batch):
            if path.endswith(_BLOCK):
                yield from self._read(path)

    def put_block(self, data: bytes, batch: str, name: str) -> None:
        """Keep a block."""
        self._does_in_the_end(self._write, data, FOLDER, self.run, batch, f"{name}{_BLOCK}")

    def _read(self, path: str) -> Iterator[Exchange]:
        data = self._does_in_the_end(self._files.cat_file, path)
        frame = zstd.ZstdDecompressor()
        with suppress(zstd.ZstdError):
            lines = frame.decompress(data, _MOST)
        if not frame.eof:
            raise InfrastructureError(
                "a block of exchanges is damaged",
                code="run-corrupt",
                where=path,
                hint="Delete this file, and run the same command again: its trials are sent again.",
            )
        for number, line in enumerate(lines.split(b"\n"), 1):
            yield decode_exchange(line, where=f"{path}:{number}")

    def sessions(self) -> Iterator[SessionRecord]:
        """The health of each worker that ended a batch."""
        for path in self._listed(FOLDER, self.run):
            if path.endswith(_SESSION):
                with suppress(msgspec.MsgspecError):
                    data = self._does_in_the_end(self._files.cat_file, path)
                    yield msgspec.json.decode(data, type=SessionRecord)

    def put_session(self, session: SessionRecord, batch: str, worker: str) -> None:
        """Keep the health of a worker."""
        data = msgspec.json.encode(session)
        self._does_in_the_end(self._write, data, FOLDER, self.run, batch, f"{worker}{_SESSION}")

    def delete(self, *, of_all_runs: bool = False) -> None:
        """Delete what the workers of the run wrote, or those of all runs in this place. No other file is deleted."""
        for path in self._listed(FOLDER, *(() if of_all_runs else (self.run,))):
            if path.endswith((_BLOCK, _SESSION)):
                self._does(self._files.rm_file, path)
        if self._local:
            shards = Path(self._root, FOLDER)
            for folder in (*shards.glob("*/*"), *shards.glob("*"), shards):
                with suppress(OSError):  # another run's files are in it
                    folder.rmdir()

    def put_head(self, run: Path) -> None:
        """Copy the files of a run directory from which, with the blocks, the run can be made. A copy that is the same
        is not written again."""
        for file in HEAD:
            if file.is_in(run) and (data := file.of(run).read_bytes()) != self.get(file.value):
                self.put(data, file.value)

    def get_head(self, run: Path) -> None:
        """Write those files into a new directory.

        Raises:
            ConfigError: ``run-missing`` if there is no run at the URL.
        """
        run.mkdir(parents=True)
        for file in HEAD:
            if (data := self.get(file.value)) is not None:
                file.of(run).write_bytes(data)
        RunFile.EXCHANGES.of(run).touch()
        if not RunFile.MANIFEST.is_in(run):
            raise ConfigError(
                "no run is there",
                code="run-missing",
                where=self.place,
                hint="Valid: the URL that `trueweight run --engine ray --shards URL` wrote to.",
            )


def later(one: Exchange, other: Exchange) -> bool:
    """Whether the first of two exchanges of a trial is the one that counts: a whole one before an interrupted one, then
    the later one, as in the record of one machine. The rule is the same in each order."""
    return _rank(one) > _rank(other)


def _rank(exchange: Exchange) -> tuple[bool, str, str]:
    return not exchange.interrupted, exchange.started_at, sha256(encode_exchange(exchange)).hexdigest()


def latest(exchanges: Iterable[Exchange]) -> dict[str, Exchange]:
    """Trial → the one exchange of it that counts."""
    found: dict[str, Exchange] = {}
    for exchange in exchanges:
        if exchange.trial not in found or later(exchange, found[exchange.trial]):
            found[exchange.trial] = exchange
    return found


class BlockWriter:
    """Writes the exchanges of one worker in blocks, in a thread, so that the event loop never waits for a storage."""

    def __init__(self, folder: ShardFolder, batch: str, worker: str) -> None:
        self._folder, self._batch, self._worker = folder, batch, worker
        self._waiting: queue.SimpleQueue[Exchange | None] = queue.SimpleQueue()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="trueweight-blocks", daemon=True)
        self._thread.start()

    def append(self, exchange: Exchange) -> None:
        """Write an exchange soon.

        Raises:
            InfrastructureError: if an earlier one could not be written.
        """
        if self._error is not None:
            raise self._error
        self._waiting.put(exchange)

    def close(self) -> None:
        """Write what is left.

        Raises:
            InfrastructureError: if something could not be written.
        """
        self._waiting.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        number, ended = 0, False
        try:
            while not ended:
                block, ended = self._gather()
                if block:
                    data = zstd.compress(b"\n".join(block))
                    self._folder.put_block(data, self._batch, f"{self._worker}-{number:06}")
                    number += 1
        except BaseException as error:  # it is raised in the thread that sends
            self._error = error

    def _gather(self) -> tuple[list[bytes], bool]:
        """The lines of the next block, and whether it is the last one."""
        block: list[bytes] = []
        size, until = 0, 0.0
        while size < _BYTES:
            try:
                exchange = self._waiting.get(timeout=max(0.0, until - time.monotonic()) if block else None)
            except queue.Empty:
                return block, False
            if exchange is None:
                return block, True
            line = encode_exchange(exchange)
            if not block:
                until = time.monotonic() + _SECONDS
            block.append(line)
            size += len(line)
        return block, False
