"""Whatever ends a run, on the real command line: no completed exchange is lost and none is paid for twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from endpoint import Asked, Shop, endpoint, fine

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX signals and limits")

CASES = [f"c{n}" for n in range(40)]


async def unhurried(asked: Asked, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.01)
    await fine(asked, writer)


async def hangs(asked: Asked, writer: asyncio.StreamWriter) -> None:
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
def started(shop: Shop, *more: object) -> Iterator[subprocess.Popen[str]]:
    """A run under way, killed at the end if it still is."""
    process = shop.start(*more)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_kill_9_at_any_instant(shop: Shop) -> None:
    """Three kills, while sending and recording: what was recorded stays, the rest is sent, each trial once."""
    with endpoint(unhurried) as place:
        shop.providers({"p": place.url})
        shop.suite(*CASES)
        kept: list[str] = []
        for lines in (1, 12, 25):
            with started(shop, "--concurrency", 3) as process:
                wait_for(lambda lines=lines: len(shop.records()) >= lines, process)
                process.send_signal(signal.SIGKILL)
                process.wait()
            now = [record["trial"] for record in shop.records()]
            assert now[: len(kept)] == kept
            kept = now
        done = shop.send("--concurrency", 3)
    assert done.returncode == 0, done.stderr
    assert "Resuming" in done.stderr
    records = shop.records()
    assert Counter(record["case"] for record in records) == Counter(CASES)
    assert all(record["outcome"] == "ok" for record in records)
    assert len(place.asked) <= len(CASES) + 3 * 3  # only what was under way at a kill is asked twice


def test_a_full_disk(shop: Shop) -> None:
    """The write that fails ends the run with one plain sentence; whole lines stay; with room again it goes on."""
    with endpoint(unhurried) as place:
        shop.providers({"p": place.url})
        shop.suite(*CASES)
        limit = 12_345  # bytes that any file may have: cuts a line in the middle
        command = ["prlimit", f"--fsize={limit}", *shop.command("--concurrency", 3)]
        full = subprocess.run(
            command, cwd=shop.path, env=shop.environment(), capture_output=True, text=True, timeout=120, check=False
        )
        assert full.returncode == 3, full.stderr
        assert "Nothing recorded before is lost" in full.stderr
        assert "Traceback" not in full.stderr
        path = shop.run / "exchanges.jsonl"
        assert path.read_bytes().endswith(b"\n")
        before = len(shop.records())
        assert 0 < before < len(CASES)
        assert shop.send("--concurrency", 3).returncode == 0
    answers = [record["case"] for record in shop.records() if record["outcome"] != "interrupted"]
    assert Counter(answers) == Counter(CASES)
    assert len(place.asked) <= len(CASES) + 3


def test_a_torn_last_line_is_sent_again_and_no_other(shop: Shop) -> None:
    """Half a line is no record: its trial alone goes out again."""
    with endpoint() as place:
        shop.providers({"p": place.url})
        shop.suite("a", "b", "c")
        assert shop.send().returncode == 0
        path = shop.run / "exchanges.jsonl"
        whole = path.read_bytes()
        torn = shop.records()[-1]["case"]
        path.write_bytes(whole[: -len(whole.splitlines()[-1]) // 2])
        assert shop.send().returncode == 0
    assert place.times(torn) == 2
    assert len(place.asked) == 4
    assert Counter(record["case"] for record in shop.records()) == Counter("abc")


def test_a_second_process_is_refused_and_told_who_holds_it(shop: Shop) -> None:
    """One writer: the second one sends nothing, names the first by its process, and exits 2."""
    with endpoint(hangs) as place:
        shop.providers({"p": place.url})
        shop.suite("a")
        with started(shop) as first:
            wait_for(lambda: place.asked, first)
            second = shop.send()
            assert second.returncode == 2
            assert f"process {first.pid}" in second.stderr
            assert "run-locked" in second.stderr
            again = shop.send("--fresh")
            assert again.returncode == 2
        assert len(place.asked) == 1


def test_ctrl_c_once_lets_what_is_under_way_finish(shop: Shop) -> None:
    """What was sent is waited for and recorded, nothing more is sent, exit code 130, and the same command goes on."""
    release = asyncio.Event()

    async def held(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.number < 2:
            await release.wait()
        await fine(asked, writer)

    with endpoint(held) as place:
        shop.providers({"p": place.url})
        shop.suite("a", "b", "c", "d")
        with started(shop, "--concurrency", 2) as process:
            wait_for(lambda: len(place.asked) == 2, process)
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
            place.call(release.set)
            _, said = process.communicate(timeout=60)
        assert process.returncode == 130, said
        assert "Traceback" not in said
        assert [record["outcome"] for record in shop.records()] == ["ok", "ok"]
        assert len(place.asked) == 2
        assert shop.send().returncode == 0
    assert len(place.asked) == 4
    assert Counter(record["case"] for record in shop.records()) == Counter("abcd")


def test_ctrl_c_twice_leaves_now(shop: Shop) -> None:
    """The second one does not wait for the grace; what was cut is on record as cut, and is sent another day."""
    with endpoint(hangs) as place:
        shop.providers({"p": place.url})
        shop.suite("a", "b")
        with started(shop, "--concurrency", 1) as process:
            wait_for(lambda: place.asked, process)
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        assert process.returncode == 130, said
        assert "Traceback" not in said
    assert [record["outcome"] for record in shop.records()] == ["interrupted"]
