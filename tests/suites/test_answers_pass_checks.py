"""Each shipped answer, said by a healthy server, passes every check: the suites and the checks hold each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from trueweight.checks import run_checks
from trueweight.core import Attempt, Case, Exchange, Mode, Outcome, RequestRecord, Stamp
from trueweight.read import read_reply
from trueweight.suites import find_suite, shipped_suites

CASES = [case for name in shipped_suites() for case in find_suite(name).cases if case.answer is not None]
SECOND = 1_000_000_000


def _message(answer: Mapping[str, Any]) -> dict[str, Any]:
    calls = [
        {
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": call["name"], "arguments": json.dumps(call["arguments"], ensure_ascii=False)},
        }
        for number, call in enumerate(answer.get("calls", ()))
    ]
    content = json.dumps(answer["json"], ensure_ascii=False) if "json" in answer else answer.get("content")
    return {"role": "assistant", "content": content, **({"tool_calls": calls} if calls else {})}


def _cut(case: Case, message: dict[str, Any]) -> tuple[dict[str, Any], str, int]:
    """The message as max_tokens leaves it, with finish reason and token count; here four characters are a token."""
    limit: int = 4 * case.request["max_tokens"]
    calls = message.get("tool_calls", [])
    text: str = calls[0]["function"]["arguments"] if calls else message["content"]
    if len(text) <= limit:
        return message, "tool_calls" if calls else "stop", max(1, len(text) // 4)
    if calls:
        function = {**calls[0]["function"], "arguments": text[:limit]}
        return {**message, "tool_calls": [{**calls[0], "function": function}]}, "length", case.request["max_tokens"]
    return {**message, "content": text[:limit]}, "length", case.request["max_tokens"]


def _chunks(message: dict[str, Any], finish: str) -> list[dict[str, Any]]:
    """Deltas: role, content in two pieces, each call's head and then its arguments in two pieces, finish."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
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
    message, finish, count = _cut(case, _message(case.answer or {}))
    prompt = max(1, len(json.dumps(dict(case.request))) // 4)
    usage = {"prompt_tokens": prompt, "completion_tokens": count, "total_tokens": prompt + count}
    head = {"id": "chatcmpl-1", "created": 1_900_000_000, "model": "m"}
    if mode is Mode.PLAIN:
        choice = {"index": 0, "message": message, "finish_reason": finish}
        return json.dumps({**head, "object": "chat.completion", "choices": [choice], "usage": usage}).encode()
    stream = {**head, "object": "chat.completion.chunk"}
    events = [{**stream, "choices": [choice], "usage": None} for choice in _chunks(message, finish)]
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
        stamps=(Stamp(SECOND, 0),),
    )
    sent = json.dumps({**case.request, "model": "m", "stream": mode is Mode.STREAM})
    request = RequestRecord("POST", "http://127.0.0.1/v1/chat/completions", (), sent)
    return Exchange("t", "p", case.suite, case.id, 0, mode, "2031-01-01T00:00:00.000000Z", request, (attempt,))


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
def test_a_healthy_reply_passes_every_check(case: Case, mode: Mode) -> None:
    """No check fails the case's own answer, and each check that the case names has judged it."""
    findings = run_checks(case, read_reply(_exchange(case, mode)))
    assert [finding for finding in findings if finding.outcome is Outcome.FAIL] == []
    passed = {finding.check for finding in findings if finding.outcome is Outcome.PASS}
    assert set(case.checks) <= passed
