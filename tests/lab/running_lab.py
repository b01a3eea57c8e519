"""What tests know of the lab that runs for them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
PORT = 28281 + 100 * WORKER
"""Of the first rung; each worker of pytest-xdist has a lab of its own."""
RUNGS = ("f16", "q8_0", "q4_0")
THINKING_PORT = PORT + 40
THINKING_RUNGS = ("f16-thinking", "f16-thinking-tags")


@dataclass(frozen=True)
class RunningLab:
    """The lab of this test session: its own cache folder and ports, so that a user's own lab is left alone.

    Attributes:
        providers: a ``providers.toml`` of all rungs, F16 being the reference if it runs.
        env: environment in which ``trueweight lab`` means this lab.
    """

    providers: Path
    env: dict[str, str]

    def only(self, *rungs: str) -> Path:
        """A ``providers.toml`` of these rungs alone."""
        head, *tables = self.providers.read_text("utf-8").split("[[provider]]")
        kept = [table for table in tables if any(f'name = "{rung}"' in table for rung in rungs)]
        assert len(kept) == len(rungs)
        path = self.providers.with_name(f"{'-'.join(rungs)}.toml")
        path.write_text("[[provider]]".join([head, *kept]), "utf-8")
        return path
