"""Each shipped answer, said by a healthy server, passes every check: the suites and the checks hold each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from each_case import of_each

from fleet_replies import exchange_with, served
from trueweight.checks import ReplyDigest, digest_choices, run_checks, run_paired_checks
from trueweight.core import (
    Attempt,
    Case,
    Exchange,
    Mode,
    Outcome,
    Reply,
    RequestRecord,
    Severity,
    Stamp,
    Suite,
)
from trueweight.fleet.known import KnownAnswers
from trueweight.fleet.template import prompt_tokens
from trueweight.protocols import read_reply
from trueweight.suites import find_suite, shipped_suites

CASES = [case for name in shipped_suites() for case in find_suite(name).cases if case.answer is not None]
SECOND = 1_000_000_000


def _message(answer: Mapping[str, Any]) -> dict[str, Any]:
    calls = [
        {
            "id": f"new_{number}",
            "type": "function",
            "function": {"name": call["name"], "arguments": json.dumps(call["arguments"], ensure_ascii=False)},
        }
        for number, call in enumerate(answer.get("calls", ()))
    ]
    content = json.dumps(answer["json"], ensure_ascii=False) if "json" in answer else answer.get("content")
    thought = {"reasoning_content": answer["reasoning"]} if "reasoning" in answer else {}
    return {"role": "assistant", **thought, "content": content, **({"tool_calls": calls} if calls else {})}


def _stopped(case: Case, message: dict[str, Any]) -> dict[str, Any]:
    """The message as the request's stop sequences leave it."""
    stop = case.request.get("stop") or ()
    found = [message["content"].find(one) for one in ([stop] if isinstance(stop, str) else stop)]
    found = [at for at in found if at >= 0]
    return {**message, "content": message["content"][: min(found)]} if found else message


def _limit(case: Case) -> int:
    limit: int = case.request.get("max_tokens") or case.request["max_completion_tokens"]
    return limit


