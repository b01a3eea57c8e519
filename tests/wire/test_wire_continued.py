"""A trial that continues the response of another one is sent after it, with its id.

It is left out, with the reason, where there is no such response.
"""

from __future__ import annotations

import json

import anyio
import pytest
from fault_servers import Stage, Talk, serving

from trueweight.core import Case, Mode, Provider, Trial
from trueweight.wire import SendResult

FIRST, OTHER = (Case("s", name, {"messages": [], "store": True}, api="responses") for name in ("first", "other"))
SECOND = Case("s", "second", {"messages": []}, api="responses", follows="first")
THIRD = Case("s", "third", {"messages": []}, api="responses", follows="second")


async def stores(talk: Talk) -> None:
    """Each response after a while, so that other workers are free before it is there."""
    await anyio.sleep(0.02)
    await talk.answer(body=json.dumps({"id": f"resp_{talk.number}", "object": "response"}).encode())


async def fails(talk: Talk) -> None:
    await talk.answer(500)


async def names_nothing(talk: Talk) -> None:
    await talk.answer(body=b"[]")


def sent_to(stage: Stage, behaviour: object, *cases: Case) -> tuple[list[str | None], SendResult]:
    """The ids that the requests of these cases continue, in the order of their arrival."""

    async def run() -> tuple[list[str | None], SendResult]:
        async with serving(behaviour) as server:  # type: ignore[arg-type]
            provider = Provider("p", server.url, "m", api=("responses",))
            trials = [Trial.of(case, provider, 0, Mode.PLAIN) for case in cases]
            result = await stage.send(trials, retries=0, concurrency=4)
            return [json.loads(one.body).get("previous_response_id") for one in server.received], result

    return anyio.run(run)


def test_a_response_is_continued_by_its_id(stage: Stage) -> None:
    """Also one that itself continues another; the record has what was sent."""
    ids, result = sent_to(stage, stores, FIRST, SECOND, THIRD, OTHER)
    assert ids == [None, "resp_0", "resp_1", None]
    assert result.unsent == ()
    recorded = {one.case: json.loads(one.request.body) for one in stage.exchanges}
    assert recorded["second"]["previous_response_id"] == "resp_0"


@pytest.mark.parametrize("behaviour", [fails, names_nothing])
def test_without_a_response_nothing_is_continued(stage: Stage, behaviour: object) -> None:
    """The trials that would continue it are not sent, and say why; the others go on."""
    ids, result = sent_to(stage, behaviour, FIRST, SECOND, THIRD, OTHER)
    assert ids == [None, None]
    assert [one.reason for one in result.unsent] == ["s/first brought no response", "s/second brought no response"]


def test_a_trial_whose_first_is_not_sent_before_it_is_left_out(stage: Stage) -> None:
    """It is not waited for: neither if it is missing, nor if it stands behind."""
    ids, result = sent_to(stage, stores, SECOND, FIRST)
    assert (ids, len(result.unsent)) == ([None], 1)


@pytest.mark.parametrize("status", [200, 500])
def test_a_trial_that_is_sent_after_another_waits_for_its_end(stage: Stage, status: int) -> None:
    """However that ends, and names nothing of it."""
    seen: list[str] = []

    async def notes(talk: Talk) -> None:
        seen.append(f"begin {talk.number}")
        await anyio.sleep(0.02)
        seen.append(f"end {talk.number}")
        await talk.answer(status, body=b'{"id": "resp_0", "object": "response"}')

    later = Case("s", "later", {"messages": []}, api="responses", after="first")
    ids, result = sent_to(stage, notes, FIRST, later, OTHER)
    assert (ids, result.unsent) == ([None, None, None], ())
    assert seen[:3] == ["begin 0", "end 0", "begin 1"]
