"""The observations of a run, in some 200 bytes each: what is a trial's own as bytes, and one object for all that trials
share.

A run may have a million of them. An observation is made when it is read; code that keeps many should not.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, MutableSequence, Sequence
from operator import attrgetter, itemgetter
from typing import Any, Final, NamedTuple, overload

import msgspec
import numpy as np

from trueweight.core import Observation
from trueweight.workflow.judge.lean import row_type

_OWN: Final = (
    "trial",
    "started_at",
    "repeat",
    "input_tokens",
    "output_tokens",
    "thinking_tokens",
    "cost",
    "thinking_cost",
    "client_limited",
    "timing",
)
"""What rarely two trials share. All else are the facts."""
FACTS: Final = (*(one for one in Observation.__struct_fields__ if one not in (*_OWN, "findings")), "findings")
"""What many trials share; the findings last."""
_PROVIDER: Final = FACTS.index("provider")

_Facts = tuple[Any, ...]
_own_of = attrgetter(*_OWN)
_facts_of = attrgetter(*FACTS)
_as_declared = itemgetter(*((*FACTS, *_OWN).index(name) for name in Observation.__struct_fields__))
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(row_type(Observation, _OWN)).decode


class TablePart(NamedTuple):
    """Some observations in a row of a table.

    Attributes:
        own: what is each one's own as bytes, one after the other; ``lengths``: the number of its bytes.
        facts: the facts of all of them, each once; ``facts_at``: the place of each one's.
    """

    own: bytes
    lengths: array[int]
    facts: Sequence[_Facts]
    facts_at: array[int]


class ObservationTable(MutableSequence[Observation]):
    """Observations in order, any of which may be replaced."""

    def __init__(self, observations: Iterable[Observation] = ()) -> None:
        self._own = bytearray()
        self._at = array("Q")
        self._length = array("I")
        self._facts_at = array("I")
        self._facts: list[_Facts] = []
        self._places: dict[_Facts, int] = {}
        self._odd: dict[int, Observation] = {}
        """By place: those that msgpack cannot have, with half of a surrogate pair or a number beyond 64 bits."""
        for seen in observations:
            self.append(seen)

    def __len__(self) -> int:
        return len(self._at)

    def insert(self, index: int, value: Observation) -> None:
        """Add one at the end, the only place for which there is a use.

        Raises:
            IndexError: for another place.
        """
        if index != len(self):
            raise IndexError("observations are added at the end")
        for column in (self._at, self._length, self._facts_at):
            column.append(0)
        self[index] = value

    def __delitem__(self, index: int | slice) -> None:
        raise TypeError("an observation is never taken out")

    def __setitem__(self, index: Any, value: Any) -> None:
        self._odd.pop(index, None)
        self._facts_at[index] = self._place_of(value)
        try:
            data = _encode(_own_of(value))
        except (OverflowError, UnicodeEncodeError):
            self._odd[index] = value
            return
        at = self._at[index]
        if self._own[at : at + self._length[index]] != data:  # mostly the facts alone change
            self._at[index], self._length[index] = len(self._own), len(data)
            self._own += data

    def _place_of(self, seen: Observation) -> int:
        """The number of an observation's facts."""
        return self._place(_facts_of(seen))

    def _place(self, facts: _Facts) -> int:
        key = (*facts[:-1], id(facts[-1]))
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
        if self._odd:
            found = self._odd.get(index + len(self) if index < 0 else index)
            if found is not None:
                return found
        at = self._at[index]
        own = _decode(self._own[at : at + self._length[index]])
        return Observation(*_as_declared(self._facts[self._facts_at[index]] + own))

    def __iter__(self) -> Iterator[Observation]:
        return map(self.__getitem__, range(len(self)))

    def places_of(self, names: Iterable[str]) -> dict[str, array[int]]:
        """Provider → the places of its observations, in order."""
        number = np.frombuffer(self._facts_at, dtype=np.uint32)
        owner = [one[_PROVIDER] for one in self._facts]
        listed = list(dict.fromkeys(names))
        codes = np.array([listed.index(name) if name in listed else -1 for name in owner], dtype=np.int32)
        own = codes[number] if owner else codes
        places = (np.flatnonzero(own == code).astype(np.uint32) for code in range(len(listed)))
        return {name: array("I", one.tobytes()) for name, one in zip(listed, places, strict=True)}

    def grouped(self, places: array[int]) -> Iterator[array[int]]:
        """These places in groups whose observations have the same facts, in order of the first of each."""
        chosen = np.array(places, dtype=np.uint32)
        number = np.array(self._facts_at, dtype=np.uint32)[chosen]
        order = np.argsort(number, kind="stable")
        ends = np.flatnonzero(np.diff(number[order], append=-1)) + 1 if len(order) else order
        starts = np.append(0, ends[:-1])[: len(ends)]
        for group in np.argsort(order[starts]):
            yield array("I", chosen[order[starts[group] : ends[group]]].tobytes())

    def part(self, start: int, stop: int) -> TablePart | None:
        """The observations from a place to another; None if one of them is not in a row."""
        if any(start <= at < stop for at in self._odd):
            return None
        lengths = self._length[start:stop]
        own = (self._own[at : at + length] for at, length in zip(self._at[start:stop], lengths, strict=True))
        used, at = np.unique(np.array(self._facts_at[start:stop], dtype=np.uint32), return_inverse=True)
        facts = [self._facts[place] for place in used.tolist()]
        return TablePart(b"".join(own), lengths, facts, array("I", at.astype(np.uint32).tobytes()))

    def add_part(self, part: TablePart) -> None:
        """Add observations of another table at the end.

        Raises:
            ValueError: if it is no part of a table.
        """
        lengths = np.array(part.lengths, dtype=np.uint64)
        at = np.array(part.facts_at, dtype=np.uint32)
        if len(at) != len(lengths) or lengths.sum() != len(part.own) or (at >= len(part.facts)).any():
            raise ValueError("no part of a table")
        places = np.array([self._place(one) for one in part.facts], dtype=np.uint32)
        self._at.frombytes((len(self._own) + np.cumsum(lengths) - lengths).astype(np.uint64).tobytes())
        self._length.extend(part.lengths)
        self._facts_at.frombytes(places[at].tobytes())
        self._own += part.own

    def change_facts(self, change: Callable[[Observation], Observation]) -> None:
        """Replace each observation by what ``change`` makes of it, which reads and changes the facts alone."""
        new = np.arange(len(self._facts), dtype=np.uint32)
        for places in self.grouped(array("I", range(len(self)))):
            seen = self[first := places[0]]
            changed = change(seen)
            if changed is not seen:
                new[self._facts_at[first]] = self._place_of(changed)
        for at, seen in self._odd.items():
            self._odd[at] = change(seen)
        self._facts_at = array("I", new[np.frombuffer(self._facts_at, dtype=np.uint32)].tobytes())


