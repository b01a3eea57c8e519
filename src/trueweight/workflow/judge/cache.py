"""Keeps judgements in this user's cache, so that the same code judges each exchange of a run once.

The cache is never in the run directory: a run travels, as an artifact or by mail, and a judgement that came with it
must not decide. Everything that a judgement is made from is in the name under which it is kept: the bytes of the
record, the case, the provider, and the code. What an old or damaged file has is not found, and is judged again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import platformdirs

from trueweight.core import TrueweightError
from trueweight.core.run_comparison import RunComparison
from trueweight.core.summary import Summary
from trueweight.core.summary_json import decode_summary, encode_summary
from trueweight.store import LLM_JUDGE_RUN, RunDir, RunFile, TrialNames, digest_plain, read_cached, write_cached
from trueweight.workflow.judge.fingerprint import code_fingerprint
from trueweight.workflow.judge.judged_trial import JudgedTrial, TrialJudge, pack, unpack
from trueweight.workflow.judge.processes import LEAST, JudgePool, JudgeProcesses, PoolMaker, process_number
from trueweight.workflow.judge.trial_keys import TrialKeys

_Made = TypeVar("_Made")
VARIABLE: Final = "TRUEWEIGHT_CACHE"
"""The environment variable with the folder of the cache; empty for none."""
_PART: Final = 4_096
"""Lines of a record whose judgements are in one file of the cache: one is in memory at a time."""
_MOST_PARTS: Final = 1_000
"""Files of one run, and then the oldest are deleted: of four million exchanges."""
_MOST_RUNS: Final = 16
"""Runs whose trials, and whose judgements, are kept."""
_SUMMARIES, _TRIALS, _COMPARISONS, _PAGES = "summaries", "trials", "comparisons", "pages"
_JUDGEMENTS: Final = "judgements"
_INPUTS: Final = (RunFile.MANIFEST, RunFile.CASES, RunFile.BAR, RunFile.PROBE)
"""The files of a run beside its exchanges that its summary is made from."""


def cache_folder() -> Path | None:
    """The folder of the cache; None if there is to be none."""
    named = os.environ.get(VARIABLE)
    if named is None:
        return Path(platformdirs.user_cache_dir("trueweight")) / "judged"
    return Path(named) if named else None


def cached_summary(run: RunDir, make: Callable[[RunDir], Summary]) -> Summary:
    """The summary of a run, read from the cache if all that it is made from is the same; else made, and kept.

    A run with damaged lines is judged each time, because its errors are reported.
    """
    return _cached(_SUMMARIES, (run,), lambda: make(run), encode_summary, decode_summary)


def cached_comparison(before: RunDir, after: RunDir, make: Callable[[], RunComparison]) -> RunComparison:
    """The comparison of two runs, kept as a summary is."""
    decode: Callable[[bytes], RunComparison] = msgspec.json.Decoder(RunComparison).decode
    found: RunComparison = _cached(_COMPARISONS, (before, after), make, msgspec.json.encode, decode)
    return found


def cached_page(run: RunDir, summary: Summary, make: Callable[[], str]) -> str:
    """The page of a run and its summary, kept as a summary is. What is searched for keys is the caller's to search."""
    shown = sha256(encode_summary(summary)).hexdigest()
    return _cached(_PAGES, (run,), make, lambda text: text.encode("utf-8", "surrogatepass"), _page_text, shown)


def _page_text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _cached(
    kind: str,
    runs: Sequence[RunDir],
    make: Callable[[], _Made],
    encode: Callable[[_Made], bytes],
    decode: Callable[[bytes], _Made],
    *parts: str,
) -> _Made:
    """What is made of these runs, from the folder ``kind`` of the cache if it is there.

    Args:
        parts: what else it is made from.
    """
    folder = cache_folder()
    code = None if folder is None else code_fingerprint()
    if folder is None or code is None or any(run.damaged or _has_llm_judge(run) for run in runs):
        return make()
    inputs = (part for run in runs for part in _inputs_of(run, _INPUTS))
    path = folder / kind / f"{_name(code, *inputs, *parts)}.zst"
    with suppress(ValueError, RecursionError, TrueweightError):  # msgspec's errors are ValueErrors
        if (data := read_cached(path)) is not None:
            return decode(data)
    made = make()
    if not any(run.damaged for run in runs):
        with suppress(UnicodeEncodeError):  # half of a surrogate pair, which a reply may contain: made each time
            write_cached(path, encode(made))
    return made


def judgement_folder(run: RunDir) -> Path | None:
    """The folder of the cache for all judgements of a run together, which may not be there; None if there is to be
    none: it is of this record, judged by this code."""
    folder = cache_folder()
    code = None if folder is None else code_fingerprint()
    if folder is None or code is None or run.damaged or _has_llm_judge(run):
        return None
    return folder / _JUDGEMENTS / _name(code, *_inputs_of(run, (RunFile.MANIFEST, RunFile.CASES)))


def _inputs_of(run: RunDir, files: Sequence[RunFile]) -> Iterator[str]:
    yield run.record_digest()
    yield from (_content(run, file) for file in files)


