"""An observation: what measuring needs to know of one trial. Small, so that a run of any size fits in memory."""

from __future__ import annotations

from dataclasses import dataclass

from trueweight.core.case import DEFAULT_API, Mode
from trueweight.core.exchange import FailureKind
from trueweight.core.finding import Finding
from trueweight.core.reply import Finish
from trueweight.core.timing import Timing


@dataclass(frozen=True, slots=True)
class Observation:
    """One judged trial.

    Attributes:
        case: ``suite/id``.
        attempts: how many attempts were made.
        first_ok, ok: whether the first, and the final, attempt brought a whole HTTP success.
        arrived: whether there is an answer to judge (a 2xx, or a 4xx to this very request).
        failure: why there is none.
        called: whether the reply carries at least one tool call, by the calls that are there.
        calls_valid: whether it has calls and all of them are valid; None when there are none.
        expects_call: what the case says: must call (True), must not (False), says nothing (None).
        structured: outcome for a case that asked for structured output: ``valid``, ``invalid``, ``not-json``,
            ``fenced``, ``prose``, ``truncated``, ``refused``, ``empty``; None when the case did not ask.
        findings: of every check that did not say "not applicable".
        cost: USD by the provider's declared prices and the reported usage of the attempt
            that was answered (a failed attempt reports none); None if unknown.
        started_at: UTC wall clock of the scheduled start, ISO 8601; empty if not known.
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
