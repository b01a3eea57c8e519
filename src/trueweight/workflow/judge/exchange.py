"""One exchange → its reply, its timing, its findings, and the observation that the metrics are computed from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from msgspec.structs import replace as replace_struct

from trueweight.checks import run_checks
from trueweight.checks.calls import CallValidity, validity
from trueweight.checks.reasoning import THINKING_SWITCH
from trueweight.checks.structured import classify
from trueweight.core import (
    PROTOCOLS,
    Attempt,
    Case,
    Exchange,
    FailureKind,
    Finding,
    Finish,
    Observation,
    Outcome,
    Provider,
    Reply,
    ThinkingMode,
    Timing,
    as_sent,
)
from trueweight.core.case import SERVED_MODEL_CHECK
from trueweight.core.check import CHECKS
from trueweight.core.evidence import anomalies
from trueweight.core.judging import REPLY, JudgingProblem, NotJudged, guarded
from trueweight.core.preference import LlmJudgeFound
from trueweight.core.request import declared_tools, requested_schema
from trueweight.core.steps import PER_REPLY, budget
from trueweight.metrics import CaseInfo
from trueweight.protocols import Kind, StreamShape, cost_of, read_reply, shape_of, timing_of
from trueweight.protocols.reading import forgetting_reply
from trueweight.workflow.judge.api_agreement import compared_answer
from trueweight.workflow.judge.not_offered import as_refusal
from trueweight.workflow.judge.server_errors import with_pending
from trueweight.workflow.judge.thought import is_cut_in_thought, judged_of_cut, thinking_tokens
from trueweight.workload.grading import grades_of
from trueweight.workload.preference import grade_by_llm_judge

T = TypeVar("T")

_NOT_OF_PROVIDER = frozenset({FailureKind.STALE_CONNECTION, FailureKind.CLIENT_LIMIT})


@dataclass(frozen=True, slots=True)
class Judged:
    """An exchange with its reply, timing and observation; ``reply`` and ``timing`` are None if no reply arrived, and
    ``shape`` is None of a reply that is no stream too."""

    exchange: Exchange
    reply: Reply | None
    timing: Timing | None
    observation: Observation
    shape: StreamShape | None = None


@forgetting_reply()
def judge_exchange(
    case: Case,
    provider: Provider,
    exchange: Exchange,
    *,
    without: Collection[str] = (),
    thinking_allowance: int = 0,
    preferences: LlmJudgeFound = LlmJudgeFound(),
) -> Judged:
    """Judge one exchange by its case.

    It takes a bounded number of steps. What raises or takes too many is in ``observation.not_judged``; the rest is
    judged.

    Args:
        provider: gives the declared prices.
        without: names of checks to leave out.
        thinking_allowance: tokens that the run added to the case's limit for thoughts.
        preferences: what an LLM judge says of the run's answers; it is one more grade.
    """
    case = as_sent(case, provider)
    asked = case.key in preferences.cases
    exchange = as_refusal(case, exchange)
    lost = _lost(case, exchange)
    if not exchange.judgeable:
        lost = replace_struct(lost, cost=cost_of(provider, exchange, None))
        pending = with_pending(lost, case, exchange)
        left_out = any(finding.check in without for finding in pending.findings)
        return Judged(exchange, None, None, lost if left_out else pending)
    with budget(PER_REPLY):
        reply = guarded(REPLY, lambda: read_reply(exchange))
        if isinstance(reply, NotJudged):
            return _unread(lost, provider, exchange, reply)
        unread = anomalies(reply, Kind.SSE_UNREAD, Kind.JSON_LARGE)
        if unread and not anomalies(reply, Kind.COMPRESSED_TOO_LARGE):  # which has a check
            beyond = NotJudged(REPLY, JudgingProblem.LIMIT, unread[0].detail)
            return _unread(lost, provider, exchange, beyond)
        shape = guarded("timing", lambda: shape_of(reply))
        timing = shape if isinstance(shape, NotJudged) else guarded("timing", lambda: timing_of(exchange, reply, shape))
        calls = guarded("calls", lambda: _all_valid(validity(case.request, reply)))
        structured = guarded("structured", lambda: _structured(case, reply))
        checked = with_served_model(_switched(case, exchange.thinking, provider), provider)
        findings = run_checks(checked, reply, without=without)
        grades = guarded("grades", lambda: grades_of(case, reply))
        by_judge = guarded("judge", lambda: grade_by_llm_judge(case, reply, preferences.verdicts) if asked else None)
        answer = guarded("api-agreement", lambda: compared_answer(case, reply) if len(provider.api) > 1 else None)
    if exchange.thinking is not ThinkingMode.AS_SERVED:
        findings = _with_own_severity(findings)
    arrived = _arrived(lost, reply, _if_judged(timing), _if_judged(calls), _if_judged(structured))
    arrived = replace_struct(
        arrived,
        cost=cost_of(provider, exchange, reply),
        answer=_if_judged(answer),
        thinking_cost=_thinking_cost(provider, arrived.thinking_tokens),
    )
    cut = is_cut_in_thought(case, reply, thinking_allowance)
    found = applied(findings)
    problems = (one for one in (timing, calls, structured, grades, by_judge, answer) if isinstance(one, NotJudged))
    seen = replace_struct(
        arrived,
        not_judged=(*problems, *not_judged_of(findings)),
        findings=judged_of_cut(case, found) if cut else found,
        cut_in_thought=cut,
        grades=() if cut else (*(_if_judged(grades) or ()), *filter(None, [_if_judged(by_judge)])),
    )
    return Judged(exchange, reply, _if_judged(timing), seen, _if_judged(shape))


def _unread(lost: Observation, provider: Provider, exchange: Exchange, why: NotJudged) -> Judged:
    cost = cost_of(provider, exchange, None)
    return Judged(exchange, None, None, replace_struct(lost, cost=cost, not_judged=(why,)))


def _thinking_cost(provider: Provider, tokens: int | None) -> float | None:
    return None if provider.price is None or tokens is None else provider.price.cost(0, tokens)


def _if_judged(found: T | NotJudged) -> T | None:
    """What was found; None if it could not be judged."""
    return None if isinstance(found, NotJudged) else found


_SWITCHED: Final = {mode: {"mode": mode.value} for mode in ThinkingMode}
"""Parameters of the check of the switch, the same for all cases: plans of checks are kept by their identity."""


def _switched(case: Case, thinking: ThinkingMode, provider: Provider) -> Case:
    """The case of a trial that switched the model's thinking: the check of the switch runs on its reply.

    A model that is served in the mode of the trial got no switch, so it can ignore none.
    """
    if not provider.thinking.fields(thinking):
        return case
    return replace(case, checks={**case.checks, THINKING_SWITCH: _SWITCHED[thinking]})


def with_served_model(case: Case, provider: Provider) -> Case:
    """The case with the provider's model as the parameter of the check that looks for it in the list of models."""
    if SERVED_MODEL_CHECK not in case.checks:
        return case
    return replace(case, checks={**case.checks, SERVED_MODEL_CHECK: {"model": provider.model}})