class SomeObservations(Sequence[Observation]):
    """Some observations of others, by their places. They are read again each time."""

    def __init__(
        self,
        of: Sequence[Observation],
        places: Iterable[int],
        change: Callable[[Observation], Observation] | None = None,
    ) -> None:
        """``change`` makes of each observation the one that is read here."""
        self._of, self._change = of, change
        self.places = places if isinstance(places, array) else array("I", places)

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, index: int) -> Observation: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Observation]: ...
    def __getitem__(self, index: int | slice) -> Observation | Sequence[Observation]:
        if isinstance(index, slice):
            return SomeObservations(self._of, self.places[index], self._change)
        seen = self._of[self.places[index]]
        return seen if self._change is None else self._change(seen)

    def __iter__(self) -> Iterator[Observation]:
        found = map(self._of.__getitem__, self.places)
        return found if self._change is None else map(self._change, found)

    def joined(self, others: Iterable[SomeObservations]) -> SomeObservations:
        """These and others of the same observations, in this order."""
        found = array("I", self.places)
        for one in others:
            found.extend(one.places)
        return SomeObservations(self._of, found, self._change)

    def kinds(self) -> Iterator[ObservationKind]:
        """As the function `kinds`."""
        if self._change is not None or not isinstance(self._of, ObservationTable):
            return (ObservationKind(seen, (seen,)) for seen in self)
        found = (SomeObservations(self._of, places) for places in self._of.grouped(self.places))
        return (ObservationKind(rows[0], rows) for rows in found)


class ObservationKind(NamedTuple):
    """Observations that are the same but for what is a trial's own: its id, start, repeat, tokens, cost and times, and
    whether the client was busy.

    Attributes:
        seen: the first of them.
        rows: all of them, in order.
    """

    seen: Observation
    rows: Sequence[Observation]


def kinds(observations: Sequence[Observation]) -> Iterator[ObservationKind]:
    """The observations by kind, in order of the first of each: a million are of some thousand kinds. Where they are in
    no table, each is a kind by itself."""
    if isinstance(observations, ObservationTable):
        return SomeObservations(observations, array("I", range(len(observations)))).kinds()
    if isinstance(observations, SomeObservations):
        return observations.kinds()
    return (ObservationKind(seen, (seen,)) for seen in observations)


def by_provider(observations: Sequence[Observation], names: Iterable[str]) -> dict[str, SomeObservations]:
    """Provider → its observations, in order."""
    return {name: SomeObservations(observations, places) for name, places in places_of(observations, names).items()}


def places_of(observations: Sequence[Observation], names: Iterable[str]) -> dict[str, Sequence[int]]:
    """Provider → the places of its observations, in order."""
    if isinstance(observations, ObservationTable):
        return dict(observations.places_of(names))
    found: dict[str, list[int]] = {name: [] for name in names}
    for at, seen in enumerate(observations):
        if seen.provider in found:
            found[seen.provider].append(at)
    return dict(found)


def joined(parts: Sequence[SomeObservations]) -> Sequence[Observation]:
    """All observations of these parts of the same ones, one part after the other."""
    return parts[0].joined(parts[1:]) if parts else ()


def chosen(observations: Sequence[Observation], wanted: Callable[[Observation], bool]) -> Sequence[Observation]:
    """The observations for which ``wanted`` is true, in order."""
    return SomeObservations(observations, [at for at, seen in enumerate(observations) if wanted(seen)])


def change_each(
    observations: MutableSequence[Observation], change: Callable[[Observation], Observation]
) -> MutableSequence[Observation]:
    """Replace each observation by what ``change`` makes of it, in place: a run may have a million, and not twice.

    See `change_kinds` for a change that does not read what is a trial's own.
    """
    for at, seen in enumerate(observations):
        changed = change(seen)
        if changed is not seen:
            observations[at] = changed
    return observations


def change_kinds(
    observations: MutableSequence[Observation], change: Callable[[Observation], Observation]
) -> MutableSequence[Observation]:
    """As `change_each`, once for each kind: ``change`` neither reads nor changes what is a trial's own (see
    `ObservationKind`)."""
    if not isinstance(observations, ObservationTable):
        return change_each(observations, change)
    observations.change_facts(change)
    return observations
