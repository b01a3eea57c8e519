"""The client's own health: a busy client says so, and never calls a provider slow for it."""

from __future__ import annotations

import time
from functools import partial

import anyio
import httpx
import pytest
from fault_servers import Stage, Talk

from trueweight.wire.health import LoopWatch, self_test
from trueweight.wire.http1 import Http1Transport

MS = 1_000_000


@pytest.mark.parametrize("blocks", [False, True])
def test_a_stalled_loop_spoils_the_rows_it_fell_into(stage: Stage, blocks: bool) -> None:
    """Our own code blocks the loop while a request is under way: that row is marked, and the result says so."""

    async def answers(talk: Talk) -> None:
        if blocks and talk.number == 1:
            time.sleep(0.3)  # the server lives in the client's loop: this stalls both
        await talk.answer()
        await anyio.sleep(0.05)

    result = stage.against(answers, count=3)
    if blocks:
        assert stage.exchanges[1].client_limited
        assert result.health.limited >= 1
        assert result.health.lag_max_ms >= 200
    assert result.health.samples > 0


def test_a_row_is_spoiled_only_by_a_stall_in_its_own_time() -> None:
    """Before and after do not count; a stall that still lasts does; a few milliseconds do not."""
    watch = LoopWatch()
    watch.take(1000 * MS, 1004 * MS)
    assert not watch.spoiled(990 * MS, 1100 * MS)
    watch.take(2000 * MS, 2100 * MS)
    assert watch.spoiled(1990 * MS, 2050 * MS)
    assert watch.spoiled(2050 * MS, 2060 * MS)
    assert watch.spoiled(2099 * MS, 2200 * MS)
    assert not watch.spoiled(1000 * MS, 1999 * MS)
    assert not watch.spoiled(2101 * MS, 2200 * MS)
    health = watch.health(None)
    assert (health.stalls, health.limited, health.fit) == (1, 3, False)
    assert health.lag_max_ms == 100


def test_lag_is_summed_up_in_little_memory() -> None:
    """A hundred thousand looks keep a handful of numbers, and the percentiles are right to a tenth of a millisecond."""
    watch = LoopWatch()
    for n in range(100_000):
        watch.take(0, (n % 100) * MS // 10)
    health = watch.health(None)
    assert health.samples == 100_000
    assert health.lag_p50_ms == pytest.approx(4.9, abs=0.11)
    assert health.lag_p99_ms == pytest.approx(9.8, abs=0.11)
    assert len(vars(watch)["_counts"]) <= 101


def test_the_self_test_measures_this_machine() -> None:
    """Fifty requests over loopback, with times that are times."""
    tested = anyio.run(self_test, partial(Http1Transport, httpx.create_ssl_context()), "http1")
    assert tested is not None
    assert (tested.requests, tested.carrier) == (50, "http1")
    assert 0 < tested.p50_ms <= tested.p99_ms