def _with_own_severity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The check of the switch has its own severity, because the trial names it and not the case."""
    severity = CHECKS.get(THINKING_SWITCH).info.severity
    return tuple(replace(one, severity=severity) if one.check == THINKING_SWITCH else one for one in findings)


def applied(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings without those of checks that do not apply, which most do not."""
    return tuple(finding for finding in findings if finding.outcome is not Outcome.NOT_APPLICABLE)


def not_judged_of(findings: Iterable[Finding]) -> tuple[NotJudged, ...]:
    """The checks that apply and could not be carried out."""
    return tuple(NotJudged(one.check, one.problem, one.message) for one in findings if one.problem is not None)


def _lost(case: Case, exchange: Exchange) -> Observation:
    """An observation of a trial that brought no answer; the case's own expectations stand."""
    final = exchange.final
    return Observation(
        trial=exchange.trial,
        provider=exchange.provider,
        suite=exchange.suite,
        case=case.key,
        repeat=exchange.repeat,
        mode=exchange.mode,
        attempts=len(exchange.attempts),
        first_ok=_first(exchange.attempts).failure is None,
        ok=final.failure is None,
        arrived=exchange.answered,
        failure=final.failure.kind if final.failure else None,
        status=final.status,
        expects_call=expects_call(case),
        client_limited=exchange.client_limited,
        started_at=exchange.started_at,
        api=exchange.api,
        thinking=exchange.thinking,
    )


