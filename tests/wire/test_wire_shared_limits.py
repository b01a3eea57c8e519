"""Limits that a client shares with others: they admit each request before it is sent, and settle it at its end."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from fault_servers import Stage, Talk

from trueweight.core import FailureKind
from trueweight.wire import Charge, Refusal, RefusalOf, Reservation, SharedLimits


class Book(SharedLimits):
    """Admits so many requests, and notes every call."""

    def __init__(self, admits: int, refusal: Refusal | None = None) -> None:
        self.left, self.refusal = admits, refusal or Refusal("all is used up")
        self.calls: list[str] = []
        self.stopped: list[tuple[str | bool, ...]] = []
        self.held: list[float] = []

    async def admit(self, request: Reservation) -> Refusal | None:
        self.calls.append("admit")
        self.left -= 1
        return self.refusal if self.left < 0 else None

    def settle(self, request: Reservation, charge: Charge | None, *, answered: bool) -> None:
        self.calls.append("answered" if answered else "lost")

    def forget(self, request: Reservation) -> None:
        self.calls.append("forget")

    def hold(self, provider: str, seconds: float) -> None:
        self.held.append(seconds)

    def stop(self, provider: str, apis: Sequence[str], reason: str, *, unless_answered: bool = False) -> None:
        self.stopped.append((*apis, reason, unless_answered))


async def fine(talk: Talk) -> None:
    await talk.answer()


async def fails(talk: Talk) -> None:
    await talk.answer(500)


async def refuses_the_key(talk: Talk) -> None:
    await talk.answer(401)


async def asks_to_wait(talk: Talk) -> None:
    await talk.answer(429, Retry_After="7")


def test_each_request_is_admitted_and_settled(stage: Stage) -> None:
    """Retries too: three trials that are tried twice are six requests."""
    book = Book(99)
    stage.against(fails, count=3, retries=1, limits=book)
    assert book.calls == ["admit", "answered"] * 6


@pytest.mark.parametrize("of", RefusalOf)
def test_a_refusal_leaves_the_rest_unsent_for_its_reason(stage: Stage, of: RefusalOf) -> None:
    """Two are admitted of five; no request that was refused counts as sent."""
    book = Book(2, Refusal("used up by another machine", of))
    result = stage.against(fine, count=5, limits=book)
    assert len(stage.server.received) == 2
    assert result.requests == {"p": 2}
    assert [one.reason for one in result.unsent] == ["used up by another machine"] * 3
    assert result.stopped == {"p": "used up by another machine"}


def test_what_stops_a_provider_is_said_to_the_others(stage: Stage) -> None:
    """A refused key holds for all; no connection only if no other client has one."""
    book = Book(99)
    stage.against(refuses_the_key, count=2, limits=book)
    assert book.stopped == [("chat", "HTTP 401: it refuses a request without a key", False)]
    nowhere = Book(99)
    stage.exchanges.clear()
    unreachable = {"base_url": "http://127.0.0.1:1/v1"}
    stage.against(fine, count=3, retries=0, give_up_after=2, provider=unreachable, limits=nowhere)
    assert stage.exchanges[0].failure is not None
    assert stage.exchanges[0].failure.kind is FailureKind.CONNECT
    assert [unless for *_, unless in nowhere.stopped] == [True]


def test_a_wait_that_a_provider_asks_for_is_said_to_the_others(stage: Stage) -> None:
    """All clients of a key have one limit."""
    book = Book(99)
    stage.against(asks_to_wait, count=1, retries=1, limits=book)
    assert book.held
    assert set(book.held) == {7.0}


def test_starts_that_are_given_are_kept(stage: Stage) -> None:
    """A schedule that was cut for several machines: each trial waits for its start, and a late one counts from it."""
    now = time.monotonic_ns()
    clock = stage.environment(clock=lambda: now)
    trials = stage.trials("http://unused/v1", 3)
    starts = {trials[0].id: now, trials[1].id: now + 2_000_000_000, trials[2].id: now - 5_000_000_000}
    by_name = {trial.case.id: starts[trial.id] for trial in trials}

    stage.against(fine, count=3, rate=1.0, starts=Renamed(stage, by_name), environment=clock)
    assert stage.slept == [2.0]
    assert [exchange.attempts[0].t_send // 1_000_000_000 for exchange in stage.exchanges] == [0, 0, 5]


class Renamed(dict[str, int]):
    """Starts by case: the ids of trials depend on the address of the server."""

    def __init__(self, stage: Stage, by_case: dict[str, int]) -> None:
        super().__init__()
        self._made = lambda: {
            trial.id: by_case[trial.case.id] for trial in stage.trials(stage.server.url, len(by_case))
        }

    def __bool__(self) -> bool:
        return True

    def get(self, name: str, default: int | None = None) -> int | None:  # type: ignore[override]
        return self._made().get(name, default)
