"""Evidence: one trial with its exchange, its reply and its findings; and its events, one line each."""

from __future__ import annotations

import json
from dataclasses import dataclass

from trueweight.core import PROTOCOLS, Event, Exchange, Finding, Reply
from trueweight.core.task import Answer, CaseTask
from trueweight.core.workload import Grade, Yardstick
from trueweight.report.text import visible


@dataclass(frozen=True, slots=True)
class Evidence:
    """One judged trial, for the report.

    Attributes:
        case: ``suite/id``.
        mode: the way it was sent: ``plain``, ``stream``, or one of them with thinking switched.
        reply: None when no answer arrived.
        findings: of every check that applied.
        task: of a case of a workload, with its recorded and its golden answer; None for other cases.
        grades: of the reply, against these.
    """

    trial: str
    provider: str
    case: str
    mode: str
    repeat: int
    exchange: Exchange
    reply: Reply | None
    findings: tuple[Finding, ...] = ()
    task: CaseTask | None = None
    grades: tuple[Grade, ...] = ()


def preview(event: Event, api: str, limit: int) -> str:
    """``delta {"content":"Hi"}  finish_reason "stop"``, as the API's protocol shortens it; else the raw text.

    Args:
        api: name of the protocol.
        limit: most characters.
    """
    return visible(PROTOCOLS.get(api).preview(event.data) or event.text, limit=limit)


_YARDSTICKS = {
    Yardstick.BASELINE: "recorded answer",
    Yardstick.GOLDEN: "golden answer",
    Yardstick.LLM_JUDGE: "recorded answer, by the LLM judge",
}
_ANSWER = 3_000


def answer_text(answer: Answer) -> str:
    """An answer as text: its content, its calls one below the other, or its JSON value."""
    calls = [f"{one['name']}\n{_laid_out(one['arguments'])}" for one in answer.get("calls", ())]
    content = _laid_out(answer["json"]) if "json" in answer else str(answer.get("content", ""))
    return visible("\n\n".join(filter(None, [*calls, content])), limit=_ANSWER, lines=True)


def _laid_out(value: object) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)


def reply_text(reply: Reply | None) -> str:
    """What a reply answers, in the form of `answer_text`."""
    if reply is None:
        return "no reply"
    if reply.error is not None:
        return visible(str(reply.error), limit=_ANSWER, lines=True)
    calls = [f"{call.name or 'name absent'}\n{call.arguments or ''}" for call in reply.calls]
    return visible("\n\n".join(filter(None, [*calls, reply.content or ""])), limit=_ANSWER, lines=True)


def side_by_side(item: Evidence) -> list[tuple[str, str]]:
    """The answers to a case of a workload by who gave them: recorded, golden, this provider; none of another case."""
    if item.task is None:
        return []
    recorded = [] if item.task.recorded is None else [("recorded answer", answer_text(item.task.recorded.answer))]
    golden = [] if item.task.golden is None else [("golden answer", answer_text(item.task.golden))]
    return [*recorded, *golden, (visible(item.provider, limit=80), reply_text(item.reply))]


def grade_rows(item: Evidence) -> list[tuple[str, str]]:
    """The score of the answer against each other one, with the reason."""
    return [
        (f"against the {_YARDSTICKS[grade.against]}", visible(f"score {grade.value:.2f}{_because(grade)}", limit=300))
        for grade in item.grades
    ]


def _because(grade: Grade) -> str:
    return f": {grade.reason}" if grade.reason else ""
