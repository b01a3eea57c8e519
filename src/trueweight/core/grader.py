"""How a grader is declared: a function that compares a reply with the expected answer and returns a score::

@grader("rhymes", "1 if the last words of the lines rhyme.", expected={"type": "integer"})
def rhymes(case: Case, reply: Reply, expected: Any) -> Score: ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from trueweight.core.case import Case
from trueweight.core.errors import ConfigError, value_path
from trueweight.core.registry import Registry
from trueweight.core.reply import Reply

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator


@dataclass(frozen=True, slots=True)
class Score:
    """How right an answer is, in [0, 1]: 1 is right. ``reason`` says what is wrong; it is "" at 1."""

    value: float
    reason: str = ""

    def __post_init__(self) -> None:
        """Check the value.

        Raises:
            ValueError: if it is outside [0, 1] or NaN.
        """
        if not 0 <= self.value <= 1:
            raise ValueError(f"a score is in [0, 1], not {self.value}")


RIGHT = Score(1.0)


@dataclass(frozen=True, slots=True)
class Grader:
    """A declared grader.

    Attributes:
        definition: what the score is, in one line.
        expected: JSON Schema of the expected answer.
    """

    id: str
    definition: str
    expected: Mapping[str, Any]
    run: Callable[[Case, Reply, Any], Score]


GRADERS: Registry[Grader] = Registry("grader", "trueweight.graders")


def grader(
    grader_id: str, definition: str, *, expected: Mapping[str, Any]
) -> Callable[[Callable[[Case, Reply, Any], Score]], Callable[[Case, Reply, Any], Score]]:
    """Declare a grader. The arguments are the attributes of ``Grader``; the function takes (case, reply, expected)."""

    def register(function: Callable[[Case, Reply, Any], Score]) -> Callable[[Case, Reply, Any], Score]:
        GRADERS.add(grader_id, Grader(grader_id, definition, expected, function))
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
    error = next(iter(_validator(grader_id).iter_errors(expected)), None)
    if error is not None:
        raise ConfigError(
            f"grader {grader_id}: expected{value_path(error.absolute_path)}: {error.message[:300]}",
            code="bad-expected",
            hint=f"{grader_id}: {GRADERS.get(grader_id).definition}",
        )


@cache
def _validator(grader_id: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # costs 0.1 s, which only commands that read suites need

    return Draft202012Validator(dict(GRADERS.get(grader_id).expected))