def _first(attempts: tuple[Attempt, ...]) -> Attempt:
    """The first attempt that says something of the provider: neither on a connection that it had closed before nor
    ended by a limit of this client."""
    for attempt in attempts:
        if attempt.failure is None or attempt.failure.kind not in _NOT_OF_PROVIDER:
            return attempt
    return attempts[-1]


def _arrived(
    lost: Observation, reply: Reply, timing: Timing | None, calls_valid: bool | None, structured: str | None
) -> Observation:
    usage = reply.usage
    prompt, completion = (usage.input, usage.output) if usage else (None, None)
    thought = thinking_tokens(reply) if reply.choices else None
    return replace_struct(
        lost,
        called=bool(reply.calls),
        without_answer=bool(lost.ok and PROTOCOLS.get(lost.api).completions) and not has_answer(reply),
        calls_valid=calls_valid,
        finish=reply.finish,
        structured=structured,
        input_tokens=prompt,
        output_tokens=completion,
        thinking_tokens=thought,
        timing=kept_timing(lost.api, timing),
    )


def has_answer(reply: Reply) -> bool:
    """Whether any choice has text or a call, and is no refusal by the model or by a filter."""
    return any(
        bool(view.calls)
        or (bool((view.content or "").strip()) and not view.refusal and view.finish is not Finish.FILTER)
        for view in reply.choice_views()
    )


def kept_timing(api: str, timing: Timing | None) -> Timing | None:
    """The timing without its gaps, which are large and which no metric needs; None for a list of models, whose time is
    not a model's speed."""
    return replace_struct(timing, gaps=()) if timing is not None and PROTOCOLS.get(api).completions else None


def expects_call(case: Case) -> bool | None:
    """Whether the case's checks say that a tool must be called (True), must not be (False), or neither (None)."""
    call = case.checks.get("tool-call-expected", {}).get("call")
    if call in ("must", "must-not"):
        return bool(call == "must")
    wanted = case.checks.get("tool-call-matches", {}).get("calls")
    return bool(wanted) if isinstance(wanted, list | tuple) else None


def asks_structured(case: Case) -> bool:
    """Whether a case requests JSON, by ``response_format`` or by its own schema, and a healthy reply is JSON.

    Not so if its checks expect a truncated reply, a tool call or a refusal: such a case would lower the accuracy of
    every provider.
    """
    if case.must_be_refused or not _may_end_with(case, "stop"):
        return False
    return requested_schema(case.request) is not None or "schema" in case.checks.get("structured-output", {})


def asks_calls(case: Case) -> bool:
    """Whether a case offers tools and a complete call is possible: not if it expects a truncated reply or a refusal."""
    whole = _may_end_with(case, "tool_calls") or _may_end_with(case, "stop")
    return offers_tools(case.request) and whole and not case.must_be_refused


def _may_end_with(case: Case, reason: str) -> bool:
    return reason in case.checks.get("finish-reason", {}).get("one_of", (reason,))


def case_info(case: Case) -> CaseInfo:
    """What measuring needs to know of a case. One that tests its limit of tokens counts in no metric of calls or of
    structured output: a healthy reply to it is cut."""
    whole = not case.keeps_limit
    return CaseInfo(case.key, case.modes, whole and asks_calls(case), whole and asks_structured(case))


def offers_tools(request: Mapping[str, Any]) -> bool:
    """Whether a request offers any tool."""
    return bool(declared_tools(request))


def _all_valid(calls: tuple[CallValidity, ...]) -> bool | None:
    """False if one is invalid; None if there is none, or if a tool's schema is itself beyond judging."""
    verdicts = {call.valid for call in calls}
    if False in verdicts:
        return False
    return None if None in verdicts or not verdicts else True


def _structured(case: Case, reply: Reply) -> str | None:
    if not asks_structured(case):
        return None
    params = case.checks.get("structured-output", {})
    return classify(case.request, reply, schema=params.get("schema"), assert_format=bool(params.get("assert_format")))


__all__ = [
    "Judged",
    "applied",
    "asks_calls",
    "asks_structured",
    "case_info",
    "expects_call",
    "judge_exchange",
    "not_judged_of",
    "offers_tools",
]