def _cut(case: Case, message: dict[str, Any]) -> tuple[dict[str, Any], str, int]:
    """The message as max_tokens leaves it, with finish reason and token count; here four characters are a token."""
    limit = 4 * _limit(case)
    calls = message.get("tool_calls", [])
    text: str = calls[0]["function"]["arguments"] if calls else message["content"]
    if len(text) <= limit:
        thought = len(message.get("reasoning_content") or "")
        return message, "tool_calls" if calls else "stop", max(1, (thought + len(text)) // 4)
    if calls:
        function = {**calls[0]["function"], "arguments": text[:limit]}
        return {**message, "tool_calls": [{**calls[0], "function": function}]}, "length", _limit(case)
    return {**message, "content": text[:limit]}, "length", _limit(case)


def _logprobs(case: Case, message: dict[str, Any]) -> dict[str, Any]:
    """An entry for each token of four characters, with as many alternatives as were asked for."""
    if not case.request.get("logprobs"):
        return {}
    text = message["content"]
    tokens = [_entry(text[at : at + 4], -0.1) for at in range(0, len(text), 4)]
    count = case.request.get("top_logprobs", 0)
    for token in tokens:
        others = [_entry(f"{token['token']}~{number}", -3.0 - number) for number in range(1, count)]
        token["top_logprobs"] = [{**token}, *others][:count]
    return {"logprobs": {"content": tokens}}


def _entry(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


def _chunks(message: dict[str, Any], finish: str) -> list[dict[str, Any]]:
    """Deltas: role, content in two pieces, each call's head and then its arguments in two pieces, finish."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if thought := message.get("reasoning_content"):
        deltas.append({"reasoning_content": thought})
    if text := message["content"]:
        deltas += [{"content": text[: len(text) // 2]}, {"content": text[len(text) // 2 :]}]
    for index, call in enumerate(message.get("tool_calls", ())):
        name, text = call["function"]["name"], call["function"]["arguments"]
        deltas.append({"tool_calls": [{"index": index, **call, "function": {"name": name, "arguments": ""}}]})
        for piece in (text[: len(text) // 2], text[len(text) // 2 :]):
            deltas.append({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    return [*choices, {"index": 0, "delta": {}, "finish_reason": finish}]


def _body(case: Case, mode: Mode) -> bytes:
    message, finish, count = _cut(case, _stopped(case, _message(case.answer or {})))
    prompt, several = len(prompt_tokens(case.request)), case.request.get("n") or 1
    usage = {"prompt_tokens": prompt, "completion_tokens": several * count}
    usage["total_tokens"] = sum(usage.values())
    head = {"id": "chatcmpl-1", "created": 1_900_000_000, "model": "m"}
    if mode is Mode.PLAIN:
        choice = {"message": message, "finish_reason": finish, **_logprobs(case, message)}
        choices = [{"index": at, **choice} for at in range(several)]
        return json.dumps({**head, "object": "chat.completion", "choices": choices, "usage": usage}).encode()
    stream = {**head, "object": "chat.completion.chunk"}
    parts = [{**part, "index": at} for at in range(several) for part in _chunks(message, finish)]
    parts[1] |= _logprobs(case, message)
    events = [{**stream, "choices": [part], "usage": None} for part in parts]
    if "stream_options" not in case.request:  # a case that has some asks for no usage
        events.append({**stream, "choices": [], "usage": usage})
    return b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in events) + b"data: [DONE]\n\n"


def _exchange(case: Case, mode: Mode) -> Exchange:
    body = _body(case, mode)
    kind = "application/json" if mode is Mode.PLAIN else "text/event-stream"
    attempt = Attempt(
        waited=0,
        t_send=0,
        t_connected=0,
        t_headers=SECOND,
        t_done=2 * SECOND,
        status=200,
        http_version="HTTP/1.1",
        headers=(("content-type", kind),),
        body=body,
        stamps=(Stamp(SECOND, 0), Stamp(3 * SECOND // 2, len(body) // 2)),
    )
    sent = json.dumps({**case.request, "model": "m", "stream": mode is Mode.STREAM})
    request = RequestRecord("POST", "http://127.0.0.1/v1/chat/completions", (), sent)
    return Exchange("t", "p", case.suite, case.id, 0, mode, "2031-01-01T00:00:00.000000Z", request, (attempt,))


REPLIES: dict[tuple[str, Mode], Reply] = {}
ASKED = [(case, mode) for case in CASES for mode in case.modes]


KNOWN = KnownAnswers([Suite(name, tuple(one for one in CASES if one.suite == name)) for name in shipped_suites()])
FLEET = served("twin", KNOWN)
"""It writes the replies of cases about another API than chat completions."""


def _reply(case: Case, mode: Mode) -> Reply:
    if (case.key, mode) not in REPLIES:
        first = next((one for one in CASES if case.follows and one.key == case.key_of(case.follows)), None)
        made = _exchange(case, mode) if case.api is None else exchange_with(FLEET, case, mode, first=first)
        REPLIES[case.key, mode] = read_reply(made)
    return REPLIES[case.key, mode]


def _heard(suite: str) -> list[ReplyDigest]:
    asked = [(case, mode) for case, mode in ASKED if case.suite == suite]
    return [
        one for case, mode in asked for one in digest_choices(f"{case.id}-{mode}", case, mode, 0, _reply(case, mode))
    ]


PAIRED = {
    "answer-after-others",
    "prompt-tokens-more",
    "prompt-tokens-same",
    "history-reasoning-kept",
    "reasoning-longer",
    "system-messages-kept",
}


@of_each(CASES)
def test_a_healthy_reply_passes_every_check(case: Case) -> None:
    """No check fails the case's own answer in any of its modes, and each check that the case names has judged it."""
    for mode in case.modes:
        _passes_every_check(case, mode)


def _passes_every_check(case: Case, mode: Mode) -> None:
    findings = run_checks(case, _reply(case, mode))
    assert [finding for finding in findings if finding.outcome is Outcome.FAIL] == [], mode
    passed = {finding.check for finding in findings if finding.outcome is Outcome.PASS}
    assert set(case.checks) - PAIRED <= passed, mode


@of_each(CASES)
def test_a_case_does_not_make_a_check_harsher(case: Case) -> None:
    """A check that runs on every reply has a severity of its own: a case that names it may lower it, not raise it."""
    order = list(Severity)
    for finding in run_checks(replace(case, checks={}), _reply(case, case.modes[0])):
        if finding.check in case.checks:
            assert order.index(case.severity) >= order.index(finding.severity), finding.check


@pytest.mark.parametrize("suite", shipped_suites())
def test_healthy_replies_pass_every_check_of_several(suite: str) -> None:
    """Prompt tokens, counted by a sound template, are what each case says of them beside another one."""
    heard = _heard(suite)
    found = run_paired_checks(heard)
    assert [(trial, one) for trial, all_of in found.items() for one in all_of if one.outcome is Outcome.FAIL] == []
    for one in heard:
        passed = {finding.check for finding in found.get(one.trial, ()) if finding.outcome is Outcome.PASS}
        assert set(one.case.checks) & PAIRED <= passed, one.trial
