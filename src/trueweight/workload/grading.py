"""Grades an answer by its task: against what was recorded, and against the right answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from trueweight.core import DEFAULT_API, PROTOCOLS, Case, Reply
from trueweight.core.example import SampleCall, SampleReply
from trueweight.core.grader import GRADERS
from trueweight.core.json_value import canonical_json
from trueweight.core.task import Answer, CaseTask
from trueweight.core.workload import Grade, Yardstick
from trueweight.protocols import read_reply


def expected_answer(task: CaseTask, answer: Answer | None) -> Any:
    """What the task's grader expects if this answer is right; None if the grader cannot read it."""
    return None if answer is None else GRADERS.get(task.grader).expect(answer, task.options)


def golden_decides(task: CaseTask) -> bool:
    """Whether the golden answer shows if another one is right. A text without facts does not: two good texts differ."""
    return task.golden is not None and (GRADERS.get(task.grader).decides or bool(task.golden.get("facts")))


def grades_of(case: Case, reply: Reply) -> tuple[Grade, ...]:
    """The grades of a reply: against the recorded answer, then against the golden one, as far as there are any.

    A reply that is an error has the score 0: a request that is refused is work that is not done.

    Raises:
        ConfigError: ``unknown-grader``.
    """
    return tuple(_grades(case, reply))


def _grades(case: Case, reply: Reply) -> Iterator[Grade]:
    task = case.task
    if task is None:
        return
    recorded = None if task.recorded is None else task.recorded.answer
    for against, answer in ((Yardstick.BASELINE, recorded), (Yardstick.GOLDEN, task.golden)):
        expected = expected_answer(task, answer)
        if expected is not None:
            yield _grade(case, reply, expected, against)


def _grade(case: Case, reply: Reply, expected: Any, against: Yardstick) -> Grade:
    assert case.task is not None
    score = GRADERS.get(case.task.grader).run(case, reply, expected)
    if reply.error is not None:
        return Grade(against, 0.0, False, "(refused)" if score.wanted else "", score.wanted, "the request is refused")
    return Grade(against, score.value, score.readable, score.read, score.wanted, score.reason, score.fields)


def grade_recorded(case: Case) -> Grade | None:
    """The recorded answer against the golden one; None if the case has not both."""
    task = case.task
    if task is None or task.recorded is None:
        return None
    expected = expected_answer(task, task.golden)
    return None if expected is None else _grade(case, as_reply(task.recorded.answer), expected, Yardstick.GOLDEN)


def grade_others(case: Case) -> list[Grade]:
    """The further recorded answers against the first: the baseline's own noise."""
    task = case.task
    if task is None or task.recorded is None or not task.recorded.others:
        return []
    expected = expected_answer(task, task.recorded.answer)
    if expected is None:
        return []
    return [_grade(case, as_reply(one), expected, Yardstick.BASELINE) for one in task.recorded.others]


def as_reply(answer: Answer) -> Reply:
    """The reply of a server of chat completions that gives this answer."""
    return _read(canonical_json(dict(answer)))


@lru_cache(maxsize=4096)
def _read(text: str) -> Reply:
    answer = json.loads(text)
    content = json.dumps(answer["json"], ensure_ascii=False) if "json" in answer else answer.get("content")
    calls = tuple(
        SampleCall(json.dumps(one["arguments"], ensure_ascii=False), name=one["name"])
        for one in answer.get("calls", ())
    )
    sample = SampleReply(content, calls=calls, finish="calls" if calls else "stop")
    return read_reply(PROTOCOLS.get(DEFAULT_API).sample(sample))
