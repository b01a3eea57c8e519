"""The hand-made exchanges of the reading tests, and the endpoint of the workflow tests, serve the checks' tests too."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / name) for name in ("protocols", "workflow")]
