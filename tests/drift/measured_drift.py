"""What tests know of a finished ``trueweight drift``."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Measured:
    """A run directory, how the command ended, and the providers of its ``drift.json``."""

    directory: Path
    process: subprocess.CompletedProcess[str]
    found: dict[str, dict[str, Any]]
