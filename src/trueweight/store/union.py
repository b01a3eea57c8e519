"""Merges runs of one plan into one run: the union of their exchanges by trial id.

Merging is commutative, associative and idempotent: the order of the runs, and of merging them, changes no byte of the
result, and a run merged with itself, or with a part of itself, is the same run.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from trueweight.core import ConfigError, Exchange, Provider, ThinkingMode
from trueweight.core.shard import WHOLE, join, stretches_from_json, stretches_to_json
from trueweight.core.thinking import ThinkingControl
from trueweight.store.encode import encode_exchange
from trueweight.store.files import RunFile, disk_error
from trueweight.store.lock import Lock
from trueweight.store.manifest import AMENDED, COMMAND, EARLIER_BARS, SHARDS, Manifest, recorded_command
from trueweight.store.record_file import refuse_occupied
from trueweight.store.rundir import CurrentPlan, RunDir

MACHINES = "machines"
_PER_RUN = (SHARDS, AMENDED, EARLIER_BARS, COMMAND)
_COMPARED = ("tool_version", "seed", "repeats", "passes", "thinking", "suites", "bar_digest")
_SAMPLING = "sampling"
"""The option of a manifest with the sampling of the run."""
_DIFFERENCES = {
    "tool_version": "was recorded by another version of trueweight",
    "repeats": "has another number of repeats",
    "passes": "has another number of passes of the reference",
    "suites": "has other suites, or other versions of them",
    "bar_digest": "has another bar",
    "thinking": "has other modes of thinking (--thinking)",
}


class _Source(NamedTuple):
    """The run that has the exchange of a trial. Sources sort by time. The digest is of the whole exchange."""

    started_at: str
    trial: str
    run: int
    digest: str
    whole: bool


@contextmanager
def merging(out: Path) -> Iterator[Path]:
    """A directory beside ``out`` to build a run in. At the end of the block it is renamed to ``out``.

    If the block raises, or the process is killed, nothing is at ``out``. What an earlier, killed call left is deleted.

    Raises:
        ConfigError: if ``out`` has a run, or files that are not of one, or another process builds a run there.
        InfrastructureError: if the disk refuses.
    """
    refuse_occupied(out)
    if out.is_dir() and any(path.name != RunFile.LOCK for path in out.iterdir()):
        raise ConfigError(
            "this directory has other files",
            code="merge-place",
            where=str(out),
            hint="Valid: the name of a new directory, or an empty one.",
        )
    aside = out.absolute().parent / f".{out.absolute().name}.merging"
    _clear(aside)
    try:
        yield aside
        out.mkdir(parents=True, exist_ok=True)
        RunFile.LOCK.of(out).unlink(missing_ok=True)
        out.rmdir()
        aside.replace(out)
    except OSError as error:
        raise disk_error(out, error) from None
    finally:
        _clear(aside)


def _clear(aside: Path) -> None:
    """Delete a run that was not finished. Its lock is taken first: another process may be building it."""
    if not aside.is_dir():
        return
    lock = Lock(RunFile.LOCK.of(aside))
    try:
        RunFile.MANIFEST.of(aside).unlink(missing_ok=True)  # first: without it, what is left is not a run
        for path in aside.iterdir():
            if path.name != RunFile.LOCK:
                path.unlink()
    finally:
        lock.release()
    shutil.rmtree(aside, ignore_errors=True)


def merge(runs: Sequence[RunDir], out: Path) -> RunDir:
    """A new run, open for writing, with every exchange of the runs.

    A whole exchange replaces one that was interrupted when its run was stopped.

    Raises:
        InfrastructureError: if a run has a damaged line.
        ConfigError: if the runs have different plans, if two have different exchanges of one trial, or if ``out``
            has a run already.
    """
    _refuse_different(runs)
    sources = _union(runs)
    first = runs[0]
    merged = RunDir.create(out, _manifest([run.manifest for run in runs]), first.cases().values(), bar=first.bar())
    try:
        for source in sorted(sources.values()):
            merged.append(runs[source.run].read(source.trial))
    except BaseException:
        merged.close()
        raise
    return merged


def _refuse_different(runs: Sequence[RunDir]) -> None:
    first, *others = runs
    for other in others:
        found = next(_differences(first, other), None)
        if found is not None:
            raise ConfigError(
                f"{other.path} cannot be merged with {first.path}: it {found.reason}",
                code="merge-differs",
                where=str(other.path),
                hint=found.hint,
            )


class _Difference(NamedTuple):
    """Why two runs cannot be merged, and what would be valid."""

    reason: str
    hint: str = "Valid: shards, or copies, of one run: of the same suites, providers, seed, bar and version."


def _differences(one: RunDir, other: RunDir) -> Iterator[_Difference]:
    yield from _from_probes(one.manifest, other.manifest)
    yield from map(_Difference, _from_plans(one, other))


def _from_probes(mine: Manifest, theirs: Manifest) -> Iterator[_Difference]:
    """Differences that come from what the probe of each shard found, with the option that makes all shards alike."""
    tokens = mine.thinking_allowance, theirs.thinking_allowance
    if tokens[0] != tokens[1]:
        yield _Difference(
            f"adds {tokens[1]:,} tokens for a thought to each limit, not {tokens[0]:,}",
            f"The probes of the shards found thoughts of different lengths. Record all shards with "
            f"--thinking-allowance {max(tokens)}, or with one --probe-from.",
        )
    if _options(mine).get(_SAMPLING) != _options(theirs).get(_SAMPLING):
        yield _Difference(
            "was recorded with another sampling",
            "Record all shards with one --probe-from, or with one --sampling: recommended, or as-written.",
        )
    if _as_declared(mine) == _as_declared(theirs) and _asked(mine) != _asked(theirs):
        yield _Difference(
            "switches the thinking of a provider by other fields",
            "The probes of the shards found different ways. Record all shards with one --probe-from, or name the "
            "fields in providers.toml: thinking = { off = { … } }.",
        )


def _as_declared(manifest: Manifest) -> list[Provider]:
    """The providers without what a probe may find of their thinking: a shard's probe may go unanswered."""
    return [dataclasses.replace(one, thinking=ThinkingControl()) for one in manifest.providers]


