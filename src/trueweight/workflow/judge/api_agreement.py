"""Agreement between the APIs of one host: the same case, asked through each, at temperature 0."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import msgspec

from trueweight.core import Case, Finish, Observation, Reply, digest
from trueweight.core.api_comparison import AnswerKind, ApiComparison, ComparedAnswer
from trueweight.core.estimate import six_digits
from trueweight.core.request import declared_tools, requested_schema
from trueweight.protocols import parse_json
from trueweight.statistics.multiple_testing import holm
from trueweight.statistics.paired import mcnemar


def compared_answer(case: Case, reply: Reply) -> ComparedAnswer | None:
    """What is compared of a reply: its calls, its JSON value, or its text; None if nothing is.

    Texts are equal if they have the same characters but for white space, in Unicode's form NFC. They are compared apart
    from calls and values: other words are no other decision. A reply that its limit of tokens cut is not compared.
    """
    if not reply.ok or reply.error is not None or reply.finish is Finish.LENGTH or len(reply.choices) != 1:
        return None
    if case.request.get("temperature") != 0:
        return None
    if declared_tools(case.request):
        made = [[call.name, _value(call.arguments or "")] for call in reply.calls]
        return _answer(AnswerKind.CALLS, made) if made else ComparedAnswer(AnswerKind.NO_CALL)
    if not reply.content:
        return None
    if requested_schema(case.request) is None:
        text = " ".join(unicodedata.normalize("NFC", reply.content).split())
        return _answer(AnswerKind.TEXT, text) if text else None
    return _answer(AnswerKind.JSON, [_value(reply.content)])


def _answer(kind: AnswerKind, content: Any) -> ComparedAnswer:
    return ComparedAnswer(kind, digest(content)[:20])


def _value(text: str) -> Any:
    """The JSON value of a text; the text itself if it has none."""
    found = parse_json(text)
    return found.value if found.ok else text.strip()


def compare_apis(
    observations: Mapping[str, Iterable[Observation]], apis: Mapping[str, Sequence[str]]
) -> dict[str, tuple[ApiComparison, ...]]:
    """Provider → each pair of its APIs through which a case was answered with calls or JSON, with p-values corrected
    over the run.

    Args:
        apis: provider → its APIs, in order.
    """
    pairs = [
        (name, one)
        for name, rows in observations.items()
        for first, second in combinations(apis[name], 2)
        if (one := _compare(rows, first, second)) is not None
    ]
    adjusted = holm([mcnemar(one.only_first, one.only_second) for _, one in pairs])
    found: dict[str, tuple[ApiComparison, ...]] = {}
    for (name, one), p in zip(pairs, adjusted, strict=True):
        found[name] = (*found.get(name, ()), msgspec.structs.replace(one, p=six_digits(p)))
    return found


def _compare(rows: Iterable[Observation], first: str, second: str) -> ApiComparison | None:
    answers: defaultdict[str, dict[str, list[ComparedAnswer]]] = defaultdict(lambda: {first: [], second: []})
    for seen in rows:
        if seen.answer is not None and seen.answer.kind is not AnswerKind.TEXT and seen.api in (first, second):
            answers[seen.case][seen.api].append(seen.answer)
    both = [(one[first], one[second]) for one in answers.values() if one[first] and one[second]]
    if not both:
        return None
    steady = [(set(a), set(b)) for a, b in both if len(set(a)) == len(set(b)) == 1]
    same = sum(a == b for a, b in steady)
    tools = [(a, b) for a, b in both if a[0].kind is not AnswerKind.JSON]
    called = [(*_called(a), *_called(b)) for a, b in tools]
    return ApiComparison(
        first=first,
        second=second,
        cases=len(both),
        same=same,
        varies=len(both) - len(steady),
        different=len(steady) - same,
        with_tools=len(tools),
        called_first=sum(one[0] for one in called),
        called_second=sum(one[2] for one in called),
        only_first=sum(one[0] and not one[3] for one in called),
        only_second=sum(one[2] and not one[1] for one in called),
    )


def _called(answers: Iterable[ComparedAnswer]) -> tuple[bool, bool]:
    """Whether all answers call a tool, and whether one does."""
    calls = [one.kind is AnswerKind.CALLS for one in answers]
    return all(calls), any(calls)
