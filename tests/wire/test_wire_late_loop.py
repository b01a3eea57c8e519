"""A deadline that passes while the event loop is late is this client's failure, and says nothing of the provider."""

from __future__ import annotations

import time

import anyio
import pytest
from fault_servers import Stage, Talk

from trueweight.wire.health import LoopWatch

MS = 1_000_000


@pytest.mark.parametrize(("blocks", "kind"), [(True, "client-limit"), (False, "timeout-total")])
def test_a_deadline_that_passed_while_the_loop_was_late_is_the_clients(stage: Stage, blocks: bool, kind: str) -> None:
    """The same silent server: blamed if the loop was on time, and not if our own code blocked it over the deadline."""

    async def is_silent(talk: Talk) -> None:
        await talk.start_chunks()
        await anyio.sleep(0.05)
        if blocks:
            time.sleep(0.6)  # the server lives in the client's loop: this stalls both
        await anyio.sleep(5)

    stage.against(is_silent, retries=0, provider={"timeout": 0.4})
    assert stage.kinds() == [kind]
    failure = stage.only.failure
    assert failure is not None
    assert ("late when the deadline passed (timeout-total)" in failure.detail) is blocks


def test_late_time_is_summed_over_stalls() -> None:
    """Only what lies between the two times counts, and a stall that still lasts counts until the second one."""
    watch = LoopWatch()
    watch.take(1000 * MS, 1100 * MS)
    watch.take(2000 * MS, 2003 * MS)
    watch.take(3000 * MS, 3060 * MS)
    assert watch.late_between(0, 5000 * MS) == 160 * MS
    assert watch.late_between(1050 * MS, 3020 * MS) == 70 * MS
    assert watch.late_between(1101 * MS, 2999 * MS) == 0
    watch._due = 4000 * MS
    assert watch.late_between(3500 * MS, 4300 * MS) == 300 * MS
    assert watch.late_between(3500 * MS, 4020 * MS) == 0
