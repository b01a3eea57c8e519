"""Shrinking on a provider that fails by luck, under budgets: never above them, and nothing unrecorded."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from trueweight.core import Case, Mode, Price, Provider, Role, Suite
from trueweight.report.words.shrinking import shrunk_words
from trueweight.store import RunDir
from trueweight.wire import Environment, send
from trueweight.workflow.send import RunOptions, open_to_send, prepare
from trueweight.workflow.shrink import Budget, Shrinking, shrink_in_run

Handler = Callable[[dict[str, Any]], bool]
CHECK = "markers-in-content"
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
QUESTION = "\n".join(f"line {number} of a long question" for number in range(30)) + "\nlook now"
REQUEST = {"messages": [{"role": "user", "content": QUESTION}], "tools": [TOOL], "temperature": 0, "seed": 1}


def environment_of(fails: dict[str, Handler]) -> Environment:
    """Providers whose calls stay in the text as markup, where they say so."""

    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        call = '<tool_call>\n{"name": "look", "arguments": {}}\n</tool_call>'
        message = {"role": "assistant", "content": call if fails[body["model"]](body) else "I looked."}
        usage = {"prompt_tokens": 1000, "completion_tokens": 1000, "total_tokens": 2000}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        reply = {
            "id": "r",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [choice],
            "usage": usage,
        }
        return httpx.Response(200, json=reply)

    return Environment(transport=lambda _: httpx.MockTransport(answer))


def provider(name: str, role: Role = Role.CANDIDATE) -> Provider:
    """A provider whose model says how it behaves, at a dollar for a million tokens."""
    return Provider(name, "http://127.0.0.1:9/v1", name, role, price=Price(1.0, 1.0))


def recorded(directory: Path, environment: Environment, *providers: Provider) -> Path:
    """A run of the one case."""
    case = Case("mine", "one", REQUEST, modes=(Mode.PLAIN,))
    prepared = prepare(providers, [Suite("mine", (case,))], RunOptions(repeats=4, passes=1))
    run, _ = open_to_send(prepared, directory, fresh=False)
    with run:
        anyio.run(partial(send, prepared.plan.trials, keys={}, sink=run.append, environment=environment))
    return directory


@pytest.fixture
def lucky(tmp_path: Path) -> Callable[..., Shrinking]:
    """Shrink on a provider that fails in six of ten requests, if they still say "look"."""
    rng = random.Random(4)
    fails = {"bad": lambda body: "look" in body["messages"][-1]["content"] and rng.random() < 0.6}
    environment = environment_of({**fails, "good": lambda _: False})
    run = recorded(tmp_path / "run", environment, provider("good", Role.REFERENCE), provider("bad"))
    return partial(shrink_in_run, run, "one", "bad", check=CHECK, environment=environment)


@pytest.mark.slow
def test_a_flaky_failure_shrinks_and_says_its_rate(lucky: Callable[..., Shrinking]) -> None:
    """Each candidate is asked for several times, so that luck is not taken for a cure."""
    done = lucky(budget=Budget(requests=300))
    assert done.shrunk.case is not None
    (message,) = done.shrunk.case.request["messages"]
    # One cut in twenty may be given up by bad luck; that is the price of asking no more often.
    assert "look" in message["content"]
    assert done.shrunk.after <= 0.25 * done.shrunk.before
    assert 0 < done.shrunk.failed <= done.shrunk.sent
    assert done.shrunk.reference is True
    assert "The reference passes this case." in shrunk_words(done.shrunk, record=done.record, case=done.case)


@pytest.mark.slow
@pytest.mark.parametrize("requests", [1, 2, 5, 17])
def test_the_budget_of_requests_is_never_crossed(lucky: Callable[..., Shrinking], requests: int) -> None:
    """Whatever is found by then is the result, every request of it is on record, and the text says why it stopped."""
    done = lucky(budget=Budget(requests=requests))
    assert done.shrunk.requests <= requests
    with RunDir.open(done.record) as run:
        assert len(list(run.exchanges())) == done.shrunk.requests
    if done.case is not None:
        assert done.shrunk.stopped
        assert "the budget or the user stopped the search" in shrunk_words(
            done.shrunk, record=done.record, case=done.case
        )


def test_the_budget_of_money_is_never_crossed(lucky: Callable[..., Shrinking]) -> None:
    """Counted by reported usage, and by the ceiling of what is under way."""
    done = lucky(budget=Budget(requests=None, usd=0.02))
    assert 0 < done.shrunk.usd <= 0.02
    assert done.shrunk.stopped


def test_a_failure_that_never_comes_again_is_said_to_be_gone(tmp_path: Path) -> None:
    """Nothing is written for it but the record of the asks."""
    first = environment_of({"bad": lambda _: True})
    run = recorded(tmp_path / "run", first, provider("bad"))
    done = shrink_in_run(run, "mine/one", "bad", environment=environment_of({"bad": lambda _: False}))
    assert (done.case, done.shrunk.failed, done.shrunk.sent) == (None, 0, 5)
    assert "did not fail again in 5 requests" in shrunk_words(done.shrunk, record=done.record, case=done.case)


def test_a_reference_that_fails_too_is_told(tmp_path: Path) -> None:
    """Before anybody blames the server."""
    environment = environment_of({"bad": lambda _: True, "good": lambda _: True})
    run = recorded(tmp_path / "run", environment, provider("good", Role.REFERENCE), provider("bad"))
    done = shrink_in_run(run, "one", "bad", environment=environment, check=CHECK)
    assert done.shrunk.reference is False
    assert "The reference fails this case too" in shrunk_words(done.shrunk, record=done.record, case=done.case)
    assert "curl -sS" in shrunk_words(done.shrunk, record=done.record, case=done.case)
