"""One hostile reply is judged within bounds of time and memory, and every check gives a result for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_apis import API_REPLIES
from hostile_replies import MB, REPLIES

HERE = Path(__file__).parent
GROUPS = 6
"""Child processes, each with a part of the replies."""
SECONDS, MEMORY = 4.0, 100 * MB
"""CPU seconds; a busy machine takes up to twice the 2 s. Memory is that of the process, with its caches."""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
@pytest.mark.parametrize("group", range(GROUPS))
def test_a_reply_of_eight_megabytes_is_judged_within_bounds(group: int) -> None:
    """CPU seconds and peak memory of each, from reading its line to its findings, at the default limit. Those
    of one group twice, with the same result. No check raises."""
    names = [*REPLIES, *API_REPLIES][group::GROUPS]
    words = [sys.executable, str(HERE / "judge_one.py"), str(8 * MB), *(["--once"] if group else []), *names]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["name"] for one in found] == names
    slow = [one for one in found if one["seconds"] > SECONDS or one["memory"] > MEMORY]
    assert not slow
    assert not [one for one in found if one["raised"]]
    assert all(one["same"] for one in found)


def test_two_recorded_streams_of_63_megabytes_are_judged() -> None:
    """Older records have them: what is read of a stream of tiny events has a limit."""
    names = ["repeats-an-event-named-error", "sends-content-letter-by-letter"]
    done = subprocess.run(
        [sys.executable, str(HERE / "judge_one.py"), str(63 * MB), "--once", *names],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert sum(one["seconds"] for one in found) < 2 * 10