def _asked(manifest: Manifest) -> list[dict[ThinkingMode, Mapping[str, Any] | None]]:
    """Of each provider the fields that the requests of the run add. Those of other modes change nothing."""
    return [{mode: one.thinking.fields(mode) for mode in manifest.thinking} for one in manifest.providers]


def _from_plans(one: RunDir, other: RunDir) -> Iterator[str]:
    mine, theirs = one.manifest, other.manifest
    if mine.seed != theirs.seed:
        yield f"has the seed {theirs.seed}, not {mine.seed}"
    if _as_declared(mine) != _as_declared(theirs):
        yield "has other providers, or other settings of them"
    for key in _COMPARED:
        if getattr(mine, key) != getattr(theirs, key):
            yield _DIFFERENCES[key]
    if _options(mine) != _options(theirs):
        names = {key for key, _ in _options(mine).items() ^ _options(theirs).items()}
        yield f"was made with other options ({', '.join(sorted(names))})"
    if list(one.cases().values()) != list(other.cases().values()):
        yield "has other cases"
    if one.bar() != other.bar():
        yield "has another bar.toml"


def _options(manifest: Manifest) -> Mapping[str, str]:
    return {key: json.dumps(value, sort_keys=True) for key, value in manifest.options.items() if key not in _PER_RUN}


def _union(runs: Sequence[RunDir]) -> dict[str, _Source]:
    current = CurrentPlan(runs[0].manifest, runs[0].cases().values())
    chosen: dict[str, _Source] = {}
    for number, run in enumerate(runs):
        for exchange in run.exchanges():
            if not current.contains(exchange):
                raise ConfigError(
                    f"trial {exchange.trial} is not in this run's plan",
                    code="merge-foreign",
                    where=str(run.path),
                    hint="Valid: a run directory of one run. Files of two runs may be mixed.",
                )
            found = _source_of(exchange, number)
            chosen[exchange.trial] = _better(chosen.get(exchange.trial, found), found, exchange, runs)
        if run.damaged:  # a part that is lost in silence would leave a run that claims to be whole
            raise run.damaged[0]
    return chosen


def _source_of(exchange: Exchange, run: int) -> _Source:
    text = hashlib.sha256(encode_exchange(exchange)).hexdigest()
    return _Source(exchange.started_at, exchange.trial, run, text, whole=not exchange.interrupted)


def _better(one: _Source, other: _Source, exchange: Exchange, runs: Sequence[RunDir]) -> _Source:
    if one.digest == other.digest:
        return one
    if one.whole and other.whole:
        raise ConfigError(
            f"two different exchanges of trial {exchange.trial} "
            f"({exchange.provider}, {exchange.suite}/{exchange.case}, {exchange.mode.value})",
            code="merge-conflict",
            where=f"{runs[one.run].path} and {runs[other.run].path}",
            hint="The trial was sent twice. Merge only one of these runs.",
        )
    return max(one, other, key=lambda source: (source.whole, source.digest))


def _without_shard(command: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a shard's command for the whole run."""
    at = command.index("--shard") if "--shard" in command else len(command)
    return (*command[:at], *command[at + 2 :])


def _manifest(manifests: Sequence[Manifest]) -> Manifest:
    options: dict[str, Any] = {key: value for key, value in manifests[0].options.items() if key not in _PER_RUN}
    covered = join(part for one in manifests for part in stretches_from_json(one.options.get(SHARDS)))
    if covered != WHOLE:
        options[SHARDS] = stretches_to_json(covered)
    bars = {bar for one in manifests for bar in one.options.get(EARLIER_BARS, ())}
    if bars:
        options[EARLIER_BARS] = sorted(bars, key=str)
    commands = {_without_shard(recorded_command(one)) for one in manifests}
    if len(commands) == 1 and (command := commands.pop()):
        options[COMMAND] = list(command)
    started = min(one.started_at for one in manifests)
    providers = tuple(_with_known_switches(same) for same in zip(*(one.providers for one in manifests), strict=True))
    return replace(manifests[0], started_at=started, host=_hosts(manifests), options=options, providers=providers)


def _with_known_switches(same: Sequence[Provider]) -> Provider:
    """A provider as its shards know it: a switch that only some of their probes saw is known, in any order of them."""
    known = same[0].thinking
    for mode in ("on", "off"):
        found = [fields for one in same if (fields := getattr(one.thinking, mode)) is not None]
        known = dataclasses.replace(known, **{mode: min(found, key=_text, default=None)})
    return dataclasses.replace(same[0], thinking=known)


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _hosts(manifests: Sequence[Manifest]) -> Mapping[str, Any]:
    """The machine of the run, or all machines in a fixed order."""
    hosts = [host for one in manifests for host in one.host.get(MACHINES, [dict(one.host)])]
    distinct = {json.dumps(host, sort_keys=True): host for host in hosts}
    found = [distinct[text] for text in sorted(distinct)]
    return found[0] if len(found) == 1 else {MACHINES: found}
