"""The requests of a workload: their times, which of them are lost, and means over the trials of each case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from trueweight.core import FailureKind, Observation
from trueweight.core.exchange import TIMEOUTS
from trueweight.statistics import Array
from trueweight.workload.columns import Columns, column


def times_of(columns: Columns, seen: Sequence[Observation]) -> tuple[Array, Array]:
    """Milliseconds to the whole reply, and the place of its case, of each reply whose time is the host's."""
    timed = [
        (one.timing.service / 1e6, columns.index[one.case])
        for one in seen
        if one.timing is not None and one.timing.service is not None and not one.client_limited
    ]
    return column([ms for ms, _ in timed]), np.array([at for _, at in timed], dtype=int)


def loss_of(one: Observation) -> float | None:
    """1 without a reply, else 0; None for a request that this client could not send."""
    return None if is_of_client(one) else float(not one.arrived)


def per_case(columns: Columns, seen: Sequence[Observation], values: Sequence[float | None]) -> Array:
    """The mean over the trials of a case of what is known of them."""
    found: defaultdict[int, list[float]] = defaultdict(list)
    for one, value in zip(seen, values, strict=True):
        if value is not None:
            found[columns.index[one.case]].append(value)
    return column([sum(found[at]) / len(found[at]) if at in found else None for at in range(len(columns))])


def is_of_client(seen: Observation) -> bool:
    """Whether a request has no reply because of this client: its own limit, a stop of the run, or a deadline that
    passed while it was busy. What a server answered is the server's, however busy the client."""
    if seen.arrived:
        return False
    own = seen.failure in (FailureKind.CLIENT_LIMIT, FailureKind.INTERRUPTED)
    return own or (seen.client_limited and seen.failure in TIMEOUTS)
