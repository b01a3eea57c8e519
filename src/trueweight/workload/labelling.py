"""Golden answers by hand: which cases to ask about first, what to show, and how a typed answer is read."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from trueweight.core import Case, ConfigError
from trueweight.core.grader import GRADERS
from trueweight.core.json_value import JsonObject
from trueweight.core.task import Answer, CaseTask
from trueweight.suites.workload_folder import GOLDEN_FILE
from trueweight.workload.preference import LlmJudgePair

_TYPED: Final = frozenset({"label", "number", "text"})
"""Graders whose answers are short enough to be typed: the recorded one is not shown, so that it leads to nothing."""
_HEAD: Final = "# Golden answers: case → the right answer. See docs/workload.md.\n"


def in_order(cases: Sequence[Case], done: Collection[str], seed: int, differing: Mapping[str, int]) -> list[Case]:
    """The cases without a golden answer, those first that decide most.

    Args:
        done: ids of cases that have one.
        differing: case key → number of providers of a run whose answer differs from the recorded one; cases that the
            run does not have count as 0. Of equal ones, the order is drawn.
    """
    left = [case for case in cases if case.task is not None and case.id not in done]
    drawn = np.random.default_rng([seed, 23]).permutation(len(left))
    return [left[at] for at in sorted(drawn, key=lambda at: -differing.get(left[at].key, 0))]


def pairs_in_order(pairs: Iterable[LlmJudgePair], done: Collection[str], seed: int) -> list[tuple[LlmJudgePair, bool]]:
    """One pair of each case, in a drawn order, and whether its sides are swapped.

    Args:
        done: keys of cases that have a label.
    """
    rng = np.random.default_rng([seed, 31])
    of_case: dict[str, list[LlmJudgePair]] = {}
    for pair in sorted(pairs, key=lambda one: one.key):
        if pair.case not in done:
            of_case.setdefault(pair.case, []).append(pair)
    drawn = [found[int(rng.integers(len(found)))] for _, found in sorted(of_case.items())]
    return [(drawn[at], bool(rng.integers(2))) for at in rng.permutation(len(drawn))]


def shows_recorded(task: CaseTask) -> bool:
    """Whether the recorded answer is shown by default: of long answers, which are corrected rather than typed."""
    return task.grader not in _TYPED


def question_of(case: Case) -> str:
    """The system prompt and the last message of the request, as text."""
    messages = case.request["messages"]
    first = [messages[0]] if len(messages) > 1 and messages[0].get("role") == "system" else []
    return "\n\n".join(_text(message) for message in (*first, messages[-1]))


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        content = "\n".join(str(part.get("text", f"[{part.get('type')}]")) for part in content)
    return f"[{message.get('role')}] {content if isinstance(content, str) else json.dumps(message, ensure_ascii=False)}"


def choices_of(task: CaseTask) -> tuple[str, ...]:
    """The labels of a task with labels; () for any other."""
    return tuple(task.options.get("labels", ()))


def read_typed(task: CaseTask, typed: str) -> Answer:
    """The golden answer that a line means: the number of a label, JSON, or text.

    Raises:
        ConfigError: ``workload-golden`` if the grader of the task cannot read it.
    """
    labels = choices_of(task)
    text = typed.strip()
    if labels and text.isdecimal() and 1 <= int(text) <= len(labels):
        text = labels[int(text) - 1]
    answer = _as_answer(task, text)
    if answer is None or GRADERS.get(task.grader).expect(answer, task.options) is None:
        raise ConfigError("the grader cannot read this answer", code="workload-golden", hint=_form(task))
    return answer


def takes_facts(task: CaseTask) -> bool:
    """Whether a golden answer needs facts to decide: of texts, because two good ones differ."""
    return task.grader == "prose"


def read_facts(typed: str) -> list[str | list[str]]:
    """Facts from a line: ``;`` is between facts, ``|`` between spellings of which one is enough."""
    found: list[str | list[str]] = []
    for part in typed.split(";"):
        spellings = [one.strip() for one in part.split("|") if one.strip()]
        if spellings:
            found.append(spellings[0] if len(spellings) == 1 else spellings)
    return found


def editor_text(task: CaseTask, answer: Answer | None) -> str:
    """An answer in the form in which `read_typed` reads it, JSON in several lines; "" for None."""
    if answer is None:
        return ""
    if task.grader == "call-fields":
        return json.dumps(list(answer.get("calls", ())), indent=2, ensure_ascii=False)
    content = answer.get("content", "")
    if task.grader != "json-fields":
        return str(content)
    try:
        value = answer["json"] if "json" in answer else json.loads(str(content))
    except (ValueError, RecursionError):
        return str(content)
    return json.dumps(value, indent=2, ensure_ascii=False)


def _as_answer(task: CaseTask, text: str) -> JsonObject | None:
    if task.grader not in ("json-fields", "call-fields"):
        return {"content": text}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if task.grader == "json-fields":
        return {"json": value}
    calls = value if isinstance(value, list) else [value]
    whole = all(isinstance(call, dict) and {"name", "arguments"} == call.keys() for call in calls)
    return {"calls": calls} if whole else None


def _form(task: CaseTask) -> str:
    """What a line has to be, in a few words."""
    match task.grader:
        case "label":
            return f"Valid: {', '.join(choices_of(task))}, or its number."
        case "json-fields":
            return "Valid: one JSON value; e writes it in the editor."
        case "call-fields":
            return 'Valid: [{"name": …, "arguments": {…}}]; [] for no call; e writes it in the editor.'
    return GRADERS.get(task.grader).definition


def append_golden(folder: Path, case_id: str, answer: Answer) -> None:
    """Write one golden answer behind the others, so that what a person wrote in the file stays as it is.

    Raises:
        ConfigError: ``workload-golden`` if the file cannot be written.
    """
    path = folder / GOLDEN_FILE
    try:
        before = path.read_text(encoding="utf-8") if path.is_file() else _HEAD
        end = "" if before.endswith("\n") else "\n"
        line = f"{json.dumps(case_id)}: {json.dumps(dict(answer), ensure_ascii=True)}\n"
        path.write_text(f"{before}{end}{line}", encoding="utf-8")
    except OSError as error:
        message = f"cannot write: {error.strerror}"
        raise ConfigError(message, code="workload-golden", where=str(path)) from None


def account(asked: Sequence[Case], given: int, agreeing: int) -> Iterator[str]:
    """What was labelled, and how often the baseline was right there."""
    yield f"golden answers written: {given}, cases left without one: {len(asked) - given}"
    if given:
        yield f"the recorded answer is right in {agreeing} of them"
