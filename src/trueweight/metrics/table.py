"""Observations as columns: one row for every trial that was planned, whether or not it was ever recorded.

A row that has nothing to judge carries the reason in ``absent``, so that a metric can say why it lacks it. This is the
one place where observations are walked one by one; everything after it is arithmetic on arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from sys import intern
from typing import Any, NamedTuple

import numpy as np

from trueweight.core import DEFAULT_API, SEVERE, Mode, Observation, Outcome, Severity, Variant
from trueweight.core.split_findings import split
from trueweight.statistics import Array

NOT_RECORDED = "not recorded"
"""Why a planned trial is missing when nothing at all is known of it."""
CUT_IN_THOUGHT = "cut in thought"
"""Why a reply is not judged whose limit of tokens ended before its answer did, because of its thought."""

NOT_OFFERED = "not offered"
"""Why a refusal is not counted: the provider does not offer what the request uses."""

_TIMES = ("ttfe", "ttft", "ttfo", "thinking", "service", "response", "tpot", "gap", "gap_max", "lag", "connect")
_RATES = ("output_speed", "zero_gaps", "chunk_tokens")
_TOKENS = "thinking_tokens"
_NS_PER_MS = 1e6


class CaseInfo(NamedTuple):
    """What measuring needs to know of a case, apart from any reply.

    Attributes:
        tools: whether the request offers tools, with room for a whole call.
        structured: whether it requests structured output, with room for a whole document.
    """

    key: str
    modes: tuple[Mode, ...]
    tools: bool
    structured: bool


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of one provider's trials; all have one entry per planned trial.

    Attributes:
        case: index of the case in the run's list of cases.
        api: the API under which it is compared with other providers.
        stream, thinking, repeat: which trial of that case.
        absent: why there is nothing to judge; empty where there is.
        asked_tools, asked_structured: `CaseInfo.tools` and `CaseInfo.structured` of the case.
        first_ok, ok: HTTP success, or the very refusal that the case demands.
        answer_kind: what is compared between APIs of one host; empty if nothing is.
        answer: its digest.
        calls_valid, expects: 1 yes, 0 no, -1 unknown.
        in_one_piece: whether the stream came at once, so that it has no time to a first token.
        must_passes: 1 every MUST check held, 0 one failed, -1 none applied.
        passes: the same over MUST and SHOULD; also -1 where the provider states that the feature is unsupported.
        times: milliseconds by name of time (rates and shares in their own units); NaN where not defined.
    """

    case: Array
    api: Array
    stream: Array
    thinking: Array
    repeat: Array
    absent: Array
    asked_tools: Array
    asked_structured: Array
    attempts: Array
    first_ok: Array
    ok: Array
    called: Array
    calls_valid: Array
    finish: Array
    expects: Array
    structured: Array
    answer_kind: Array
    answer: Array
    cost: Array
    thinking_cost: Array
    must_passes: Array
    passes: Array
    client_limited: Array
    cold: Array
    in_one_piece: Array
    times: Mapping[str, Array]

    def __len__(self) -> int:
        return len(self.case)

    @property
    def arrived(self) -> Array:
        """Rows with an answer to judge."""
        return np.asarray(self.absent == "")

    def take(self, rows: Array) -> Table:
        """The same columns for some rows, in that order. A column is copied when it is read."""
        return _Taken(self, rows)

    def changed(self, **columns: Any) -> Table:
        """A table with these columns in place of those of the same name. The others are copied if this table has rows
        of another one."""
        return Table(**{column.name: getattr(self, column.name) for column in fields(Table)} | columns)

    def keys(self, *, shift: int = 0) -> list[TrialKey]:
        """The key of each row, with ``shift`` taken from its repeat: what pairs it with another provider's row."""
        repeats = (self.repeat - shift).tolist()
        rows = zip(
            self.case.tolist(), self.api.tolist(), self.stream.tolist(), self.thinking.tolist(), repeats, strict=True
        )
        return [TrialKey(*row) for row in rows]


class _Taken(Table):
    """Some rows of another table: of a million trials, copies of the columns of each pair would not fit into memory."""

    __slots__ = ("_of", "_rows")
    _of: Table
    _rows: Array

    def __init__(self, of: Table, rows: Array) -> None:
        object.__setattr__(self, "_of", of)
        object.__setattr__(self, "_rows", rows)

    def __len__(self) -> int:
        return len(self._rows)


class _TakenTimes(Mapping[str, Array]):
    def __init__(self, of: Mapping[str, Array], rows: Array) -> None:
        self._of, self._rows = of, rows

    def __getitem__(self, name: str) -> Array:
        return self._of[name][self._rows]

    def __iter__(self) -> Iterator[str]:
        return iter(self._of)

    def __len__(self) -> int:
        return len(self._of)


def _taken(name: str) -> property:
    if name == "times":
        return property(lambda taken: _TakenTimes(taken._of.times, taken._rows))
    return property(lambda taken: getattr(taken._of, name)[taken._rows])


for _column in fields(Table):
    setattr(_Taken, _column.name, _taken(_column.name))


class TrialKey(NamedTuple):
    """What names a trial beside its provider; ``api`` is the API of the reference with which it is compared."""

    case: int
    api: str
    stream: bool
    thinking: str
    repeat: int


