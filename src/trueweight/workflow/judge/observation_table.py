"""The observations of a run, in some 250 bytes each: numbers in one block, and one object for all that trials share.

A run may have a million of them. An observation is made when it is read; code that keeps many should not.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterable, Iterator, MutableSequence, Sequence
from math import isnan, nan
from struct import Struct
from typing import Any, Final, overload

import numpy as np

from trueweight.core import Observation, Timing

_NAME: Final = 20
"""Characters of the id of a trial."""
_TIME: Final = 32
"""Characters of a time in ISO 8601, with microseconds and UTC."""
_ROW: Final = Struct(f"<{_NAME}s{_TIME}siIqqqddB10q5d")
_FACTS_AT: Final = _NAME + _TIME + 4
_NO_NUMBER: Final = -(2**63)
_TIMED, _COLD, _IN_ONE_PIECE, _LIMITED = 1, 2, 4, 8

_Facts = tuple[Any, ...]
"""All of an observation but what is in its row."""


class ObservationTable(MutableSequence[Observation]):
    """Observations in order, any of which may be replaced."""

    def __init__(self, observations: Iterable[Observation] = ()) -> None:
        self._rows = bytearray()
        self._facts: list[_Facts] = []
        self._places: dict[_Facts, int] = {}
        self._odd: dict[int, Observation] = {}
        """By place: those that do not fit into a row."""
        for seen in observations:
            self.append(seen)

    def __len__(self) -> int:
        return len(self._rows) // _ROW.size

    def append(self, value: Observation) -> None:
        """Add one at the end."""
        at = len(self)
        self._rows += bytes(_ROW.size)
        self[at] = value

    def insert(self, index: int, value: Observation) -> None:
        """Add one at the end, the only place for which there is a use.

        Raises:
            IndexError: for another place.
        """
        if index != len(self):
            raise IndexError("observations are added at the end")
        self.append(value)

    def __delitem__(self, index: int | slice) -> None:
        raise TypeError("an observation is never taken out")

    def __setitem__(self, index: Any, value: Any) -> None:
        self._odd.pop(index, None)
        facts = self._place_of(value)
        try:
            if not self._fits(value):
                raise struct.error
            _ROW.pack_into(self._rows, index * _ROW.size, *_row_of(value, facts))
        except (struct.error, UnicodeEncodeError):
            self._odd[index] = value
            start = index * _ROW.size + _FACTS_AT
            self._rows[start : start + 4] = facts.to_bytes(4, "little")

    @staticmethod
    def _fits(seen: Observation) -> bool:
        timing = seen.timing
        usual = len(seen.trial) == _NAME and len(seen.started_at) == _TIME
        return usual and (timing is None or not timing.gaps) and not (seen.trial + seen.started_at).count("\0")

    def _place_of(self, seen: Observation) -> int:
        """The number of an observation's facts."""
        facts = _facts_of(seen)
        key = (*facts[:-1], id(seen.findings))
        place = self._places.get(key)
        if place is None:
            # Findings are in ``facts`` from now on, so no other object gets their identity.
            place = self._places[key] = len(self._facts)
            self._facts.append(facts)
        return place

    @overload
    def __getitem__(self, index: int) -> Observation: ...
    @overload
    def __getitem__(self, index: slice) -> MutableSequence[Observation]: ...
    def __getitem__(self, index: int | slice) -> Observation | MutableSequence[Observation]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        if index in self._odd:
            return self._odd[index]
        row = _ROW.unpack_from(self._rows, index * _ROW.size)
        return _observation(row, self._facts[row[3]])

    def __iter__(self) -> Iterator[Observation]:
        facts, odd = self._facts, self._odd
        for at in range(len(self)):
            if odd and at in odd:
                yield odd[at]
            else:
                row = _ROW.unpack_from(self._rows, at * _ROW.size)
                yield _observation(row, facts[row[3]])

    def of_providers(self, names: Iterable[str]) -> dict[str, _Some]:
        """Provider → its observations, in order."""
        rows = np.frombuffer(self._rows, dtype=np.uint8).reshape(len(self), _ROW.size)
        number = rows[:, _FACTS_AT : _FACTS_AT + 4].copy().view("<u4").reshape(-1)
        owner = np.array([one[0] for one in self._facts] or [""], dtype=object)
        listed = list(dict.fromkeys(names))
        codes = np.array([listed.index(name) if name in listed else -1 for name in owner.tolist()], dtype=np.int32)
        own = codes[number]
        return {name: _Some(self, np.flatnonzero(own == code)) for code, name in enumerate(listed)}


class _Some(Sequence[Observation]):
    """Some observations of a table, by their places."""

    def __init__(self, table: ObservationTable, places: Any) -> None:
        self._table = table
        self.places = array("I")
        self.places.frombytes(np.asarray(places, dtype=np.uint32).tobytes())

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, index: int) -> Observation: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Observation]: ...
    def __getitem__(self, index: int | slice) -> Observation | Sequence[Observation]:
        if isinstance(index, slice):
            return _Some(self._table, self.places[index])
        return self._table[self.places[index]]

    def __iter__(self) -> Iterator[Observation]:
        return map(self._table.__getitem__, self.places)

    def joined(self, others: Iterable[Sequence[Observation]]) -> Sequence[Observation]:
        """These and those of others of the same table, in this order."""
        found = array("I", self.places)
        for one in others:
            assert isinstance(one, _Some)
            found.extend(one.places)
        return _Some(self._table, found)


