"""A finding: the result of one check for one reply. An observation: the facts about one trial that metrics use.

An observation is small, so that a run of any size fits in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from trueweight.core.api_comparison import ComparedAnswer
from trueweight.core.case import DEFAULT_API, Mode, Severity
from trueweight.core.exchange import FailureKind
from trueweight.core.judging import REPLY, JudgingProblem, NotJudged
from trueweight.core.reply import Finish, Span
from trueweight.core.thinking import ThinkingMode
from trueweight.core.timing import Timing
from trueweight.core.workload import Grade


class Outcome(StrEnum):
    """Whether a reply meets the requirement of a check. ``unsupported``: the server says that it lacks the feature."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    NOT_APPLICABLE = "n/a"
    UNSUPPORTED = "unsupported"


class Feature(StrEnum):
    """A part of the API that a provider may not offer."""

    TOOLS = "tools"
    STRUCTURED_OUTPUT = "structured-output"
    STREAMS = "streams"
    LIMITS = "limits-of-tokens-this-high"
    STORED_RESPONSES = "stored-responses"
    COUNTS = "counts-of-tokens"


OPTIONAL_FEATURES: Final = frozenset({Feature.STORED_RESPONSES, Feature.COUNTS})
"""What clients of an API do without, if the server says that it lacks it. No provider is undecided for want of it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check for one reply, with its evidence.

    Attributes:
        message: what was found, in one sentence; model text inside it is quoted, not escaped.
        expected, got: the two sides, as short text.
        spans: where in the reply's body the evidence is.
        problem: why an ``n/a`` could not be judged, if it is a limit of judging; None otherwise.
        about: of an ``unsupported``: the parameter of the request, or the part of its messages; else "".
    """

    check: str
    outcome: Outcome
    severity: Severity
    message: str = ""
    expected: str = ""
    got: str = ""
    spans: tuple[Span, ...] = ()
    problem: JudgingProblem | None = None
    about: str = ""


class Observation(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One judged trial.

    Attributes:
        case: ``suite/id``.
        attempts: number of attempts.
        first_ok, ok: whether the first attempt, and the final one, got a complete 2xx response.
        arrived: whether there is an answer to judge: a 2xx, or a 4xx or 501 that answers this request.
        failure: why there is no answer.
        blames_length: of a lost trial: whether its error is about the length of the prompt.
        called: whether the reply has at least one tool call.
        calls_valid: whether all calls of the reply are valid; None if it has no call.
        expects_call: True if the case requires a call, False if it forbids calls, None if it does neither.
        structured: for a request for structured output: ``valid``, ``invalid``, ``not-json``, ``fenced``, ``prose``,
            ``truncated``, ``refused`` or ``empty``; None for other requests.
        findings: of the checks that apply.
        not_judged: what could not be judged, and why.
        thinking: whether the request switched the model's thinking.
        thinking_tokens: completion tokens of the thought, as the server counts them, or else by its share of the
            characters of the reply; None if neither is known.
        thinking_cost: USD of these tokens; part of ``cost``.
        cut_in_thought: whether the limit of tokens ended the reply before its answer was complete, because of its
            thought: the reply is not judged.
        without_answer: whether it is a success that carries neither text nor a call, or only a refusal by the model.
        not_offered: the feature that the provider does not offer, because of which it refused this request. Metrics
            leave such a trial out.
        habits: known habits of the model family that the reply shows, as the profile says them; their failures are not
            among the findings.
        grades: of a case of a workload: against the recorded answer and against the golden one.
        cost: USD of all attempts that reported usage, as the server states it, or else by the provider's declared
            prices; None if unknown.
        started_at: UTC wall clock of the scheduled start, ISO 8601; empty if not known.
        api: the API through which it was sent.
        answer: what is compared between the APIs of a host; None if nothing is.
        compared_as: the API of the reference with which it is compared; mostly the same as ``api``.
    """

    trial: str
    provider: str
    suite: str
    case: str
    repeat: int
    mode: Mode
    attempts: int
    first_ok: bool
    ok: bool
    arrived: bool
    failure: FailureKind | None = None
    status: int | None = None
    called: bool = False
    calls_valid: bool | None = None
    finish: Finish | None = None
    expects_call: bool | None = None
    structured: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    timing: Timing | None = None
    client_limited: bool = False
    findings: tuple[Finding, ...] = ()
    started_at: str = ""
    api: str = DEFAULT_API
    compared_as: str = DEFAULT_API
    answer: ComparedAnswer | None = None
    not_judged: tuple[NotJudged, ...] = ()
    thinking: ThinkingMode = ThinkingMode.AS_SERVED
    thinking_tokens: int | None = None
    thinking_cost: float | None = None
    cut_in_thought: bool = False
    without_answer: bool = False
    not_offered: Feature | None = None
    habits: tuple[str, ...] = ()
    grades: tuple[Grade, ...] = ()
    blames_length: bool = False

    @property
    def unread(self) -> bool:
        """Whether a reply arrived that could not be read, so that nothing of it is judged."""
        return any(one.part == REPLY for one in self.not_judged)
