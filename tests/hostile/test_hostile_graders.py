"""Every grader reads a large hostile content within bounds of time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_replies import MB

HERE = Path(__file__).parent
SECONDS, MEMORY = 4.0, 100 * MB
"""CPU seconds, and memory of the process, as for replies."""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_a_content_of_four_megabytes_is_graded_within_bounds() -> None:
    """Characters with long compatible forms, patterns made to be slow, many words, numbers, values and fences."""
    done = subprocess.run(
        [sys.executable, str(HERE / "grade_one.py"), str(4 * MB)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) > 70
    assert not [one for one in found if one["seconds"] > SECONDS or one["memory"] > MEMORY or one["raised"]]