def tabulate(
    observations: Sequence[Observation],
    cases: Sequence[CaseInfo],
    repeats: int,
    variants: Mapping[str, Sequence[Variant]] | None = None,
) -> Table:
    """Columns of one provider, asked ``repeats`` times for each case in each of its variants.

    An observation that was not planned (an older plan in the same directory) is kept, not dropped.

    Args:
        variants: case → APIs and modes of this provider's trials; by default each mode of the case through the default
            API.
    """
    index = {info.key: i for i, info in enumerate(cases)}
    rows: dict[TrialKey, int] = {}
    for i, info in enumerate(cases):
        planned = [Variant(DEFAULT_API, mode) for mode in info.modes] if variants is None else variants[info.key]
        rows |= {
            TrialKey(i, one.api, one.mode is Mode.STREAM, one.thinking.value, repeat): -1
            for one in planned
            for repeat in range(repeats)
        }
    for at, seen in enumerate(observations):
        if seen.case in index:
            stream = seen.mode is Mode.STREAM
            key = TrialKey(index[seen.case], seen.compared_as, stream, seen.thinking.value, seen.repeat)
            rows[key] = at
    planned_rows = iter(rows.items())
    parts = iter(lambda: dict(islice(planned_rows, _AT_ONCE)), {})
    return _concatenated([_columns(part, observations, cases) for part in parts] or [_columns({}, observations, cases)])


_AT_ONCE = 8_192
"""Rows of which the observations are in memory together."""


def _concatenated(parts: Sequence[Table]) -> Table:
    columns = {
        one.name: np.concatenate([getattr(part, one.name) for part in parts])
        for one in fields(Table)
        if one.name != "times"
    }
    times = {name: np.concatenate([part.times[name] for part in parts]) for name in parts[0].times}
    return Table(**columns, times=times)


def _words(values: Iterable[str]) -> Array:
    """A column of words. Objects: as characters, a word of each of a million rows takes 80 MB."""
    return np.array([intern(str(one)) for one in values], dtype=object)


def _columns(rows: Mapping[TrialKey, int], observations: Sequence[Observation], cases: Sequence[CaseInfo]) -> Table:
    keys, seen = list(rows), [None if at < 0 else observations[at] for at in rows.values()]
    case = np.array([key.case for key in keys], dtype=np.int32)
    asked_tools = np.array([info.tools for info in cases], dtype=bool)
    asked_structured = np.array([info.structured for info in cases], dtype=bool)

    def flag(name: str) -> Array:
        return np.array([o is not None and bool(getattr(o, name)) for o in seen], dtype=bool)

    def ternary(name: str) -> Array:
        return np.array([-1 if o is None else _ternary(getattr(o, name)) for o in seen], dtype=np.int8)

    def word(name: str) -> Array:
        return _words("" if o is None else getattr(o, name) or "" for o in seen)

    passes = np.array([holds(o, SEVERE) for o in seen], dtype=np.int8)
    refused_rightly = np.array([o is not None and o.arrived and not o.ok for o in seen], dtype=bool) & (passes == 1)
    once = np.array([o is not None and o.attempts == 1 for o in seen], dtype=bool)
    return Table(
        case=case,
        api=_words(key.api for key in keys),
        stream=np.array([key.stream for key in keys], dtype=bool),
        thinking=_words(key.thinking for key in keys),
        repeat=np.array([key.repeat for key in keys], dtype=np.int64),
        absent=_words(map(_absent, seen)),
        asked_tools=asked_tools[case],
        asked_structured=asked_structured[case],
        attempts=np.array([0 if o is None else o.attempts for o in seen], dtype=np.int64),
        first_ok=flag("first_ok") | (refused_rightly & once),
        ok=flag("ok") | refused_rightly,
        called=flag("called"),
        calls_valid=ternary("calls_valid"),
        finish=word("finish"),
        expects=ternary("expects_call"),
        structured=word("structured"),
        answer_kind=_words("" if o is None or o.answer is None else o.answer.kind for o in seen),
        answer=_words("" if o is None or o.answer is None else o.answer.digest for o in seen),
        cost=np.array([np.nan if o is None or o.cost is None else o.cost for o in seen], dtype=float),
        thinking_cost=np.array([np.nan if o is None else o.thinking_cost or np.nan for o in seen], dtype=float),
        must_passes=np.array([holds(o, _MUST) for o in seen], dtype=np.int8),
        passes=passes,
        client_limited=flag("client_limited"),
        cold=np.array([o is not None and o.timing is not None and o.timing.cold for o in seen], dtype=bool),
        in_one_piece=np.array(
            [o is not None and o.timing is not None and o.timing.in_one_piece for o in seen], dtype=bool
        ),
        times=_times(seen),
    )


_MUST = frozenset({Severity.MUST})


def _ternary(value: bool | None) -> int:
    return -1 if value is None else int(value)


def _absent(seen: Observation | None) -> str:
    if seen is None:
        return NOT_RECORDED
    if seen.cut_in_thought:
        return CUT_IN_THOUGHT
    if seen.not_offered is not None:
        return NOT_OFFERED
    if seen.arrived:
        return ""
    return seen.failure.value if seen.failure else "no answer"


def holds(seen: Observation | None, severities: frozenset[Severity]) -> int:
    """1 if checks of these severities applied and held, 0 if one failed, -1 if none applied or it is unsupported."""
    if seen is None or not seen.arrived or seen.cut_in_thought:
        return -1
    by_severity = split(seen.findings).outcomes
    outcomes = {outcome for one in severities for outcome in by_severity.get(one, ())}
    if Outcome.FAIL in outcomes:
        return 0
    return 1 if Outcome.PASS in outcomes and Outcome.UNSUPPORTED not in outcomes else -1


def _times(seen: Sequence[Observation | None]) -> Mapping[str, Array]:
    def column(name: str) -> Array:
        values = (getattr(o.timing, name) if o is not None and o.timing is not None else None for o in seen)
        return np.array([np.nan if value is None else value for value in values], dtype=float)

    thought = [np.nan if o is None else o.thinking_tokens or np.nan for o in seen]
    return (
        {name: column(name) / _NS_PER_MS for name in _TIMES}
        | {name: column(name) for name in _RATES}
        | {_TOKENS: np.array(thought, dtype=float)}
    )
