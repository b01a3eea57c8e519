"""Limits of money, requests and pace; interrupts; and a sink that fails. Nothing is dropped in silence."""

from __future__ import annotations

import os
import re
import signal
from typing import Any

import anyio
import pytest
from fault_servers import Stage, Talk, serving
from hypothesis import given
from hypothesis import strategies as st

from trueweight.core import Attempt, Case, ConfigError, Exchange, Mode, Price, Provider, Trial
from trueweight.wire import SendResult, WireSettings
from trueweight.wire.ledger import Ledger, Reservation, charge_of
from trueweight.wire.pacing import Pacer

USAGE = b'{"usage":{"prompt_tokens":1000000,"completion_tokens":1000000}}'


async def fine(talk: Talk) -> None:
    await talk.answer(body=USAGE)


async def says_nothing_of_usage(talk: Talk) -> None:
    await talk.answer()


async def fails(talk: Talk) -> None:
    await talk.answer(500)


def test_max_requests_counts_retries_and_is_never_crossed(stage: Stage) -> None:
    """Five requests allowed: five are sent, and each trial is recorded or said to be unsent."""
    result = stage.against(fails, count=4, max_requests=5)
    assert len(stage.server.received) == 5
    assert result.requests == {"p": 5}
    assert len(stage.exchanges) + len(result.unsent) == 4
    assert {unsent.reason for unsent in result.unsent} == {"--max-requests 5 reached"}


def test_the_budget_counts_reported_usage_and_is_not_crossed(stage: Stage) -> None:
    """2 USD a reply and 5 USD in all: two are sent. The ceiling said that each would be cheap; the first reply said
    what a request to this provider can cost, and from then on that is what is kept back for each."""
    result = stage.against(fine, count=9, budget_usd=5.0, provider={"price": Price(1.0, 1.0)})
    assert len(stage.exchanges) == 2
    assert result.cost == {"p": 4.0}
    assert "--budget 5 USD" in result.unsent[0].reason


@given(
    prices=st.floats(0.01, 1e5),
    budget=st.floats(1e-6, 10),
    replies=st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100), st.booleans()), min_size=1, max_size=40),
    at_once=st.integers(1, 8),
)
def test_no_order_of_replies_crosses_the_budget(
    prices: float, budget: float, replies: list[tuple[int, int, bool]], at_once: int
) -> None:
    """Whatever is under way and in whatever order it ends: as long as no reply exceeds its ceiling, spending never
    exceeds the budget, and neither does the count of requests."""
    provider = Provider("p", "http://h/v1", "m", price=Price(prices, prices))
    trial = Trial.of(Case("s", "c", {"max_tokens": 100}), provider, 0, Mode.PLAIN)
    ledger = Ledger(WireSettings(budget_usd=budget, max_requests=30))
    under_way = 0
    for prompt, completion, whole in replies:
        while under_way < at_once and not ledger.reserve(Reservation.of(trial)):
            under_way += 1
        if not under_way:
            break
        body = (
            b'{"usage":{"prompt_tokens":%d,"completion_tokens":%d}}' % (min(prompt, 60), completion) if whole else b""
        )
        attempt = Attempt(0, 0, None, 1, 2, 200, "HTTP/1.1", (), body)
        ledger.settle(Reservation.of(trial), charge_of(trial, attempt))
        under_way -= 1
    assert sum(ledger.spent.values()) <= budget * (1 + 1e-6)
    assert ledger.requests.total() <= 30


def test_the_budget_counts_the_ceiling_when_usage_is_missing(stage: Stage) -> None:
    """A provider that reports no usage cannot spend without limit; the ceiling of each request is reserved first."""
    result = stage.against(says_nothing_of_usage, count=9, budget_usd=4.0, provider={"price": Price(0, 10_000)})
    assert len(stage.exchanges) == 4  # 100 tokens at most, a hundredth of a dollar each
    assert result.cost == {"p": pytest.approx(4.0)}


def test_without_a_price_no_cost_is_invented(stage: Stage) -> None:
    """Unknown is None, not zero."""
    result = stage.against(fine, budget_usd=0.01)
    assert result.cost == {"p": None}
    assert stage.events[-1].cost is None


def test_pace_is_even() -> None:
    """120 a minute is one every half second; an idle minute is not saved up; a hold moves all starts."""
    now = 0
    pacer = Pacer(120, lambda: now)
    assert [pacer.take() for _ in range(3)] == [0.0, 0.5, 1.0]
    now = 60_000_000_000
    assert [pacer.take() for _ in range(2)] == [0.0, 0.5]
    pacer.hold(10)
    assert pacer.take() == 10.0


def test_the_pace_applies_to_every_request(stage: Stage) -> None:
    """With requests_per_minute all starts but the first wait for their turn."""
    stage.against(
        says_nothing_of_usage,
        count=3,
        provider={"requests_per_minute": 60},
        environment=stage.environment(clock=lambda: 0),
    )
    assert stage.slept == [1.0, 2.0]


