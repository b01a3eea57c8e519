"""How the arguments of streamed calls differ from those of plain ones: a value lacks a piece, or has another type."""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from trueweight.checks.streams_alike import cold_modes
from trueweight.checks.streams_differ import Relation, StreamDiffers, difference, is_systematic
from trueweight.core import Mode, ReplyDigest, Severity
from trueweight.core.check import Fail, PairedResult, Pass, paired_check
from trueweight.core.evidence import quote
from trueweight.core.example import PairedExample, SampleTrial, calls, sample_case
from trueweight.protocols import parse_json

_COLD = tuple(sample_case(name=f"cold-{number}", temperature=0) for number in range(2))
_TYPE = "has another type"
_ABSENT = "is missing"
_ESCAPED = "has HTML entities"
_NONE = "has none of its arguments"
_CERTAIN = frozenset({_TYPE, _ABSENT, _ESCAPED, _NONE})
"""Differences that no numbers explain, if two cases show them: the rest of the arguments is the same."""
_EMPTY: tuple[Any, ...] = ({}, None)
"""What is left of arguments that a parser loses, streamed as a whole or not at all."""


def _trials(*, streamed: str, broken: bool = False) -> tuple[SampleTrial, ...]:
    plain = '{"city":"Oslo","days":3}'
    return tuple(
        trial
        for case in _COLD
        for trial in (
            SampleTrial(case, calls(plain)),
            SampleTrial(case, calls(streamed, mode=Mode.STREAM), broken=broken),
        )
    )


@paired_check(
    "stream-arguments-whole",
    "At temperature 0 the arguments of a streamed call have the values of the plain one.",
    failure="{message} in {cases}",
    severity=Severity.SHOULD,
    engine=False,
    row=11,
    explains=(
        "tool-call-matches",
        "argument-whitespace",
        "argument-coerced",
        "argument-escaped",
        "tool-arguments-types",
        "tool-arguments-enum",
        "tool-arguments-schema",
        "tool-arguments-required",
        "tool-arguments-empty-object",
        "tool-arguments-json",
        "call-after-empty-call",
    ),
    source="https://github.com/vllm-project/vllm/issues/45256",
    why="The tool runs with other values in the mode that most agents use.",
    fix="Streams have a separate tool parser: see what it holds back, drops or converts at the borders of its chunks.",
    field="calls",
    example=PairedExample(
        _trials(streamed='{"city":"Oslo","days":"3"}', broken=True), _trials(streamed='{"days": 3, "city": "Oslo"}')
    ),
)
def stream_arguments_whole(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Judges calls of the same tools in both modes whose arguments are JSON objects. The difference is of one kind in
    two cases or more; a missing end, or a middle, in half of the cases."""
    found: defaultdict[str, list[StreamDiffers]] = defaultdict(list)
    compared: set[str] = set()
    for plain, streamed in cold_modes(replies):
        if len({one.calls for one in plain}) > 1:
            continue
        pairs_of = {calls: _pairs(plain[0].calls, calls) for calls in {one.calls for one in streamed}}
        differs_of = {calls: _first(pairs) for calls, pairs in pairs_of.items() if pairs is not None}
        for one in streamed:
            if one.calls not in differs_of:
                continue
            compared.add(one.case.key)
            differs = differs_of[one.calls]
            if differs is None:
                yield one, Pass()
                continue
            words = f"{differs.place} in the stream {differs.kind}"
            fail = Fail(words, quote(differs.expected), quote(differs.got))
            found[differs.kind].append(StreamDiffers(one, fail, differs.piece))
    for kind, failed in found.items():
        certain = kind in _CERTAIN and len({one.reply.case.key for one in failed}) >= len(_COLD)
        if certain or (kind not in _CERTAIN and is_systematic(Relation(kind), failed, len(compared))):
            yield from ((one.reply, one.fail) for one in failed)


_Calls = tuple[tuple[str | None, str | None], ...]
"""Name and arguments of each call of a reply."""


class _Pair(NamedTuple):
    """A value of the plain call, and the one in its place in the stream."""

    place: str
    expected: Any
    got: Any


class _Differs(NamedTuple):
    kind: str
    place: str
    expected: Any
    got: Any
    piece: str


def _pairs(plain: _Calls, streamed: _Calls) -> list[_Pair] | None:
    """The values of all calls in pairs; None if they are other calls, or some are no JSON objects."""
    if not plain or [name for name, _ in plain] != [name for name, _ in streamed]:
        return None
    out: list[_Pair] = []
    for (name, expected), (_, got) in zip(plain, streamed, strict=True):
        whole, rest = (parse_json((text or "").strip() or "null") for text in (expected, got))
        if not isinstance(whole.value, dict):
            return None
        if whole.value and rest.ok and rest.value in _EMPTY:
            out.append(_Pair("a call", whole.value, _NONE))
        elif isinstance(rest.value, dict):
            out += _leaves(f"an argument of {name}", whole.value, rest.value)
        else:
            return None
    return out


def _leaves(place: str, expected: Any, got: Any) -> Iterator[_Pair]:
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        for key, value in expected.items():
            yield from _leaves(place, value, got.get(key, _ABSENT))
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for one, other in zip(expected, got, strict=True):
            yield from _leaves(place, one, other)
    else:
        yield _Pair(place, expected, got)


def _first(pairs: Iterable[_Pair]) -> _Differs | None:
    return next((found for pair in pairs if (found := _differs(pair)) is not None), None)


def _differs(pair: _Pair) -> _Differs | None:
    place, expected, got = pair
    if got is _NONE or got is _ABSENT:
        return _Differs(got, place, expected, None, "")
    if isinstance(expected, str) and isinstance(got, str):
        if expected == got:
            return None
        if html.unescape(got) == expected:
            return _Differs(_ESCAPED, place, expected, got, "")
        found = difference(expected, got)
        return None if found is None else _Differs(found.relation, place, expected, got, found.piece.strip())
    if type(expected) is not type(got) and _spelled(expected) == _spelled(got):
        return _Differs(_TYPE, place, expected, got, "")
    return None


def _spelled(value: Any) -> str:
    return str(value).strip().lower()
