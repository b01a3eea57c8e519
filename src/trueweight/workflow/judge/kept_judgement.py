"""Keeps what was judged of a whole run in this user's cache, as columns: two large runs are compared without a look-up
of each of their exchanges.

It is named by a digest of the record, the manifest, the cases and the code, as a summary is. What is damaged or
incomplete is judged again.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from trueweight.core import Observation
from trueweight.store import RunDir, read_cached, write_cached
from trueweight.workflow.judge.cache import delete_old_runs, judgement_folder
from trueweight.workflow.judge.judged_trial import TrialJudge, pack_findings, unpack_findings
from trueweight.workflow.judge.lean import row_type
from trueweight.workflow.judge.observation_table import FACTS, ObservationTable, TablePart
from trueweight.workflow.judge.run import Judgement

_PART: Final = 65_536
"""Observations in one file."""
_MOST_PARTS: Final = 100
"""Files of one run; a larger run is not kept."""
_FactsRow: Any = row_type(Observation, FACTS[:-1])


class _Part(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Observations as bytes. The facts are without findings, which many of them share, and which are apart."""

    own: bytes
    lengths: bytes
    facts_at: bytes
    facts: tuple[_FactsRow, ...]
    findings_at: tuple[int, ...]
    findings: tuple[msgspec.Raw, ...]


class _Head(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Written last: what has it is complete."""

    observations: int
    finished_at: str | None


_encode = msgspec.msgpack.Encoder().encode
_decode_part = msgspec.msgpack.Decoder(_Part).decode
_decode_head = msgspec.msgpack.Decoder(_Head).decode


def kept_judgement(run: RunDir, make: Callable[[], Judgement]) -> Judgement:
    """What was judged of a run, read from the cache if it is there; else made, and kept.

    Args:
        make: judges all exchanges of the run, with no check left out.
    """
    folder = judgement_folder(run)
    if folder is None:
        return make()
    with suppress(ValueError, RecursionError):  # msgspec's errors are ValueErrors
        if (found := _read(run, folder)) is not None:
            return found
    made = make()
    if not run.damaged:
        _write(made, folder)
    return made


def _read(run: RunDir, folder: Path) -> Judgement | None:
    data = read_cached(_head(folder))
    if data is None:
        return None
    head, table = _decode_head(data), ObservationTable()
    for start in range(0, head.observations, _PART):
        data = read_cached(_file(folder, start))
        if data is None:
            return None
        table.add_part(_unpack(data))
    if len(table) != head.observations:
        return None
    return Judgement(run.manifest, TrialJudge(run.manifest, run.cases()).cases, table, head.finished_at)


def _write(made: Judgement, folder: Path) -> None:
    table, number = made.observations, len(made.observations)
    if not isinstance(table, ObservationTable) or number > _MOST_PARTS * _PART:
        return
    for start in range(0, number, _PART):
        part = table.part(start, min(start + _PART, number))
        if part is None:
            return
        try:
            data = _pack(part)
        except (OverflowError, UnicodeEncodeError):  # half of a surrogate pair, which a reply may contain
            return
        write_cached(_file(folder, start), data, most=_MOST_PARTS + 1)
    write_cached(_head(folder), _encode(_Head(number, made.finished_at)), most=_MOST_PARTS + 1)
    delete_old_runs(folder.parent)


def _head(folder: Path) -> Path:
    return folder / "head.zst"


def _file(folder: Path, start: int) -> Path:
    return folder / f"{start // _PART:06}.zst"


def _pack(part: TablePart) -> bytes:
    findings = {id(one[-1]): one[-1] for one in part.facts}
    place = {key: at for at, key in enumerate(findings)}
    return _encode(
        _Part(
            part.own,
            part.lengths.tobytes(),
            part.facts_at.tobytes(),
            tuple(one[:-1] for one in part.facts),
            tuple(place[id(one[-1])] for one in part.facts),
            tuple(map(pack_findings, findings.values())),
        )
    )


def _unpack(data: bytes) -> TablePart:
    part = _decode_part(data)
    findings = [unpack_findings(bytes(one)) for one in part.findings]
    if any(not 0 <= at < len(findings) for at in part.findings_at):
        raise ValueError("no part of a judgement")
    facts = [(*one, findings[at]) for one, at in zip(part.facts, part.findings_at, strict=True)]
    return TablePart(part.own, array("I", part.lengths), facts, array("I", part.facts_at))