def interrupted(stage: Stage, patience: float, **options: Any) -> SendResult:
    """Interrupt while the first request is under way, at a server that takes 0.2 s to answer."""

    async def run() -> SendResult:
        interrupt = anyio.Event()

        async def slow(talk: Talk) -> None:
            interrupt.set()
            await anyio.sleep(0.2)
            await talk.answer()

        async with serving(slow) as server:
            environment = stage.environment(sleep=lambda _: anyio.sleep(patience))
            return await stage.send(
                stage.trials(server.url, 5), concurrency=2, interrupt=interrupt, environment=environment, **options
            )

    return anyio.run(run)


def test_an_interrupt_lets_what_is_under_way_finish(stage: Stage) -> None:
    """Within the grace they end well; the rest is unsent and said to be."""
    result = interrupted(stage, patience=5)
    assert result.interrupted
    assert [e.failure for e in stage.exchanges] == [None, None]
    assert {unsent.reason for unsent in result.unsent} == {"interrupted"}
    assert len(result.unsent) == 3


def test_after_the_grace_they_are_cut_and_recorded_as_interrupted(stage: Stage) -> None:
    """What our own stopping cut short is on record, as what it is."""
    result = interrupted(stage, patience=0.01)
    assert [e.failure and e.failure.kind.value for e in stage.exchanges] == ["interrupted", "interrupted"]
    assert result.recorded == 2


def test_a_retry_that_an_interrupt_prevents_is_recorded_as_interrupted(stage: Stage) -> None:
    """A trial waiting for its retry is to be sent again another day, not filed as a failure of the provider."""

    async def run() -> SendResult:
        interrupt = anyio.Event()

        async def sleep(_: float) -> None:
            interrupt.set()
            await anyio.sleep(30)

        async with serving(fails) as server:
            return await stage.send(
                stage.trials(server.url), interrupt=interrupt, environment=stage.environment(sleep=sleep)
            )

    result = anyio.run(run)
    assert result.interrupted
    assert stage.kinds() == ["server-error", "interrupted"]


def test_ctrl_c_is_an_interrupt_and_a_second_one_does_not_wait(stage: Stage) -> None:
    """One signal drains; two leave now."""

    async def run() -> SendResult:
        async def never_answers(talk: Talk) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            await anyio.sleep(0.05)
            os.kill(os.getpid(), signal.SIGINT)
            await anyio.sleep(30)

        async with serving(never_answers) as server:
            environment = stage.environment(sleep=anyio.sleep)
            return await stage.send(stage.trials(server.url), handle_signals=True, environment=environment, grace=60)

    assert anyio.run(run).interrupted
    assert stage.kinds() == ["interrupted"]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_each_signal_to_end_drains(stage: Stage, name: str) -> None:
    """What is under way is answered and recorded; nothing more is sent. A closed terminal (SIGHUP) is no exception."""

    async def run() -> SendResult:
        async def signals_then_answers(talk: Talk) -> None:
            os.kill(os.getpid(), getattr(signal, name))
            await anyio.sleep(0.05)
            await talk.answer()

        async with serving(signals_then_answers) as server:
            options = {"environment": stage.environment(sleep=anyio.sleep), "concurrency": 1, "grace": 60}
            return await stage.send(stage.trials(server.url, 3), handle_signals=True, **options)

    result = anyio.run(run)
    assert result.interrupted
    assert stage.kinds() == [None]
    assert len(result.unsent) == 2


def test_the_waits_of_a_provider_have_a_limit_in_all(stage: Stage) -> None:
    """Each Retry-After is short enough; together they are not: the provider is stopped, and the reason has the sum."""

    async def one_moment(talk: Talk) -> None:
        if talk.number % 2 == 0:
            await talk.answer(429, Retry_After="20")
        else:
            await talk.answer()

    environment = stage.environment(clock=lambda: int(sum(stage.slept) * 1e9))
    result = stage.against(one_moment, count=20, concurrency=1, lane_wait=90.0, environment=environment)
    (reason,) = result.stopped.values()
    assert re.fullmatch(r"rate-limited: it asked to wait \d+ s in all, and a run waits at most 90 s", reason)
    assert len(result.unsent) > 10
    assert len(stage.exchanges) + len(result.unsent) == 20


def test_a_sink_that_fails_stops_everything_and_its_error_is_raised(stage: Stage) -> None:
    """No request is sent whose answer could not be kept."""

    def full(_: Exchange) -> None:
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        stage.against(fine, count=5, sink=full)
    assert len(stage.server.received) == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0, -1.0])
@pytest.mark.parametrize("name", ["budget_usd", "rate"])
def test_a_limit_that_limits_nothing_is_refused(name: str, value: float) -> None:
    """NaN is below no sum: it would let everything through, and say nothing."""
    with pytest.raises(ConfigError, match=f"{name} must be a number above 0"):
        WireSettings(**{name: value})  # type: ignore[arg-type]
