"""A provider's trials, and beside each of them what the reference did on the same trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from trueweight.metrics.table import Table, TrialKey
from trueweight.statistics import Array
from trueweight.statistics.resample import Resampler

NO_REFERENCE = "the run has no reference"
NOT_REPEATED = "the reference has only one pass, so it cannot be compared with itself"


class Pairing(NamedTuple):
    """Tables whose rows match one to one: same case, mode and repeat.

    Attributes:
        ours: the provider; pass B where the provider is the reference itself.
        a, b: the reference's two passes; ``b`` is None where there is only one, or where it is ``ours``.
    """

    ours: Table
    a: Table
    b: Table | None


@dataclass(frozen=True, slots=True)
class Sample:
    """What a metric is computed from.

    Attributes:
        reference_called: for each row of ``own``, whether the reference called a tool on the same trial: 1, 0, or -1
            if it is not known.
        pairing: None if there is nothing to pair with; ``unpaired`` then says why.
    """

    own: Table
    resampler: Resampler
    reference_called: Array
    pairing: Pairing | None
    unpaired: str = ""

    def by_case(self, values: Array, table: Table | None = None) -> Array:
        """Sum of a row-wise quantity over the rows of each case."""
        case = (table or self.own).case
        return np.bincount(case, weights=np.asarray(values, dtype=float), minlength=self.resampler.cases)


def make_samples(
    tables: Mapping[str, Table], reference: str | None, repeats: int, passes: int, resampler: Resampler
) -> dict[str, Sample]:
    """A sample per provider. The reference's repeats below ``repeats`` are its pass A, the next ``repeats`` pass B."""
    out = {}
    for name, table in tables.items():
        unknown = np.full(len(table), -1, dtype=np.int8)
        if reference is None or reference not in tables:
            out[name] = Sample(table, resampler, unknown, None, NO_REFERENCE)
        elif name == reference and passes < 2:
            out[name] = Sample(table, resampler, unknown, None, NOT_REPEATED)
        elif name == reference:
            a, b = split(table, repeats, passes)
            reference_called = np.concatenate([_called_in(a, b, -repeats), _called_in(b, a, repeats)])
            both = table.take(np.concatenate([_rows(table, 0, repeats), _rows(table, repeats, 2 * repeats)]))
            out[name] = Sample(both, resampler, reference_called, _pair(b, a, None, repeats))
        else:
            a, b = split(tables[reference], repeats, passes)
            out[name] = Sample(table, resampler, _called_in(table, a, 0), _pair(table, a, b, repeats))
    return out


def make_passes(reference: Table, repeats: int, resampler: Resampler) -> tuple[Sample, Sample]:
    """The reference's pass A and its pass B, each as a sample like any provider's."""
    a, b = split(reference, repeats, 2)
    return (
        Sample(a, resampler, _called_in(a, b, -repeats), None, NOT_REPEATED),
        Sample(b, resampler, _called_in(b, a, repeats), None, NOT_REPEATED),
    )


def split(reference: Table, repeats: int, passes: int) -> tuple[Table, Table]:
    """The reference's pass A and pass B; B is empty if there is only one pass."""
    end = 2 * repeats if passes >= 2 else repeats
    return reference.take(_rows(reference, 0, repeats)), reference.take(_rows(reference, repeats, end))


def _rows(table: Table, start: int, end: int) -> Array:
    return np.flatnonzero((table.repeat >= start) & (table.repeat < end))


def _index(table: Table, keys: list[TrialKey]) -> Array:
    """Row of each key in a table; -1 where it has none."""
    where = {key: row for row, key in enumerate(table.keys())}
    return np.array([where.get(key, -1) for key in keys], dtype=np.int64)


def _called_in(table: Table, other: Table, shift: int) -> Array:
    rows = _index(other, table.keys(shift=shift))
    if not len(other):
        return np.full(len(table), -1, dtype=np.int8)
    known = (rows >= 0) & other.arrived[rows]
    return np.where(known, other.called[rows], -1).astype(np.int8)


def _pair(ours: Table, a: Table, b: Table | None, repeats: int) -> Pairing:
    """Match rows; ``ours`` may be reference B itself, whose repeats start where A's end."""
    shift = repeats if b is None else 0
    in_a = _index(a, ours.keys(shift=shift))
    if b is None or not len(b):
        kept = in_a >= 0
        return Pairing(ours.take(np.flatnonzero(kept)), a.take(in_a[kept]), None)
    in_b = _index(b, ours.keys(shift=-repeats))
    kept = (in_a >= 0) & (in_b >= 0)
    return Pairing(ours.take(np.flatnonzero(kept)), a.take(in_a[kept]), b.take(in_b[kept]))
