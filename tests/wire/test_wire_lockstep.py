"""Providers get their trials in step, so that all are measured in the same minutes; none stalls another for ever."""

from __future__ import annotations

import anyio
import pytest
from fault_servers import Behaviour, Stage, Talk, serving

from trueweight.core import Case, Mode, Provider, Role, Trial
from trueweight.plan import make_plan
from trueweight.wire import Environment, EventKind, SendResult


async def fine(talk: Talk) -> None:
    await talk.answer()


async def slow(talk: Talk) -> None:
    await anyio.sleep(0.01)
    await talk.answer()


def patient(stage: Stage) -> Environment:
    """An environment in which patience never runs out."""
    return stage.environment(sleep=lambda _: anyio.sleep_forever())


def furthest_ahead(stage: Stage, trials: tuple[Trial, ...]) -> int:
    """The most places that any trial, when it was sent, stood behind an unsent trial of another provider."""
    position = {trial.id: at for at, trial in enumerate(trials)}
    unsent = {at: trial.provider.name for at, trial in enumerate(trials)}
    ahead = 0
    for event in stage.events:
        if event.kind is EventKind.STARTED:
            at = position[event.trial]
            del unsent[at]
            ahead = max(ahead, at - min((o for o, name in unsent.items() if name != event.provider), default=at))
    assert not unsent
    return ahead


def send_plan(stage: Stage, of: dict[str, Behaviour], seed: int = 3, **options: object) -> tuple[Trial, ...]:
    """A reference, asked twice, and candidates, each behind its own server."""
    plan: tuple[Trial, ...] = ()

    async def run() -> None:
        nonlocal plan
        async with serving(of["ref"]) as ref, serving(of["cand"]) as cand:
            providers = [
                Provider("ref", ref.url, "m", Role.REFERENCE, concurrency=2),
                Provider("cand", cand.url, "m", concurrency=2),
            ]
            cases = [Case("s", f"c{n}", {"max_tokens": 9}, modes=(Mode.PLAIN,)) for n in range(20)]
            plan = make_plan(cases, providers, seed=seed).trials
            await stage.send(list(plan), **options)

    anyio.run(run)
    return plan


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("slower", ["ref", "cand"])
def test_no_provider_runs_further_ahead_than_the_lead(stage: Stage, slower: str, seed: int) -> None:
    """A trial is sent only after all that are before it by more than the lead, whichever provider is slow."""
    behaviours = {name: slow if name == slower else fine for name in ("ref", "cand")}
    plan = send_plan(stage, behaviours, seed, lead=6, environment=patient(stage))
    assert furthest_ahead(stage, plan) <= 6
    assert len(stage.exchanges) == len(plan)


def test_the_reference_does_not_run_alone_at_the_end(stage: Stage) -> None:
    """Without a word about it: of the last trials that are sent, some still go to the candidate."""
    plan = send_plan(stage, {"ref": slow, "cand": fine}, environment=patient(stage))
    sent = [event.provider for event in stage.events if event.kind is EventKind.STARTED]
    assert "cand" in sent[-len(plan) // 4 :]


def test_a_large_lead_lets_all_go_free(stage: Stage) -> None:
    """The test above can fail: with no limit the faster one is done long before."""
    plan = send_plan(stage, {"ref": slow, "cand": fine}, lead=10**6, environment=patient(stage))
    assert furthest_ahead(stage, plan) > 20


class Clock:
    """A clock that only deliberate waits move."""

    def __init__(self) -> None:
        self.ns = 0

    async def sleep(self, seconds: float) -> None:
        for _ in range(100):  # whatever else can be done now is done first
            await anyio.sleep(0)
        self.ns += round(seconds * 1e9)


def test_a_provider_that_hangs_stalls_nobody_for_ever(stage: Stage) -> None:
    """After the patience the others go on without it: it answers only when they have all been asked."""
    clock = Clock()
    environment = stage.environment(clock=lambda: clock.ns, sleep=clock.sleep)
    answered = 0

    async def run() -> SendResult:
        all_asked = anyio.Event()

        async def hangs(talk: Talk) -> None:
            await all_asked.wait()
            await talk.answer()

        async def counts(talk: Talk) -> None:
            nonlocal answered
            answered += 1
            if answered == 10:
                all_asked.set()
            await talk.answer()

        async with serving(hangs) as bad, serving(counts) as good:
            stuck = stage.trials(bad.url, 2, name="stuck", concurrency=1)
            free = stage.trials(good.url, 10, name="free", concurrency=1)
            return await stage.send(stuck + free, lead=0, retries=0, environment=environment)

    assert anyio.run(run).recorded == 12
    assert answered == 10
    assert [exchange.provider for exchange in stage.exchanges][:9] == ["free"] * 9
    assert all(exchange.failure is None for exchange in stage.exchanges)
    assert clock.ns >= 30e9


def test_a_lane_that_backs_off_is_not_waited_for(stage: Stage) -> None:
    """A Retry-After, a pace or a back-off of one provider costs the others nothing."""

    async def limited(talk: Talk) -> None:
        await talk.answer(429, Retry_After="60")

    async def run() -> SendResult:
        async with serving(limited) as bad, serving(fine) as good:
            limits = stage.trials(bad.url, 3, name="limited", concurrency=1)
            free = stage.trials(good.url, 10, name="free", concurrency=1)

            async def sleep(_: float) -> None:
                with anyio.fail_after(30):
                    while sum(exchange.provider == "free" for exchange in stage.exchanges) < 10:
                        await anyio.sleep(0.001)

            return await stage.send(
                limits + free, lead=0, retries=1, environment=stage.environment(clock=lambda: 0, sleep=sleep)
            )

    assert anyio.run(run).recorded == 13


def test_a_stopped_lane_is_not_waited_for(stage: Stage) -> None:
    """A refused key ends one provider's share, and the others' shares go on at once."""

    async def refuses(talk: Talk) -> None:
        await talk.answer(401)

    async def run() -> SendResult:
        async with serving(refuses) as bad, serving(fine) as good:
            trials = stage.trials(bad.url, 9, name="bad") + stage.trials(good.url, 9, name="good")
            return await stage.send(trials, concurrency=1, lead=0, environment=patient(stage))

    result = anyio.run(run)
    assert len(result.unsent) == 8
    assert result.recorded == 10


@pytest.mark.parametrize(("declared", "most"), [(None, {"ref": 4, "cand": 2}), (1, {"ref": 1, "cand": 2})])
def test_a_reference_asked_twice_has_twice_the_workers(
    stage: Stage, declared: int | None, most: dict[str, int]
) -> None:
    """So that each ask goes at a candidate's pace; but never more than its entry allows."""
    under_way, seen = dict.fromkeys(most, 0), dict.fromkeys(most, 0)

    def counting(name: str) -> Behaviour:
        async def behave(talk: Talk) -> None:
            under_way[name] += 1
            seen[name] = max(seen[name], under_way[name])
            await slow(talk)
            under_way[name] -= 1

        return behave

    async def run() -> None:
        async with serving(counting("ref")) as ref, serving(counting("cand")) as cand:
            providers = [
                Provider("ref", ref.url, "m", Role.REFERENCE, concurrency=declared),
                Provider("cand", cand.url, "m"),
            ]
            cases = [Case("s", f"c{n}", {"max_tokens": 9}, modes=(Mode.PLAIN,)) for n in range(20)]
            await stage.send(
                list(make_plan(cases, providers, seed=1).trials), concurrency=2, environment=patient(stage)
            )

    anyio.run(run)
    assert seen == most
