"""Whatever ends a run, on the real command line: no completed exchange is lost and none is paid for twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from endpoint import ReceivedRequest, Workspace, answer_ok, endpoint, reply

from trueweight.store import record_file

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX signals and limits")

CASES = [f"c{n}" for n in range(40)]


async def unhurried(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.01)
    await answer_ok(request, writer)


async def in_other_words(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
    """Each answer is long and like no other, so that the record of them stays long when it is compressed."""
    await asyncio.sleep(0.01)
    words = random.Random(request.number).randbytes(600).hex()
    message = {"role": "assistant", "content": words}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    await reply(writer, {"id": "x", "object": "chat.completion", "model": "m", "choices": [choice]})


async def hangs(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


def wait_for(what: object, process: subprocess.Popen[str]) -> None:
    """Until a condition holds; fails if the process ends first."""
    assert callable(what)
    deadline = time.monotonic() + 60
    while not what():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


@contextlib.contextmanager
def started(workspace: Workspace, *more: object) -> Iterator[subprocess.Popen[str]]:
    """A run under way, killed at the end if it still is."""
    process = workspace.start(*more)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_kill_9_at_any_instant(workspace: Workspace) -> None:
    """Three kills, while sending and recording: what was recorded stays, the rest is sent, each trial once."""
    with endpoint(unhurried) as place:
        workspace.providers({"p": place.url})
        workspace.suite(*CASES)
        kept: list[str] = []
        for lines in (1, 12, 25):
            with started(workspace, "--concurrency", 3) as process:
                wait_for(lambda lines=lines: len(workspace.records()) >= lines, process)
                process.send_signal(signal.SIGKILL)
                process.wait()
            now = [record["trial"] for record in workspace.records()]
            assert now[: len(kept)] == kept
            kept = now
        done = workspace.send("--concurrency", 3)
    assert done.returncode == 0, done.stderr
    assert "Resuming" in done.stderr
    records = workspace.records()
    assert Counter(record["case"] for record in records) == Counter(CASES)
    assert all(record["outcome"] == "ok" for record in records)
    assert len(place.requests) <= len(CASES) + 3 * 3  # only requests in progress at a kill are sent twice


@pytest.mark.slow
def test_a_full_disk(workspace: Workspace) -> None:
    """The write that fails ends the run with one plain sentence; whole lines stay; with room again it goes on."""
    with endpoint(in_other_words) as place:
        workspace.providers({"p": place.url})
        workspace.suite(*CASES)
        limit = 12_345  # bytes that any file may have: of the cases, and not of the answers
        command = ["prlimit", f"--fsize={limit}", *workspace.command("--concurrency", 3)]
        full = subprocess.run(
            command,
            cwd=workspace.path,
            env=workspace.environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert full.returncode == 3, full.stderr
        assert "What is recorded is kept" in full.stderr
        assert "Traceback" not in full.stderr
        before = len(workspace.records())
        assert 0 < before < len(CASES)
        assert workspace.send("--concurrency", 3).returncode == 0
    answers = [record["case"] for record in workspace.records() if record["outcome"] != "interrupted"]
    assert Counter(answers) == Counter(CASES)
    assert len(place.requests) <= len(CASES) + 3


def test_a_torn_last_line_is_sent_again_and_no_other(workspace: Workspace) -> None:
    """Half a line is not an exchange: only its trial is sent again."""
    with endpoint() as place:
        workspace.providers({"p": place.url})
        workspace.suite("a", "b", "c")
        assert workspace.send().returncode == 0
        path = record_file(workspace.run)
        whole = path.read_bytes()
        torn = workspace.records()[-1]["case"]
        path.write_bytes(whole[:-20])
        assert workspace.send().returncode == 0
    assert place.times(torn) == 2
    assert len(place.requests) == 4
    assert Counter(record["case"] for record in workspace.records()) == Counter("abc")


def test_a_second_process_is_refused_and_told_who_holds_it(workspace: Workspace) -> None:
    """One writer: the second one sends nothing, names the first by its process, and exits 2."""
    with endpoint(hangs) as place:
        workspace.providers({"p": place.url})
        workspace.suite("a")
        with started(workspace) as first:
            wait_for(lambda: place.requests, first)
            second = workspace.send()
            assert second.returncode == 2
            assert f"process {first.pid}" in second.stderr
            assert "run-locked" in second.stderr
            again = workspace.send("--fresh")
            assert again.returncode == 2
        assert len(place.requests) == 1


@pytest.mark.slow
def test_ctrl_c_once_lets_what_is_under_way_finish(workspace: Workspace) -> None:
    """What was sent is waited for and recorded, nothing more is sent, exit code 130, and the same command goes on."""
    release = asyncio.Event()

    async def held(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        if request.number < 2:
            await release.wait()
        await answer_ok(request, writer)

    with endpoint(held) as place:
        workspace.providers({"p": place.url})
        workspace.suite("a", "b", "c", "d")
        with started(workspace, "--concurrency", 2) as process:
            wait_for(lambda: len(place.requests) == 2, process)
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
            place.call(release.set)
            _, output = process.communicate(timeout=60)
        assert process.returncode == 130, output
        assert "Traceback" not in output
        assert [record["outcome"] for record in workspace.records()] == ["ok", "ok"]
        assert len(place.requests) == 2
        assert workspace.send().returncode == 0
    assert len(place.requests) == 4
    assert Counter(record["case"] for record in workspace.records()) == Counter("abcd")


@pytest.mark.slow
def test_ctrl_c_twice_leaves_now(workspace: Workspace) -> None:
    """The second one does not wait for the grace; what was cut is recorded as interrupted, and is sent on resume."""
    with endpoint(hangs) as place:
        workspace.providers({"p": place.url})
        workspace.suite("a", "b")
        with started(workspace, "--concurrency", 1) as process:
            wait_for(lambda: place.requests, process)
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            _, output = process.communicate(timeout=60)
        assert process.returncode == 130, output
        assert "Traceback" not in output
    assert [record["outcome"] for record in workspace.records()] == ["interrupted"]
