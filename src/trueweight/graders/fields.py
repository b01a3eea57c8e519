"""``json-fields``: a JSON answer compared with the expected one field by field, by path; lists are sets."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from trueweight.core import Case, Reply
from trueweight.core.evidence import quote
from trueweight.core.grader import FieldCount, Options, Score, grader
from trueweight.core.json_value import canonical_json
from trueweight.core.task import Answer
from trueweight.graders.text import BARE, MOSTLY, SHORT, normal
from trueweight.protocols import parse_json

MOST_FIELDS: Final = 5_000
"""Values of one answer that are compared; what comes after them is left out."""
_ALIGNED: Final = 30
"""Objects of a list that are paired by what they have in common; in longer lists by their place."""
_MOST_TEXTS: Final = 20
"""Fields that are proposed as long texts; more are no fields that a person would confirm."""
FIELD_OPTIONS: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "ignore": {"type": "array", "items": {"type": "string"}, "description": "paths that do not count"},
        "ordered": {"type": "array", "items": {"type": "string"}, "description": "paths of lists whose order counts"},
        "texts": {
            "type": "array",
            "items": {"type": "string"},
            "description": "paths of long texts: any text is right there, because two good texts differ",
        },
        "exact": {"type": "boolean", "description": "texts must be equal, case and white space included"},
        "whole": {
            "type": "boolean",
            "description": "an answer counts only if every field is right; without it, by the F1 of its fields",
        },
    },
    "additionalProperties": False,
}
_JSON_OPTIONS: Final = {**FIELD_OPTIONS, "properties": {**FIELD_OPTIONS["properties"], "bare": BARE}}


class FieldComparison:
    """Compares values and counts, by path, what is right, missing and not expected.

    A path of a list without order ends in ``[]``: ``lines[].amount``. Its elements are compared as a set that may hold
    a value several times; its objects are first paired by what they have in common.
    """

    def __init__(self, options: Options) -> None:
        self._ignored = frozenset(options.get("ignore", ()))
        self._ordered = frozenset(options.get("ordered", ()))
        self._texts = frozenset(options.get("texts", ()))
        self._exact = bool(options.get("exact"))
        self._whole = bool(options.get("whole"))
        self._left = MOST_FIELDS
        self._counts: dict[str, list[int]] = {}

    def compare(self, got: Any, want: Any, path: str = "") -> None:
        """Compare two values that are there."""
        if isinstance(got, Mapping) and isinstance(want, Mapping) and (got or want):
            for name in dict.fromkeys([*want, *got]):
                at = f"{path}.{name}" if path else str(name)
                if name in got and name in want:
                    self.compare(got[name], want[name], at)
                elif name in want:
                    self.missing(want[name], at)
                else:
                    self.unexpected(got[name], at)
        elif _objects(got) and _objects(want) and path not in self._ordered:
            self._align(list(got), list(want), f"{path}[]")
        else:
            have, need = Counter(self._leaves(got, path)), Counter(self._leaves(want, path))
            for place, part in enumerate((have & need, need - have, have - need)):
                for (leaf, _), number in part.items():
                    self._add(leaf, place, number)

    def missing(self, value: Any, path: str = "") -> None:
        """Count a value that is expected and not there."""
        for leaf, _ in self._leaves(value, path):
            self._add(leaf, 1)

    def unexpected(self, value: Any, path: str = "") -> None:
        """Count a value that is there and not expected."""
        for leaf, _ in self._leaves(value, path):
            self._add(leaf, 2)

    def counts(self) -> tuple[FieldCount, ...]:
        """All counts so far, by path."""
        return tuple(FieldCount(path, *numbers) for path, numbers in self._counts.items())

    def value(self) -> float:
        """The score: F1 of the fields; with ``whole`` 1 if all are right, else 0."""
        score = f1(self.counts())
        return float(score == 1) if self._whole else score

    def _add(self, path: str, place: int, number: int = 1) -> None:
        self._counts.setdefault(path, [0, 0, 0])[place] += number

    def _align(self, got: list[Any], want: list[Any], path: str) -> None:
        have, need = ([Counter(self._leaves(one, path)) for one in side] for side in (got, want))
        common = {(i, j): (have[i] & need[j]).total() for i in range(len(got)) for j in range(len(want))}
        ours, theirs = set(range(len(got))), set(range(len(want)))
        for i, j in sorted(common, key=lambda pair: (-common[pair], pair)):
            if i in ours and j in theirs:
                self.compare(got[i], want[j], path)
                ours.remove(i)
                theirs.remove(j)
        for j in sorted(theirs):
            self.missing(want[j], path)
        for i in sorted(ours):
            self.unexpected(got[i], path)

    def _leaves(self, value: Any, path: str) -> Iterator[tuple[str, str]]:
        """Path and written value of each value inside that is compared."""
        for at, leaf in _leaves_of(value, path, self._ignored, self._ordered):
            if self._left <= 0:
                return
            self._left -= 1
            any_text = at in self._texts and isinstance(leaf, str) and leaf.strip()
            yield at, "(text)" if any_text else self._written(leaf)

    def _written(self, value: Any) -> str:
        if isinstance(value, str):
            return f'"{value if self._exact else normal(value)}"'
        # 1 and 1.0 are one value of JSON.
        return canonical_json(int(value) if isinstance(value, float) and value.is_integer() else value)


def _objects(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= _ALIGNED and all(isinstance(one, Mapping) for one in value)


def f1(counts: Sequence[FieldCount]) -> float:
    """2·right ÷ (2·right + missing + extra) over all fields; 1 where nothing is expected and nothing is there."""
    right = 2 * sum(one.right for one in counts)
    wrong = sum(one.missing + one.extra for one in counts)
    return right / (right + wrong) if right + wrong else 1.0


def first_wrong(counts: Sequence[FieldCount]) -> str:
    """The first field that is not right, in words; "" if there is none."""
    for one in counts:
        if one.missing and one.extra:
            return f"{quote(one.path)} has another value"
        if one.missing or one.extra:
            return f"{quote(one.path)} is {'missing' if one.missing else 'not expected'}"
    return ""


def document(content: str | None) -> Any:
    """The JSON value that is the whole content, or that its only fenced block holds; ``...`` if there is none."""
    text = (content or "").strip()
    if text.startswith("```") and text.endswith("```") and text.count("```") == 2:
        text = text.removeprefix("```").removesuffix("```").removeprefix("json").strip()
    parsed = parse_json(text)
    return parsed.value if parsed.ok else ...


def _expect(answer: Answer, options: Options) -> Any:
    value = answer["json"] if "json" in answer else document(str(answer.get("content", "")))
    return {"value": value, "options": dict(options)} if isinstance(value, Mapping | list) else None


def _propose(answers: Sequence[Answer]) -> Options | None:
    fits = sum(not answer.get("calls") and isinstance(_value(answer), Mapping | list) for answer in answers)
    if fits < MOSTLY * len(answers):
        return None
    bare = sum("json" in answer or _is_bare(str(answer.get("content", ""))) for answer in answers)
    form = {"bare": True} if bare >= MOSTLY * len(answers) else {}
    return {**form, **options_of(("", _value(answer)) for answer in answers)}


def options_of(answers: Iterable[tuple[str, Any]]) -> Options:
    """The options ``texts`` and ``whole`` that fit the recorded answers; each comes with its path.

    ``texts`` has the fields that are mostly long. ``whole`` is proposed where the other fields are short: each has one
    right value, and a program uses all of them. By F1, calls with the wrong queue beside a right name and a right flag
    would be two thirds right.
    """
    found: defaultdict[str, list[int]] = defaultdict(list)
    for path, answer in answers:
        for at, leaf in _leaves_of(answer, path):
            found[at].append(len(leaf) if isinstance(leaf, str) else 0)
    long = sorted(at for at, sizes in found.items() if 2 * sum(size > SHORT for size in sizes) > len(sizes))
    texts = long if len(long) <= _MOST_TEXTS and len(long) < len(found) else []
    others = [size for at, sizes in found.items() if at not in texts for size in sizes]
    whole = sum(size <= SHORT for size in others) >= MOSTLY * len(others)
    return {**({"whole": True} if whole else {}), **({"texts": texts} if texts else {})}


def _leaves_of(
    value: Any, path: str, ignored: Collection[str] = (), ordered: Collection[str] = ()
) -> Iterator[tuple[str, Any]]:
    """Path and value of each value inside; only lists at ``ordered`` have places in their paths."""
    if path in ignored:
        return
    if isinstance(value, Mapping) and value:
        for name, part in value.items():
            yield from _leaves_of(part, f"{path}.{name}" if path else str(name), ignored, ordered)
    elif isinstance(value, list | tuple) and value:
        for place, part in enumerate(value):
            yield from _leaves_of(part, f"{path}[{place}]" if path in ordered else f"{path}[]", ignored, ordered)
    else:
        yield path, value


def _is_bare(content: str) -> bool:
    """Whether the whole content is JSON, without a fence."""
    return parse_json(content.strip()).ok


def _value(answer: Answer) -> Any:
    return answer["json"] if "json" in answer else document(str(answer.get("content", "")))


@grader(
    "json-fields",
    "F1 of the fields, by path: fields with the expected value, of those expected and those there; with whole, 1 if "
    "all are right.",
    expected={
        "type": "object",
        "properties": {"value": {}, "options": _JSON_OPTIONS},
        "required": ["value"],
        "additionalProperties": False,
    },
    options=_JSON_OPTIONS,
    expect=_expect,
    propose=_propose,
)
def json_fields(_: Case, reply: Reply, expected: Any) -> Score:
    """Texts are compared without case and white space unless ``exact``; lists as sets unless ``ordered``."""
    value = document(reply.content)
    comparison = FieldComparison(expected.get("options", {}))
    if value is ...:
        comparison.missing(expected["value"])
        return Score(0.0, "the content is not JSON", fields=comparison.counts(), readable=False)
    comparison.compare(value, expected["value"])
    counts = comparison.counts()
    formed = not expected.get("options", {}).get("bare") or _is_bare(reply.content or "")
    reason = first_wrong(counts) or ("" if formed else "the JSON stands in a code fence")
    return Score(comparison.value(), reason, fields=counts, readable=formed)
