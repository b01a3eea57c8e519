"""From many lines to few: equal requests are one, and a seeded stratified draw keeps the mix."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from trueweight.core import canonical_json
from trueweight.core.task import RecordedAnswer
from trueweight.suites.importers.logs import LogLine
from trueweight.workload.tasks import Shape, shape

MOST_OTHERS = 9
"""Further answers to an equal request that are kept."""


class Request(NamedTuple):
    """A request of the log with its task.

    Attributes:
        seen: lines that are this request.
        recorded: the first recorded answer, with those of the other lines as ``others``.
    """

    line: LogLine
    task: str
    seen: int
    recorded: RecordedAnswer | None


class Stratum(NamedTuple):
    """Requests that are alike: of one task, with the same tools, schema and kind of answer, of similar length."""

    task: str
    shape: Shape
    answer: str
    length: int


class DrawnSample(NamedTuple):
    """The requests that were drawn.

    Attributes:
        stands_for: for each, how many lines of the log it stands for.
        strata: stratum → requests in it, and how many of them were drawn.
        equal: lines that are equal to an earlier one.
    """

    requests: tuple[Request, ...]
    stands_for: tuple[float, ...]
    strata: Mapping[Stratum, tuple[int, int]]
    equal: int


def deduplicate(lines: Sequence[LogLine], tasks: Sequence[str]) -> list[Request]:
    """One request for all lines with an equal body, in the order of the log."""
    groups: dict[str, list[int]] = {}
    for at, line in enumerate(lines):
        groups.setdefault(canonical_json({k: v for k, v in line.body.items() if k != "stream"}), []).append(at)
    return [
        Request(lines[group[0]], tasks[group[0]], len(group), _recorded([lines[at] for at in group]))
        for group in groups.values()
    ]


def _recorded(lines: Sequence[LogLine]) -> RecordedAnswer | None:
    found = [line.recorded for line in lines if line.recorded is not None]
    if not found:
        return None
    return msgspec.structs.replace(found[0], others=tuple(one.answer for one in found[1 : 1 + MOST_OTHERS]))


def stratum_of(request: Request) -> Stratum:
    """Where a request belongs."""
    answer = request.recorded.answer if request.recorded is not None else {}
    called = sorted({str(call["name"]) for call in answer.get("calls", ())})
    kind = ",".join(called) if called else "text" if answer else "none"
    size = len(canonical_json(request.line.body["messages"]))
    return Stratum(request.task, shape(request.line), kind, int(math.log2(max(size, 1))))


def draw(requests: Sequence[Request], cases: int, seed: int) -> DrawnSample:
    """A stratified draw without replacement, each stratum by its share of the log's lines (largest remainder).

    A stratum whose share is less than one case may have none; the count says so. All are drawn if there are not more
    than ``cases``.
    """
    rng = np.random.default_rng([seed, 19])
    members: defaultdict[Stratum, list[int]] = defaultdict(list)
    for at, request in enumerate(requests):
        members[stratum_of(request)].append(at)
    lines = {stratum: sum(requests[at].seen for at in ats) for stratum, ats in members.items()}
    quota = _allocate({key: (lines[key], len(ats)) for key, ats in members.items()}, min(cases, len(requests)))
    chosen: dict[int, float] = {}
    for stratum in sorted(members):
        ats = members[stratum]
        drawn = rng.choice(len(ats), size=quota[stratum], replace=False) if quota[stratum] else ()
        chosen |= {ats[int(index)]: lines[stratum] / quota[stratum] for index in drawn}
    kept = sorted(chosen)
    strata = {stratum: (len(ats), quota[stratum]) for stratum, ats in sorted(members.items())}
    equal = sum(request.seen - 1 for request in requests)
    return DrawnSample(tuple(requests[at] for at in kept), tuple(chosen[at] for at in kept), strata, equal)


def _allocate(sizes: Mapping[Stratum, tuple[int, int]], total: int) -> dict[Stratum, int]:
    """Cases for each stratum, which has so many lines and so many requests: no more cases than requests."""
    quota = dict.fromkeys(sizes, 0)
    left = total
    while left:
        room = [key for key in sorted(sizes) if quota[key] < sizes[key][1]]
        lines = sum(sizes[key][0] for key in room)
        ideal = {key: left * sizes[key][0] / lines for key in room}
        whole = {key: min(int(ideal[key]), sizes[key][1] - quota[key]) for key in room}
        if not any(whole.values()):
            for key in sorted(room, key=lambda key: (-ideal[key], key))[:left]:
                quota[key] += 1
            break
        for key, number in whole.items():
            quota[key] += number
        left -= sum(whole.values())
    return quota


def account(sample: DrawnSample) -> list[str]:
    """What was drawn and what was left out, by task, in sentences."""
    of: Counter[str] = Counter()
    drawn: Counter[str] = Counter()
    empty: Counter[str] = Counter()
    for stratum, (number, kept) in sample.strata.items():
        of[stratum.task] += number
        drawn[stratum.task] += kept
        empty[stratum.task] += number if not kept else 0
    out = (
        [f"{sample.equal} {'line is' if sample.equal == 1 else 'lines are'} equal to an earlier one"]
        if sample.equal
        else []
    )
    for task, number in of.most_common():
        rest = f"; of {empty[task]} requests of rare kinds none was drawn" if empty[task] else ""
        out.append(f"task {task}: {drawn[task]} of {number} different requests are drawn{rest}")
    return out
