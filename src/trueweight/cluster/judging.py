"""Judges the exchanges of a run on a cluster, block by block. They travel to the nodes, which need no files."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
import ray

from trueweight.core import Case, ConfigError, TrueweightError
from trueweight.store import RunDir, decode_exchange, encode_exchange, manifest_from_json, manifest_to_json
from trueweight.workflow.judge.fingerprint import code_fingerprint
from trueweight.workflow.judge.judged_trial import JudgedTrial, TrialJudge, pack, unpack

_BLOCK: Final = 128
"""Exchanges that one task judges."""
_AHEAD: Final = 3
"""Blocks for each processor of the cluster that are under way: what this machine keeps in memory."""
_RETRIES: Final = 20


@dataclass(frozen=True, slots=True)
class _Head:
    """What all blocks of a run are judged with."""

    manifest: Mapping[str, Any]
    cases: Mapping[str, Case]
    without: tuple[str, ...]
    code: str


@lru_cache(maxsize=2)
def _judge_of(reference: Any) -> TrialJudge | None:
    """The judge of a node's process for a run; None if its code is not the driver's."""
    head: _Head = ray.get(reference)
    if head.code != code_fingerprint():
        return None
    return TrialJudge(manifest_from_json(head.manifest), head.cases, head.without)


def _judge_block(head: Sequence[Any], lines: Sequence[bytes]) -> list[bytes] | None:
    """The judgements of these lines, empty for one that cannot be judged here; None if this node has other code.

    Args:
        head: the reference of the run's `_Head`; in a list, so that Ray hands over the reference.
    """
    judge = _judge_of(head[0])
    return None if judge is None else [_judge_line(judge, line) for line in lines]


def _judge_line(judge: TrialJudge, line: bytes) -> bytes:
    with suppress(TrueweightError, UnicodeEncodeError):  # then the driver judges it, and reports it
        return pack(judge.judge(decode_exchange(line))) if line else b""
    return b""


class RayJudges:
    """Judges these trials of a run, in this order; see `trueweight.workflow.judge.processes.JudgePool`."""

    def __init__(self, run: RunDir, judge: TrialJudge, trials: Sequence[str]) -> None:
        """Raises:
        ConfigError: ``cluster-version`` if a check is in no file, so that it cannot be compared with the nodes'.
        """
        code = code_fingerprint()
        if code is None:
            raise _other_code("a check of this process is in no file")
        self._run, self._judge, self._trials = run, judge, trials
        cases = {**judge.cases}
        self._head = ray.put(_Head(manifest_to_json(run.manifest), cases, tuple(sorted(judge.without)), code))
        self._work = ray.remote(num_cpus=1, max_retries=_RETRIES, scheduling_strategy="SPREAD")(_judge_block)
        self._most = _AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
        self._sent = 0
        self._under_way: deque[Any] = deque()
        self._found: deque[tuple[str, bytes]] = deque()
        self._taken = 0

    def take(self, trial: str) -> JudgedTrial | None:
        """The judgement of a trial; None if it could not be judged there, or is not the next one.

        Raises:
            ConfigError: ``cluster-version`` if a node has other code.
        """
        if not self._found:
            self._receive()
        if not self._found or self._found[0][0] != trial:
            return None
        _, data = self._found.popleft()
        with suppress(msgspec.MsgspecError, KeyError):
            if data and (found := unpack(data, self._judge)).trial == trial:
                return found
        return None

    def _receive(self) -> None:
        """Wait for the next block, and send as many as its place allows."""
        while len(self._under_way) < self._most and self._sent < len(self._trials):
            block = self._trials[self._sent : self._sent + _BLOCK]
            self._sent += len(block)
            self._under_way.append(self._work.remote([self._head], [self._line(trial) for trial in block]))
        if not self._under_way:
            return
        block = self._trials[self._taken : self._taken + _BLOCK]
        self._taken += len(block)
        try:
            judged = ray.get(self._under_way.popleft())
        except ray.exceptions.RayError:  # it failed on every node: this process judges, and says what is wrong
            judged = [b""] * len(block)
        if judged is None:
            raise _other_code("a node has another version of trueweight, of Python, of a library or of a plugin")
        self._found.extend(zip(block, judged, strict=True))

    def _line(self, trial: str) -> bytes:
        """The line of a trial with all of its exchange; b"" if it is damaged, which the caller finds too."""
        exchange = self._run.read_if_whole(trial)
        return b"" if exchange is None else encode_exchange(exchange)

    def close(self) -> None:
        """Leave what is under way to its end."""
        for reference in self._under_way:
            ray.cancel(reference)
        self._under_way.clear()


def _other_code(why: str) -> ConfigError:
    return ConfigError(
        f"this run cannot be judged on the cluster: {why}",
        code="cluster-version",
        where="--engine ray",
        hint="Valid: the same versions on all nodes, for example one container image; or judge without --engine.",
    )
