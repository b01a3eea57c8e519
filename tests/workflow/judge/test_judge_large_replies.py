"""A reply that is too large to be read within the memory of one is not judged: it has no finding, good or bad, and its
provider no recommendation. What is nested too deeply, or unpacks beyond the limit, is a fault whatever its size."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest

from trueweight.core import Attempt, Case, Exchange, Mode, Outcome, Provider, RequestRecord
from trueweight.core.judging import JudgingProblem
from trueweight.protocols import json_text, reading
from trueweight.workflow.judge import judge_exchange
from trueweight.workflow.judge.counts import count

PROVIDER = Provider("p", "http://127.0.0.1:9/v1", "m")
CASE = Case("s", "c", {"messages": [{"role": "user", "content": "Why?"}], "logprobs": True})


def exchange_of(body: str, mode: Mode) -> Exchange:
    content_type = "text/event-stream" if mode is Mode.STREAM else "application/json"
    headers = (("content-type", content_type),)
    attempt = Attempt(0, 0, None, 1, 10**9, 200, "HTTP/1.1", headers, body.encode())
    request = RequestRecord("POST", "http://127.0.0.1:9/v1/chat/completions", (), "{}")
    return Exchange("t", "p", "s", "c", 0, mode, "2026-01-01T00:00:00.000000+00:00", request, (attempt,))


def completion(content: str, entries: int = 0) -> str:
    """A healthy completion, with as many log-probabilities."""
    top = [{"token": "a", "logprob": -0.1, "bytes": [97]}] * 5
    logprobs = {"content": [{"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": top}] * entries}
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    head = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}
    return json.dumps(head | {"choices": [choice | {"logprobs": logprobs}]}, ensure_ascii=False)


def streamed(content: str, chunks: int) -> str:
    choices = [{"index": 0, "delta": {"content": content}, "finish_reason": None}]
    chunk = json.dumps({"id": "c", "object": "chat.completion.chunk", "choices": choices}, ensure_ascii=False)
    return f"data: {chunk}\n\n" * chunks + "data: [DONE]\n\n"


@pytest.mark.parametrize(
    ("body", "mode"),
    [
        (completion("x", entries=300), Mode.PLAIN),
        (completion("x" * 5_000 + "\U0001f600"), Mode.PLAIN),
        (completion("x" * 9_000 + "Ω"), Mode.PLAIN),
        (completion("x" * 5_000).replace("xx", "\\ud83d\\ude00", 1), Mode.PLAIN),
        (streamed("x" * 2_500 + "\U0001f600", chunks=3), Mode.STREAM),
    ],
)
def test_a_large_reply_is_not_judged(body: str, mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    """Healthy ones: with many values, with wide characters as such and as escapes, in one document and in several."""
    within = judge_exchange(CASE, PROVIDER, exchange_of(body, mode)).observation
    assert within.findings and not within.not_judged
    monkeypatch.setattr(reading, "MAX_WEIGHT", 100_000)
    for module in (reading, json_text):
        monkeypatch.setattr(module, "MAX_WIDE", 16_000)
    beyond = judge_exchange(CASE, PROVIDER, exchange_of(body, mode)).observation
    assert [(one.part, one.problem) for one in beyond.not_judged] == [("reply", JudgingProblem.LIMIT)]
    assert beyond.findings == ()
    assert beyond.arrived


def test_nothing_is_kept_of_a_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one would be beside it in memory."""
    judge_exchange(CASE, PROVIDER, exchange_of(completion(json.dumps(["x" * 20_000])), Mode.PLAIN))
    assert json_text._recent == []
    assert all(not kept for kept in reading._kept)


@pytest.mark.parametrize(
    ("body", "headers", "check"),
    [
        (b"[" * 50_000, (), "http-json"),
        (gzip.compress(b"[" + b"0," * (5 * 1024 * 1024) + b"0]"), (("content-encoding", "gzip"),), "content-encoding"),
    ],
    ids=["deep", "unpacks beyond the limit"],
)
def test_what_no_honest_server_sends_is_a_finding_at_any_size(
    body: bytes, headers: tuple[tuple[str, str], ...], check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size must not hide it: a host whose replies are such was recommended."""
    monkeypatch.setattr(reading, "MAX_WEIGHT", 100_000)
    whole = exchange_of("", Mode.PLAIN)
    attempt = replace(whole.final, headers=(*whole.final.headers, *headers), body=body)
    seen = judge_exchange(CASE, PROVIDER, replace(whole, attempts=(attempt,))).observation
    assert not seen.not_judged
    assert check in {finding.check for finding in seen.findings if finding.outcome is Outcome.FAIL}


def test_a_case_whose_replies_were_not_read_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a provider of which no reply could be read is undecided, with 0 of its cases."""
    monkeypatch.setattr(reading, "MAX_WEIGHT", 100_000)
    seen = judge_exchange(CASE, PROVIDER, exchange_of(completion("x", entries=300), Mode.PLAIN)).observation
    assert seen.arrived and seen.unread
    found = count([seen], 1, ())
    assert (found.arrived, found.cases_answered) == (1, 0)
