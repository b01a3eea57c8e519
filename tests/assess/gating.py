"""Bars to hold runs to, and how to read what came of it."""

from __future__ import annotations

import json
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
at_least = 0.45
"""
"""The twin meets it, no-strict fails it or is open, by how many cases there are."""

OPEN = """[[require]]
metric = "success_rate"
at_least = 0.999
"""
"""Would take thousands of cases to prove."""


def summary_of(run: Path) -> dict[str, Any]:
    """``summary.json`` of a run."""
    value: dict[str, Any] = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    return value
