"""The part of a case that comes from a team's own log: its task, the answer that was recorded, the right answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

Answer: TypeAlias = Mapping[str, Any]
"""``content`` (text), ``calls`` (a list of ``{"name", "arguments"}``), or both; the shape of a case's ``answer``."""


class RecordedAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the log says was answered to a case's request, with what it took. None where the log does not say.

    Attributes:
        ms: time to the whole reply, milliseconds.
        ttft_ms: time to the first token, milliseconds.
        input_tokens: of the prompt, with those that came from a cache and those that were written to one.
        output_tokens: as billed, those of thoughts included.
        cost: USD, as the log or the response states it.
        at: when it was sent, ISO 8601; empty if the log does not say.
        others: further answers that the log has to the same request: the baseline's own noise.
    """

    answer: Answer
    model: str = ""
    ms: float | None = None
    ttft_ms: float | None = None
    input_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    at: str = ""
    others: tuple[Answer, ...] = ()


class CaseTask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a case of a workload has beside its request.

    Attributes:
        name: the kind of work, e.g. ``triage``; cases of one task share a grader.
        grader: its id, as in ``trueweight.graders``.
        options: of the grader, the same for all cases of the task.
        golden: the right answer, as a person wrote it; None where there is none.
        stands_for: the number of requests of the log that this case stands for.
    """

    name: str
    grader: str
    options: Mapping[str, Any] = msgspec.field(default_factory=dict)
    recorded: RecordedAnswer | None = None
    golden: Answer | None = None
    stands_for: float = 1.0