def by_provider(observations: Sequence[Observation], names: Iterable[str]) -> dict[str, Sequence[Observation]]:
    """Provider → its observations, in order. Those of a table are read again each time."""
    if isinstance(observations, ObservationTable):
        return dict(observations.of_providers(names))
    found: dict[str, list[Observation]] = {name: [] for name in names}
    for seen in observations:
        if seen.provider in found:
            found[seen.provider].append(seen)
    return dict(found)


def places_of(observations: Sequence[Observation], names: Iterable[str]) -> dict[str, Sequence[int]]:
    """Provider → the places of its observations, in order."""
    if isinstance(observations, ObservationTable):
        return {name: some.places for name, some in observations.of_providers(names).items()}
    found: dict[str, list[int]] = {name: [] for name in names}
    for at, seen in enumerate(observations):
        if seen.provider in found:
            found[seen.provider].append(at)
    return dict(found)


def joined(parts: Sequence[Sequence[Observation]]) -> Sequence[Observation]:
    """All observations of the parts, one part after the other."""
    first = parts[0] if parts else ()
    if isinstance(first, _Some):
        return first.joined(parts[1:])
    return [seen for part in parts for seen in part]


def chosen(observations: Sequence[Observation], wanted: Callable[[Observation], bool]) -> Sequence[Observation]:
    """The observations for which ``wanted`` is true, in order."""
    if isinstance(observations, ObservationTable):
        return _Some(observations, [at for at, seen in enumerate(observations) if wanted(seen)])
    return tuple(seen for seen in observations if wanted(seen))


def change_each(
    observations: MutableSequence[Observation], change: Callable[[Observation], Observation]
) -> MutableSequence[Observation]:
    """Replace each observation by what ``change`` makes of it, in place: a run may have a million, and not twice."""
    for at, seen in enumerate(observations):
        changed = change(seen)
        if changed is not seen:
            observations[at] = changed
    return observations


def _facts_of(seen: Observation) -> _Facts:
    return (
        seen.provider, seen.suite, seen.case, seen.mode, seen.attempts, seen.first_ok, seen.ok, seen.arrived,
        seen.failure, seen.status, seen.called, seen.calls_valid, seen.finish, seen.expects_call, seen.structured,
        seen.api, seen.compared_as, seen.answer, seen.not_judged, seen.thinking, seen.cut_in_thought,
        seen.without_answer, seen.not_offered, seen.habits, seen.grades, seen.blames_length, seen.findings,
    )  # fmt: skip


def _row_of(seen: Observation, facts: int) -> tuple[Any, ...]:
    flags = _LIMITED if seen.client_limited else 0
    timing = seen.timing
    if timing is None:
        times: tuple[Any, ...] = (0,) * 15
    else:
        flags |= _TIMED | (_COLD if timing.cold else 0) | (_IN_ONE_PIECE if timing.in_one_piece else 0)
        whole = (
            timing.ttfe, timing.ttft, timing.ttfo, timing.thinking, timing.service, timing.response,
            timing.generation, timing.gap_max, timing.lag, timing.connect,
        )  # fmt: skip
        real = (timing.tpot, timing.output_speed, timing.gap, timing.zero_gaps, timing.chunk_tokens)
        times = (*(_NO_NUMBER if one is None else one for one in whole), *(nan if one is None else one for one in real))
    return (
        seen.trial.encode("ascii"), seen.started_at.encode("ascii"), seen.repeat, facts,
        *(_NO_NUMBER if one is None else one for one in (seen.input_tokens, seen.output_tokens, seen.thinking_tokens)),
        nan if seen.cost is None else seen.cost, nan if seen.thinking_cost is None else seen.thinking_cost,
        flags, *times,
    )  # fmt: skip


def _observation(row: tuple[Any, ...], facts: _Facts) -> Observation:
    (
        provider, suite, case, mode, attempts, first_ok, ok, arrived, failure, status, called, calls_valid, finish,
        expects_call, structured, api, compared_as, answer, not_judged, thinking, cut_in_thought,
        without_answer, not_offered, habits, grades, blames_length, findings,
    ) = facts  # fmt: skip
    trial, started_at, repeat, _, tokens_in, tokens_out, tokens_thought, cost, thinking_cost, flags = row[:10]
    return Observation(
        trial.decode("ascii"), provider, suite, case, repeat, mode, attempts, first_ok, ok, arrived, failure, status,
        called, calls_valid, finish, expects_call, structured, _number(tokens_in), _number(tokens_out),
        _real(cost), _timing(row, flags), bool(flags & _LIMITED), findings,
        started_at.decode("ascii"), api, compared_as, answer, not_judged, thinking, _number(tokens_thought),
        _real(thinking_cost), cut_in_thought, without_answer, not_offered, habits, grades,
        blames_length,
    )  # fmt: skip


def _number(value: int) -> int | None:
    return None if value == _NO_NUMBER else value


def _real(value: float) -> float | None:
    return None if isnan(value) else value


def _timing(row: tuple[Any, ...], flags: int) -> Timing | None:
    if not flags & _TIMED:
        return None
    ttfe, ttft, ttfo, thinking, service, response, generation, gap_max, lag, connect = [
        None if one == _NO_NUMBER else one for one in row[10:20]
    ]
    tpot, output_speed, gap, zero_gaps, chunk_tokens = map(_real, row[20:])
    cold, in_one_piece = bool(flags & _COLD), bool(flags & _IN_ONE_PIECE)
    return Timing(
        ttfe, ttft, ttfo, thinking, service, response, generation, tpot, output_speed, gap, gap_max, zero_gaps,
        chunk_tokens, lag, connect, (), cold, in_one_piece,
    )  # fmt: skip