def cached_trials(run: RunDir, judge: TrialJudge, pool: PoolMaker | None = None) -> Iterator[JudgedTrial]:
    """Each exchange of the current plan, judged, in the order of the record; of many, in several processes.

    Args:
        pool: makes what judges the exchanges that are not in the cache, in place of processes of this machine.
    """
    plan, kept = run.current_plan(), TrialCache(run, judge)
    trials = run.trials()
    processes = _pool(run, judge, kept.without_known(trials), pool)
    try:
        for trial in trials:
            key, found = kept.find(trial)
            if found is None and processes is not None:
                found = processes.take(trial)
            if found is None or plan is not None:
                exchange = run.read_if_whole(trial)
                if exchange is None or (plan is not None and not plan.contains(exchange)):
                    continue
                found = found or judge.judge(exchange)
            kept.keep(key, found)
            yield found
    finally:
        if processes is not None:
            processes.close()
    kept.write()


def _pool(run: RunDir, judge: TrialJudge, trials: TrialNames, pool: PoolMaker | None) -> JudgePool | None:
    """What judges these trials; None for this process: for a few trials or one processor, if there is no ``pool``."""
    if not trials or _has_llm_judge(run):
        return None
    if pool is not None:
        return pool(run, judge, trials)
    number = process_number()
    return None if number == 1 or len(trials) < LEAST else JudgeProcesses(run, judge, trials, number)


class TrialCache:
    """The judged trials of a run in the cache, each under a digest of its line, its case, its provider and the code."""

    def __init__(self, run: RunDir, judge: TrialJudge) -> None:
        self._run, self._judge = run, judge
        folder = None if _has_llm_judge(run) else cache_folder()
        code = None if folder is None else code_fingerprint()
        self._keys = TrialKeys(run, judge, code or "")
        self._folder: Path | None = None
        if folder is not None and code is not None:
            manifest = run.manifest
            name = _name(code, manifest.started_at, str(manifest.seed), str(run.path))
            self._folder = folder / _TRIALS / name
        self._part = -1
        self._before: dict[bytes, bytes] = {}
        self._now: dict[bytes, bytes] = {}
        self._changed = False

    def without_known(self, trials: TrialNames) -> TrialNames:
        """The trials of which there is no judgement."""
        if self._folder is None or not self._folder.is_dir():
            return trials
        found = TrialNames(
            trial for trial in trials if not self._enter(trial) or self._keys.of(trial) not in self._before
        )
        self._part, self._before = -1, {}
        return found

    def _enter(self, trial: str) -> bool:
        """Have the judgements of the part of the record with this trial. Returns whether there are any."""
        part = (self._run.line_number(trial) - 1) // _PART
        if part != self._part:
            self.write()
            self._part, self._before, self._now, self._changed = part, {}, {}, False
            with suppress(msgspec.MsgspecError, RecursionError):
                data = read_cached(self._path()) or b"\x80"
                self._before = msgspec.msgpack.decode(data, type=dict[bytes, bytes])
        return bool(self._before)

    def _path(self) -> Path:
        assert self._folder is not None
        return self._folder / f"{self._part:06}.zst"

    def find(self, trial: str) -> tuple[bytes, JudgedTrial | None]:
        """The judgement of a trial and its key; None and b"" if the cache does not have it, or if it has no key."""
        if self._folder is None or not self._enter(trial):
            return b"", None
        key = self._keys.of(trial)
        data = self._before.get(key)
        with suppress(msgspec.MsgspecError, KeyError, RecursionError):
            if data is not None and (found := unpack(data, self._judge)).trial == trial:
                return key, found
        return key, None

    def keep(self, key: bytes, found: JudgedTrial) -> None:
        """Remember a judgement for `write`; not one without a key or an observation.

        Args:
            key: of the trial; b"" if it is not known.
        """
        if self._folder is None or found.observation is None:
            return
        packed = found.packed
        key = key or (self._keys.of(found.trial) if packed is None else packed.key)
        if not key:
            return
        before = self._before.get(key)
        with suppress(UnicodeEncodeError):  # half of a surrogate pair, which a reply may contain: judged each time
            data = before or (pack(found) if packed is None else packed.data)
            self._now[key] = data
            self._changed |= before is None

    def write(self) -> None:
        """Write what is new in this part. A cache that cannot be written costs nothing but time."""
        if self._folder is not None and self._changed:
            begun = not self._folder.is_dir()
            write_cached(self._path(), msgspec.msgpack.encode(self._now), most=_MOST_PARTS)
            if begun:
                delete_old_runs(self._folder.parent)


def delete_old_runs(folder: Path) -> None:
    """Delete what a folder of the cache has of the runs that were judged longest ago."""
    with suppress(OSError):
        runs = sorted(filter(Path.is_dir, folder.iterdir()), key=lambda run: run.stat().st_mtime, reverse=True)
        for run in runs[_MOST_RUNS:]:
            for file in run.glob("*.zst"):
                file.unlink(missing_ok=True)
            run.rmdir()


def _has_llm_judge(run: RunDir) -> bool:
    """Whether an LLM judge was asked. Its verdicts are another record, so such a run is judged each time."""
    return RunFile.MANIFEST.is_in(run.path / LLM_JUDGE_RUN)


def _name(*parts: str) -> str:
    found = sha256()
    for part in parts:
        found.update(f"{len(part)} {part}".encode("utf-8", "surrogatepass"))
    return found.hexdigest()[:40]


def _content(run: RunDir, file: RunFile) -> str:
    return digest_plain(file.of(run.path))[1] if file.is_in(run.path) else ""
