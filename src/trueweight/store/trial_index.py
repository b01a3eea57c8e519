"""Ids of trials in ten bytes each, and the line of each trial: a run may have a million."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from typing import Final, overload

_SIZE: Final = 10
"""Bytes of an id: twenty hexadecimal digits. Ids of other forms are kept as they are."""
_EMPTY, _GONE = 0, -1
_FEWEST: Final = 16
"""Slots of a new table; always a power of two."""


def _packed(trial: str) -> bytes | None:
    """The bytes of an id; None if it is of another form."""
    if len(trial) != 2 * _SIZE:
        return None
    try:
        found = bytes.fromhex(trial)
    except ValueError:
        return None
    return found if found.hex() == trial else None


class TrialNames(Sequence[str]):
    """Ids of trials in order.

    Args:
        data, odd: what another one has: the ids' bytes, and by place the ids of other forms.
    """

    def __init__(self, trials: Iterable[str] = (), *, data: bytes = b"", odd: dict[int, str] | None = None) -> None:
        self.data = bytearray(data)
        self.odd: dict[int, str] = odd or {}
        for trial in trials:
            self.append(trial)

    def append(self, trial: str) -> None:
        """Add one at the end."""
        packed = _packed(trial)
        if packed is None:
            self.odd[len(self)] = trial
        self.data += packed or bytes(_SIZE)

    def __len__(self) -> int:
        return len(self.data) // _SIZE

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(index)
        found = self.odd.get(at) if self.odd else None
        return self.data[at * _SIZE : (at + 1) * _SIZE].hex() if found is None else found


class TrialIndex(MutableMapping[str, int]):
    """Trial → number of its last line, from 1; in the order of the lines.

    It has 256 hash tables, by the first byte of the id: one table for all would hold up the event loop for 50
    milliseconds when it grows at the 87,382nd trial.
    """

    def __init__(self) -> None:
        self._keys = bytearray()
        """The id of each line's trial, by the number of the line."""
        self._tables = [array("i", bytes(4 * _FEWEST)) for _ in range(256)]
        """Hash tables with open addressing: numbers of lines."""
        self._used = [0] * 256
        """Slots of each table that are not empty."""
        self._count = 0
        self._odd: dict[str, int] = {}

    def _find(self, slots: array[int], key: bytes) -> int:
        """The slot of a table with this id; the free one in which it would be, if it has none."""
        mask, keys = len(slots) - 1, self._keys
        at = hash(key) & mask
        free = -1
        while (number := slots[at]) != _EMPTY:
            if number == _GONE:
                free = at if free < 0 else free
            elif keys[(number - 1) * _SIZE : number * _SIZE] == key:
                return at
            at = (at + 1) & mask
        return at if free < 0 else free

    def _number_of(self, key: bytes) -> int:
        """The number of the id's line; 0 or less if there is none."""
        slots = self._tables[key[0]]
        return slots[self._find(slots, key)]

    def __getitem__(self, trial: str) -> int:
        key = _packed(trial)
        if key is None:
            return self._odd[trial]
        number = self._number_of(key)
        if number <= 0:
            raise KeyError(trial)
        return number

    def __setitem__(self, trial: str, number: int) -> None:
        key = _packed(trial)
        if key is None:
            self._odd[trial] = number
            return
        slots = self._tables[key[0]]
        at = self._find(slots, key)
        before = slots[at]
        if (missing := (number - 1) * _SIZE - len(self._keys)) > 0:
            self._keys += bytes(missing)
        self._keys[(number - 1) * _SIZE : number * _SIZE] = key
        slots[at] = number
        self._count += before <= 0
        if before == _EMPTY:
            self._used[key[0]] += 1
            if 3 * self._used[key[0]] > 2 * len(slots):
                self._grow(key[0])

    def _grow(self, table: int) -> None:
        numbers = [number for number in self._tables[table] if number > 0]
        slots = self._tables[table] = array("i", bytes(4 * len(self._tables[table]) * 2))
        self._used[table] = len(numbers)
        for number in numbers:
            slots[self._find(slots, bytes(self._keys[(number - 1) * _SIZE : number * _SIZE]))] = number

    def __delitem__(self, trial: str) -> None:
        key = _packed(trial)
        if key is None:
            del self._odd[trial]
            return
        slots = self._tables[key[0]]
        at = self._find(slots, key)
        if slots[at] <= 0:
            raise KeyError(trial)
        slots[at] = _GONE
        self._count -= 1

    def __len__(self) -> int:
        return self._count + len(self._odd)

    def __iter__(self) -> Iterator[str]:
        odd = {number: trial for trial, number in self._odd.items()}
        for number in range(1, max(len(self._keys) // _SIZE, *odd, 0) + 1):
            key = bytes(self._keys[(number - 1) * _SIZE : number * _SIZE])
            if number in odd:
                yield odd[number]
            elif key and self._number_of(key) == number:
                yield key.hex()
