"""The hand-made exchanges of the reading tests serve the checks' tests too."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "protocols"))
