"""Chooses a grader for a task from what its recorded answers look like. The user confirms it in the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trueweight.core.grader import GRADERS
from trueweight.core.task import Answer
from trueweight.suites.workload_folder import TaskPlan

ORDER: Final = ("call-fields", "json-fields", "label", "number", "text", "prose")
"""The most specific first. A grader of another package is never proposed: the user names it."""


def propose_grader(answers: Sequence[Answer], share: float) -> TaskPlan:
    """The first grader that fits the answers; ``prose`` if none does, or if there is no answer.

    Args:
        share: of the task, of the lines of the log.
    """
    for name in ORDER if answers else ():
        propose = GRADERS.get(name).propose
        options = None if propose is None else propose(answers)
        if options is not None:
            return TaskPlan(name, options, share=share)
    return TaskPlan("prose", {}, share=share)
