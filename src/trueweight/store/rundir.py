"""A run directory: manifest, cases, exchanges, and the files that are made from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec.structs import replace

from trueweight.core import Case, ConfigError, Exchange, FailureKind, InfrastructureError, apis_of, trial_id
from trueweight.redaction import know_variables
from trueweight.store.cases import decode_cases, encode_cases
from trueweight.store.files import RunFile, disk_error, inside, read_plain, replace_plain, write_for_people
from trueweight.store.lock import Lock
from trueweight.store.log import ExchangeLog
from trueweight.store.manifest import AMENDED, Manifest, manifest_from_json, manifest_to_json
from trueweight.store.record_file import record_file, refuse_occupied
from trueweight.store.trial_index import TrialNames

_RECORDING = frozenset(
    {
        RunFile.MANIFEST,
        RunFile.CASES,
        RunFile.EXCHANGES,
        RunFile.EARLIER_EXCHANGES,
        RunFile.LOCK,
        RunFile.BAR,
    }
)
"""The recording. All other files are made from it, and may be written again."""


class CurrentPlan:
    """The cases and providers that a run has now, after a resume may have changed them."""

    def __init__(self, manifest: Manifest, cases: Iterable[Case]) -> None:
        self._cases = {case.key: case for case in cases}
        self._providers = {provider.name: provider for provider in manifest.providers}

    def contains(self, exchange: Exchange) -> bool:
        """Whether the case and the provider are still in the run, through this API, and their request is the same."""
        case = self._cases.get(f"{exchange.suite}/{exchange.case}")
        provider = self._providers.get(exchange.provider)
        if case is None or provider is None or exchange.api not in apis_of(case, provider).asked:
            return False
        if provider.thinking.fields(exchange.thinking) is None:
            return False
        expected = trial_id(case, provider, exchange.repeat, exchange.mode, exchange.api, thinking=exchange.thinking)
        return expected == exchange.trial


class RunDir:
    """An open run directory. Make one with `create` or `open`; close it, or use it in a ``with`` statement."""

    def __init__(self, path: Path, manifest: Manifest, lock: Lock | None) -> None:
        self.path = path
        self.manifest = manifest
        self._lock = lock
        know_variables(provider.api_key_env for provider in manifest.providers)
        self._log = ExchangeLog(record_file(path))
        try:
            if lock is not None:
                self._log.start_writing()
        except BaseException:
            self._log.close()
            raise

    @classmethod
    def create(
        cls, path: Path, manifest: Manifest, cases: Iterable[Case], *, fresh: bool = False, bar: str | None = None
    ) -> RunDir:
        """Begin a run, open for writing. The manifest is written last: a directory with one is complete.

        Args:
            bar: the text of the bar; it is kept in the run.
            fresh: delete the run in the directory, if there is one.

        Raises:
            ConfigError: if the directory has a run, another process is writing it, or it cannot be written to.
            InfrastructureError: if the disk refuses.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
            lock = Lock(RunFile.LOCK.of(path))
        except OSError as error:
            raise disk_error(path, error) from None
        try:
            if fresh:
                for file in RunFile:  # the manifest first: without it, what is left is not a run
                    if file is not RunFile.LOCK:
                        file.of(path).unlink(missing_ok=True)
            refuse_occupied(path)
            replace_plain(RunFile.EXCHANGES.of(path), b"")
            _write_head(path, manifest, cases, bar)
            return cls(path, manifest, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(cls, path: Path, *, write: bool = False) -> RunDir:
        """Open a run to read, which needs no lock, or to write, which takes the lock and repairs a torn last line.

        Raises:
            ConfigError: if there is no run, its files are links, or (to write) another process holds the lock.
            InfrastructureError: if it is damaged, or its version is unknown to this program.
        """
        if not path.is_dir():
            raise ConfigError(
                "it is a file, not a directory" if path.exists() else "no such directory",
                code="run-missing",
                where=str(path),
                hint="Valid: what `run --out` wrote.",
            )
        manifest_path = RunFile.MANIFEST.of(path)
        try:
            value = json.loads(read_plain(manifest_path))
        except (ValueError, RecursionError):
            value = None
        manifest = manifest_from_json(value, where=str(manifest_path))
        try:
            lock = Lock(RunFile.LOCK.of(path)) if write else None
        except OSError as error:
            raise disk_error(path, error) from None
        try:
            return cls(path, manifest, lock)
        except OSError as error:
            _release(lock)
            raise ConfigError(
                f"cannot open {record_file(path).name}: {error.strerror}",
                code="run-unreadable",
                where=str(path),
                hint="Valid: a directory that `trueweight run --out` wrote.",
            ) from None
        except BaseException:
            _release(lock)
            raise

    def amend(self, manifest: Manifest, cases: Iterable[Case], *, bar: str | None = None) -> None:
        """Replace manifest and cases: a resume with more repeats, another provider or a changed suite.

        Exchanges of what was removed or changed stay in the file, and `exchanges` leaves them out.

        Raises:
            InfrastructureError: if the disk refuses, or the run is open for reading only.
        """
        if self._lock is None:
            raise InfrastructureError("this run is open for reading only", code="run-read-only", where=str(self.path))
        amended = replace(manifest, options={**manifest.options, AMENDED: True})
        _write_head(self.path, amended, cases, bar)
        self.manifest = amended

    def cases(self) -> dict[str, Case]:
        """Case key → case, in the order of the run.

        Raises:
            ConfigError: as `read_plain`.
            InfrastructureError: ``run-corrupt`` if a line is not a case, or lines are missing.
        """
        path = RunFile.CASES.of(self.path)
        cases = {case.key: case for case in decode_cases(read_plain(path), where=str(path))}
        # Of all suites together: that of a folder has the name of the folder, which may be a copy; its cases have not.
        expected = sum(suite.cases for suite in self.manifest.suites)
        if len(cases) < expected and not self.manifest.options.get(AMENDED):
            here = f"{len(cases)} of the {expected} cases of the run are here"
            hint = "Restore it from a copy. A judgement without these cases would leave out their exchanges."
            raise InfrastructureError(f"{here}: the file is cut", code="run-corrupt", where=str(path), hint=hint)
        return cases

    def append(self, exchange: Exchange) -> None:
        """Write an exchange. A crash of this process after the return does not lose it.

        Raises:
            InfrastructureError: if the disk refuses, or the run is open for reading only.
        """
        self._log.append(exchange)

    def exchanges(self) -> Iterator[Exchange]:
        """The last exchange of every trial in the current plan, in file order. A torn last line and damaged lines are
        left out; these are in `damaged` afterwards."""
        found = self._log.exchanges()
        plan = self.current_plan()
        return found if plan is None else filter(plan.contains, found)

    def current_plan(self) -> CurrentPlan | None:
        """The cases and providers that the run has now; None if no resume changed them, so that all exchanges count."""
        amended = bool(self.manifest.options.get(AMENDED))
        return CurrentPlan(self.manifest, self.cases().values()) if amended else None

    def trials(self) -> TrialNames:
        """Every trial on record, in file order; also those that are not in the current plan."""
        return TrialNames(self._log.index)

    def line_of(self, trial: str) -> bytes | None:
        """The line of a recorded trial as it is stored, which is all of its exchange: it has a digest of what is in
        another line. None if it cannot be read."""
        return self._log.line_of(trial)

    def line_number(self, trial: str) -> int:
        """The number of a recorded trial's line in the record, from 1. It stays while lines are added."""
        return self._log.index[trial]

    def read_if_whole(self, trial: str) -> Exchange | None:
        """The last exchange of a recorded trial; None if its line is damaged, and in `damaged` from then on."""
        return self._log.read_if_whole(trial)

    def record_digest(self) -> str:
        """SHA-256 of the recorded lines that are in this open run, as they are stored."""
        return self._log.digest()

    @property
    def damaged(self) -> tuple[InfrastructureError, ...]:
        """An error for each damaged line that was met so far, in the order of the file."""
        return tuple(error for _, error in sorted(self._log.damaged.items()))

    @property
    def damaged_lines(self) -> tuple[int, ...]:
        """The numbers of the lines of `damaged`, from 1, in the same order."""
        return tuple(sorted(self._log.damaged))

    def leave_out(self, trial: str, reason: str) -> InfrastructureError:
        """Count the line of a recorded trial as damaged, because the run has no such case or provider.

        Args:
            reason: what the run does not have.

        Returns:
            The error that is in `damaged` from then on.
        """
        return self._log.leave_out(trial, reason)

    def verify(self, trials: Iterable[str], misfit: Callable[[Exchange], str]) -> None:
        """Read the lines of these trials, which are on record, and count as damaged what cannot be read.

        Args:
            misfit: what is wrong with an exchange that can be read; "" if nothing is.
        """
        for trial in sorted(trials, key=self._log.index.__getitem__):
            self._log.verify(trial, misfit)

    def is_verified(self, trial: str) -> bool:
        """Whether `verify` has read the line of a trial, or there is none, or this process wrote it."""
        return self._log.is_verified(trial)

    def recorded(self) -> set[str]:
        """Trials that are complete and are not sent again: all but the interrupted ones."""
        return {trial for trial in self._log.index if self._log.outcome(trial) != FailureKind.INTERRUPTED}

    def is_recorded(self, trial: str) -> bool:
        """Whether a trial is one of those that are `recorded`."""
        return trial in self._log.index and self._log.outcome(trial) != FailureKind.INTERRUPTED

    def failed(self) -> set[str]:
        """Complete trials without a response that can be judged: failures of transport or account."""
        fine = ("ok", FailureKind.CLIENT_ERROR.value)
        return {trial for trial in self.recorded() if self._log.outcome(trial) not in fine}

    def read(self, trial: str) -> Exchange:
        """The last exchange of one trial.

        Raises:
            ConfigError: ``run-no-trial`` if the run has none.
        """
        if trial not in self._log.index:
            raise ConfigError(
                f"no trial {trial!r} in this run",
                code="run-no-trial",
                where=str(self.path),
                hint="Valid: a trial id of the summary or the report.",
            )
        return self._log.read(trial)

    def write_text(self, name: str, text: str) -> Path:
        """Write a file that is made from the recording (summary, report), atomically.

        Raises:
            ConfigError: for a name with a folder in it, or of a file of the recording itself.
        """
        path = inside(self.path, name)
        if name in _RECORDING:
            raise ConfigError(
                f"{name} is part of the recording, which is never rewritten",
                code="run-path",
                where=str(self.path),
                hint="Valid: another name.",
            )
        write_for_people(path, text)
        return path

    def read_text(self, name: str) -> str:
        """The text of a file of the run.

        Raises:
            ConfigError: if it does not exist, or is not a regular file.
        """
        return read_plain(inside(self.path, name)).decode("utf-8", "replace")

    def bar(self) -> str | None:
        """The text of the run's bar; None if it has none.

        Raises:
            ConfigError: if it is not a regular file.
        """
        path = RunFile.BAR.of(self.path)
        return read_plain(path).decode("utf-8", "replace") if path.exists() or path.is_symlink() else None

    def close(self) -> None:
        """Make the recording durable and release the lock."""
        self._log.close()
        _release(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _write_head(path: Path, manifest: Manifest, cases: Iterable[Case], bar: str | None) -> None:
    replace_plain(RunFile.CASES.of(path), encode_cases(cases))
    if bar is not None:
        replace_plain(RunFile.BAR.of(path), bar.encode())
    text = json.dumps(manifest_to_json(manifest), indent=1, sort_keys=True)
    replace_plain(RunFile.MANIFEST.of(path), text.encode("ascii") + b"\n")


def _release(lock: Lock | None) -> None:
    if lock is not None:
        lock.release()
