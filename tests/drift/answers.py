"""Exchanges made by hand, and an investigation that is answered by a function instead of a network."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from trueweight.core import (
    Attempt,
    Exchange,
    Failure,
    FailureKind,
    Price,
    Provider,
    RequestRecord,
    Role,
    Trial,
)
from trueweight.drift import DriftSettings, Investigation, write_script

Answer = Callable[[Trial], "dict[str, Any] | int | FailureKind"]

REFERENCE = Provider("ref", "http://127.0.0.1:1/v1", "m", role=Role.REFERENCE)
CANDIDATE = Provider("c", "http://127.0.0.1:2/v1", "m", price=Price(1.0, 2.0))


def is_reference(trial: Trial) -> bool:
    """Whether it is the reference that is asked."""
    return trial.provider.name == REFERENCE.name


def listed(*values: float, keys: str = "abcdefghijklmnopqrstuvwxyz") -> dict[str, Any]:
    """The logprobs of one token with these alternatives."""
    top = [{"token": k, "bytes": [ord(k)], "logprob": v} for k, v in zip(keys, values, strict=False)]
    return {"content": [{**top[0], "top_logprobs": top}]}


def reply(text: str, *, logprobs: dict[str, Any] | None = None, tokens: int = 9, **message: Any) -> dict[str, Any]:
    """A chat completion."""
    choice = {
        "index": 0,
        "finish_reason": "length",
        "message": {"role": "assistant", "content": text, **message},
        "logprobs": logprobs,
    }
    usage = {"prompt_tokens": tokens, "completion_tokens": 1, "total_tokens": tokens + 1}
    return {"object": "chat.completion", "choices": [choice], "usage": usage}


def exchange(trial: Trial, answer: dict[str, Any] | int | FailureKind) -> Exchange:
    """The trial with this body, this refusal by status, or this failure."""
    failure = Failure(answer) if isinstance(answer, FailureKind) else None
    status = answer if isinstance(answer, int) else 200
    body = json.dumps({"error": {"message": "no"}} if isinstance(answer, int) else answer if failure is None else {})
    if isinstance(answer, int):
        failure = Failure(FailureKind.CLIENT_ERROR)
    headers = (("content-type", "application/json"),)
    attempt = Attempt(0, 0, None, 1, 2, status, "HTTP/1.1", headers, body.encode(), (), failure)
    request = RequestRecord("POST", trial.provider.base_url, (), "{}")
    return Exchange(
        trial.id,
        trial.provider.name,
        trial.case.suite,
        trial.case.id,
        trial.repeat,
        trial.mode,
        "2026-01-01",
        request,
        (attempt,),
    )


def investigate(answer: Answer, settings: DriftSettings, *candidates: Provider) -> Investigation:
    """Drive an investigation to its end; trials that the function gives nothing for are unsent."""
    found = Investigation(write_script(settings), (REFERENCE, *(candidates or (CANDIDATE,))), settings)
    batches = found.batches()
    batch = next(batches, None)
    while batch is not None:
        try:
            batch = batches.send({trial.id: exchange(trial, answer(trial)) for trial in batch})
        except StopIteration:
            batch = None
    return found


def spread(shift: float, count: int = 20) -> dict[str, Any]:
    """A distribution whose likely tokens trade probability: the second one gains ``shift`` nats."""
    weights = [math.exp(-0.6 * i + (shift if i == 1 else 0)) for i in range(26)]
    return listed(*(math.log(w / sum(weights)) for w in weights[:count]))
