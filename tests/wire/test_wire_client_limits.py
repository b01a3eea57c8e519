"""What this client's operating system refuses is this client's failure; one lane's end is no other's."""

from __future__ import annotations

import errno
import os
import socket

import anyio
import httpx
import pytest
from fault_servers import Stage

from trueweight.core import FailureKind, Trial
from trueweight.wire.failures import OutOfResources, failure_of_error
from trueweight.wire.pacing import Pacer
from trueweight.wire.request_builder import Outgoing, RequestBuilder

CODES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL)


def raised(outer: Exception, inner: Exception) -> Exception:
    try:
        raise outer from inner
    except Exception as error:
        return error


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("several", [False, True])
def test_what_the_system_refuses_is_the_clients_failure(code: int, several: bool) -> None:
    """It names the resource and the cure, also if several addresses were tried."""
    words = os.strerror(code)
    inner = (
        OSError(f"Multiple exceptions: [Errno {code}] {words}, [Errno 111] refused")
        if several
        else OSError(code, words)
    )
    for error in (inner, raised(httpx.ConnectError("x"), inner), raised(httpx.ReadError("x"), inner)):
        failure = failure_of_error(error)
        assert failure.kind is FailureKind.CLIENT_LIMIT
        assert isinstance(failure, OutOfResources)
        assert "this machine" in failure.detail


@pytest.mark.parametrize("code", [errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH])
def test_what_the_network_says_is_not(code: int) -> None:
    """A refused connection stays one."""
    assert failure_of_error(raised(httpx.ConnectError("x"), OSError(code, "no"))).kind is FailureKind.CONNECT
    assert failure_of_error(raised(httpx.ConnectError("x"), socket.gaierror(-2, "no name"))).kind is FailureKind.DNS


class Narrow(httpx.AsyncBaseTransport):
    """Refuses more than so many requests at once, as a system does that is out of descriptors."""

    def __init__(self, most: int) -> None:
        self.most, self.now, self.highest = most, 0, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.now >= self.most:
            raise raised(httpx.ConnectError("x"), OSError(errno.EMFILE, "Too many open files"))
        self.now += 1
        await anyio.sleep(0.01)
        self.now -= 1
        return httpx.Response(200, content=b"{}", request=request)


def test_a_run_without_descriptors_lowers_its_concurrency(stage: Stage) -> None:
    """Each refused request is one request less at once, until the others fit: no more are refused than do not fit."""
    environment = stage.environment(transport=lambda _: Narrow(4))

    async def send() -> None:
        await stage.send(stage.trials("http://h.example", 60), concurrency=12, retries=0, environment=environment)

    anyio.run(send)
    refused = [one for one in stage.exchanges if one.failure]
    assert len(stage.exchanges) == 60
    assert {one.failure.kind for one in refused if one.failure} == {FailureKind.CLIENT_LIMIT}
    assert len(refused) == 8


def test_a_system_that_refuses_everything_stops_the_lane_with_the_cure(stage: Stage) -> None:
    """The last worker stops the lane, and the reason names the limit and what to do."""
    environment = stage.environment(transport=lambda _: Narrow(0))

    async def send() -> str:
        trials = stage.trials("http://h.example", 60)
        result = await stage.send(trials, concurrency=3, retries=0, environment=environment)
        return next(iter(result.stopped.values()))

    reason = anyio.run(send)
    assert "ulimit -n" in reason
    assert 1 <= len(stage.exchanges) <= 3


def test_one_lanes_exception_stops_that_lane_alone(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a lane raises is its reason; the other provider's trials are all sent."""
    good, bad = stage.trials("http://h.example", 5), stage.trials("http://bad.example", 5, name="bad")
    make = RequestBuilder.outgoing

    def outgoing(self: RequestBuilder, trial: Trial, previous: str = "") -> Outgoing:
        if trial.provider.name == "bad":
            raise httpx.InvalidURL("cannot be sent")
        return make(self, trial, previous)

    monkeypatch.setattr(RequestBuilder, "outgoing", outgoing)
    environment = stage.environment(transport=lambda _: Narrow(99))

    async def send() -> dict[str, str]:
        return dict((await stage.send([*bad, *good], environment=environment)).stopped)

    assert anyio.run(send) == {"bad": "InvalidURL: cannot be sent"}
    assert len(stage.exchanges) == 5


def test_holds_are_counted_once() -> None:
    """Two answers that ask for the same wait at the same time delay a lane once."""
    now = 0
    pacer = Pacer(None, lambda: now)
    assert pacer.hold(5) == 5
    assert pacer.hold(5) == 0
    assert pacer.hold(8) == 3
