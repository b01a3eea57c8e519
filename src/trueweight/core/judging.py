"""What could not be judged of one reply, and why; and how an error is kept to the reply that causes it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

from trueweight.core.errors import ConfigError
from trueweight.core.steps import OutOfSteps

T = TypeVar("T")
_LONGEST = 200


class JudgingProblem(StrEnum):
    """Why a reply, or a part of it, could not be judged."""

    RAISED = "raised"
    """A check, a grader, a metric or a reader raised an error: the fault of trueweight or of a plugin."""
    LIMIT = "limit"
    """Judging would take more time or memory than one reply may."""
    SCHEMA = "schema"
    """The schema, or a pattern in it, cannot be evaluated."""


REPLY: Final = "reply"
"""The part of judging without which nothing else is judged: reading the reply."""


class NotJudged(NamedTuple):
    """A part of judging that one reply did not get.

    Attributes:
        part: id of the check or the metric; else ``reply``, ``timing``, ``calls``, ``structured``, ``grades``,
            ``judge`` (an LLM judge's grade), ``api-agreement`` or ``digest``.
        reason: the error, or the limit.
    """

    part: str
    problem: JudgingProblem
    reason: str


def guarded(part: str, work: Callable[[], T]) -> T | NotJudged:
    """The result of ``work``; or why there is none, if it raises or takes too many steps.

    Raises:
        ConfigError: what ``work`` raises about a suite or a plugin, which concerns every reply.
    """
    try:
        return work()
    except Exception as error:  # what a reply makes raise must not end the judging of the others
        return not_judged(part, error)


def not_judged(part: str, error: Exception) -> NotJudged:
    """Why there is no result of a part of judging that raised this error.

    Raises:
        ConfigError: if it is one: it is about a suite or a plugin, and concerns every reply.
    """
    if isinstance(error, ConfigError):
        raise error
    if isinstance(error, OutOfSteps):
        return NotJudged(part, JudgingProblem.LIMIT, str(error)[:_LONGEST])
    return NotJudged(part, JudgingProblem.RAISED, _words(error))


def _words(error: Exception) -> str:
    """The error in one line; only its type if its text cannot be had, as where memory is short."""
    name = type(error).__name__
    try:
        text = " ".join(str(error)[:_LONGEST].split())
    except Exception:
        text = ""
    return f"{name}: {text}"[:_LONGEST] if text else name
