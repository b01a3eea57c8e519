"""A small recorded run of a healthy and a faulty provider, and the command line to gate it with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

GOOD = """# Written before the run.
[[require]]
metric = "success_rate"
at_least = 0.4

[findings]
MUST = 1000
"""
"""Everyone meets it."""

STRICT = """[[require]]
metric = "structured_output_accuracy"
at_least = 0.6
"""
"""The twin meets it, no-strict fails it or is open, by how many cases there are."""

OPEN = """[[require]]
metric = "success_rate"
at_least = 0.999
"""
"""Would take thousands of cases to prove."""


def trueweight(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command line, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "trueweight", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=180,
        check=False,
    )


def summary_of(run: Path) -> dict[str, Any]:
    """``summary.json`` of a run."""
    value: dict[str, Any] = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    return value
