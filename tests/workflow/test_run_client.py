"""A client that was too busy says so: in the rows it spoiled, on the screen, in the summary and in ``client.json``."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time

import pytest
from endpoint import ReceivedRequest, Workspace, answer_ok, endpoint


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="stops the process by a POSIX signal")
def test_a_client_that_stood_still_does_not_blame_the_provider(workspace: Workspace) -> None:
    """The process is stopped while its second request is under way: that row is CLIENT-LIMITED, its time is left out of
    every latency, the first row's is not; the run says what happened and its answers count as ever."""
    release = asyncio.Event()

    async def held(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        if request.number == 1:
            await release.wait()
        await answer_ok(request, writer)

    with endpoint(held) as place:
        workspace.providers({"p": place.url})
        workspace.suite("a", "b")
        process = workspace.start("--concurrency", 1, "--seed", 1)
        while len(place.requests) < 2:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.3)
        place.call(release.set)
        time.sleep(0.1)
        process.send_signal(signal.SIGCONT)
        _, output = process.communicate(timeout=60)
    assert process.returncode == 0, output
    spoiled = [record["client_limited"] for record in workspace.records()]
    assert spoiled[1] is True
    assert "CLIENT-LIMITED" in output
    found = workspace.summary()["providers"]["p"]
    assert found["counts"]["client_limited"] == sum(spoiled)
    assert found["metrics"]["success_rate"]["value"] == 1.0
    assert found["metrics"]["e2e"]["missing"] == {"client-limited": sum(spoiled)}
    assert "CLIENT-LIMITED" in (workspace.run / "report.html").read_text("utf-8")
    (session,) = json.loads((workspace.run / "client.json").read_text("utf-8"))["sessions"]
    assert session["stalls"] >= 1
    assert session["limited"] == sum(spoiled)
    assert session["lag_max_ms"] >= 300
    assert session["self_test"]["requests"] == 50
    assert session["load"]["concurrency"] == 1
    assert session["self_test"]["carrier"] == "http1"
    (carrier,) = session["carriers"]
    assert (carrier["name"], carrier["reason"], carrier["providers"]) == ("http1", "", ["p"])
    assert session["loop"].startswith(("uvloop ", "asyncio"))
    assert "SSL" in session["tls"]


def test_the_carrier_that_was_chosen_is_said_and_tested(workspace: Workspace) -> None:
    """``--transport httpx`` carries the run and its self-test; the terminal and ``client.json`` say so, and why."""
    with endpoint() as place:
        workspace.providers({"p": place.url})
        workspace.suite("a")
        done = workspace.send("--transport", "httpx")
    assert done.returncode == 0, done.stderr
    assert "p: carried by httpx" in done.stderr
    (session,) = json.loads((workspace.run / "client.json").read_text("utf-8"))["sessions"]
    assert session["self_test"]["carrier"] == "httpx"
    assert [(one["name"], one["reason"]) for one in session["carriers"]] == [("httpx", "--transport httpx")]


@pytest.mark.slow
def test_each_session_is_kept(workspace: Workspace) -> None:
    """A resumed run has an entry for each time that it sent anything, with the load it sent under."""
    with endpoint() as place:
        workspace.providers({"p": place.url})
        workspace.suite("a", "b", "c")
        assert workspace.send_as_process("--max-requests", 1).returncode in (0, 3)
        assert workspace.send_as_process("--rate", 50, "--arrivals", "constant").returncode == 0
        assert workspace.send_as_process().returncode == 0
    sessions = json.loads((workspace.run / "client.json").read_text("utf-8"))["sessions"]
    assert [(session["recorded"], session["load"]["rate"]) for session in sessions] == [(1, None), (2, 50.0)]
