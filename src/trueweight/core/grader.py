"""How a grader is declared: a function that compares a reply with the expected answer and returns a score::

@grader("rhymes", "1 if the last words of the lines rhyme.", expected={"type": "integer"})
def rhymes(case: Case, reply: Reply, expected: Any) -> Score: ...

A grader that is used for the tasks of a workload also makes the expected answer from a recorded one: ``expect``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from trueweight.core.case import Case
from trueweight.core.errors import ConfigError, value_path
from trueweight.core.registry import Registry
from trueweight.core.reply import Reply
from trueweight.core.task import Answer

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator


class FieldCount(NamedTuple):
    """One field of an answer with several: its path, and how often its value is right, missing, and not expected. A
    wrong value is missing and not expected."""

    path: str
    right: int
    missing: int
    extra: int


@dataclass(frozen=True, slots=True)
class Score:
    """How right an answer is, in [0, 1]: 1 is right. ``reason`` says what is wrong; "" if nothing is.

    Attributes:
        read: the answer in a word, where it is one of few, such as a label; else "".
        wanted: the expected answer in a word, likewise.
        fields: counts by field, where the answer has fields.
        readable: whether the answer has the form that the grader reads: a label, JSON, a number.
    """

    value: float
    reason: str = ""
    read: str = ""
    wanted: str = ""
    fields: tuple[FieldCount, ...] = ()
    readable: bool = True

    def __post_init__(self) -> None:
        """Check the value.

        Raises:
            ValueError: if it is outside [0, 1] or NaN.
        """
        if not 0 <= self.value <= 1:
            raise ValueError(f"a score is in [0, 1], not {self.value}")


RIGHT = Score(1.0)


Options: TypeAlias = Mapping[str, Any]
"""What a task sets for all of its cases, e.g. the labels."""
Expect: TypeAlias = Callable[[Answer, Options], Any]
"""An answer → the expected answer that it is the right one of; None if it has not the form that the grader reads."""
Propose: TypeAlias = Callable[[Sequence[Answer]], "Options | None"]
"""The recorded answers of a task → options with which the grader fits them; None if it does not."""
_NO_OPTIONS: Mapping[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}


def _as_it_is(answer: Answer, _: Options) -> Any:
    return dict(answer)


@dataclass(frozen=True, slots=True)
class Grader:
    """A declared grader.

    Attributes:
        definition: what the score is, in one line.
        expected: JSON Schema of the expected answer.
        options: JSON Schema of a task's options.
        expect: makes the expected answer; by default the answer itself, ``content`` and ``calls``.
        propose: whether it fits a task; None if it is never proposed.
        decides: whether two right answers agree. It is False for prose: agreement with a recorded answer is shown, and
            no verdict rests on it.
    """

    id: str
    definition: str
    expected: Mapping[str, Any]
    run: Callable[[Case, Reply, Any], Score]
    options: Mapping[str, Any]
    expect: Expect
    propose: Propose | None
    decides: bool


GRADERS: Registry[Grader] = Registry("grader", "trueweight.graders")


def grader(
    grader_id: str,
    definition: str,
    *,
    expected: Mapping[str, Any],
    options: Mapping[str, Any] = _NO_OPTIONS,
    expect: Expect = _as_it_is,
    propose: Propose | None = None,
    decides: bool = True,
) -> Callable[[Callable[[Case, Reply, Any], Score]], Callable[[Case, Reply, Any], Score]]:
    """Declare a grader. The arguments are the attributes of ``Grader``; the function takes (case, reply, expected)."""

    def register(function: Callable[[Case, Reply, Any], Score]) -> Callable[[Case, Reply, Any], Score]:
        GRADERS.add(grader_id, Grader(grader_id, definition, expected, function, options, expect, propose, decides))
        return function

    return register


def all_graders() -> tuple[Grader, ...]:
    """Every grader, in order of id."""
    return tuple(GRADERS.all().values())


def grade(grader_id: str, case: Case, reply: Reply, expected: Any) -> Score:
    """The score of a reply.

    Raises:
        ConfigError: ``unknown-grader`` or ``bad-expected``.
    """
    validate_expected(grader_id, expected)
    return GRADERS.get(grader_id).run(case, reply, expected)


def validate_expected(grader_id: str, expected: Any) -> None:
    """Check the expected answer that a case gives a grader.

    Raises:
        ConfigError: ``unknown-grader`` with the nearest name, or ``bad-expected``.
    """
    error = next(iter(_validator(grader_id, "expected").iter_errors(expected)), None)
    if error is not None:
        raise ConfigError(
            f"grader {grader_id}: expected{value_path(error.absolute_path)}: {error.message[:300]}",
            code="bad-expected",
            hint=f"{grader_id}: {GRADERS.get(grader_id).definition}",
        )


def validate_options(grader_id: str, options: Any) -> None:
    """Check the options that a task gives a grader.

    Raises:
        ConfigError: ``unknown-grader`` with the nearest name, or ``bad-grader-options``.
    """
    error = next(iter(_validator(grader_id, "options").iter_errors(options)), None)
    if error is not None:
        known = ", ".join(GRADERS.get(grader_id).options.get("properties", ())) or "none"
        raise ConfigError(
            f"grader {grader_id}: options{value_path(error.absolute_path)}: {error.message[:300]}",
            code="bad-grader-options",
            hint=f"Valid options of {grader_id}: {known}.",
        )


@cache
def _validator(grader_id: str, of: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # costs 0.1 s, which only commands that read suites need

    return Draft202012Validator(dict(getattr(GRADERS.get(grader_id), of)))
