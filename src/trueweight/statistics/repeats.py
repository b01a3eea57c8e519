"""How many repeats of each case keep the noise of sampling small, by how often a provider disagrees with itself."""

from __future__ import annotations

import math
from typing import Final

from scipy.special import ndtri

HALF_WIDTH: Final = 0.025
"""Half of the 95% interval that sampling alone may give to a difference of two shares: 2.5 percentage points."""
MOST: Final = 10
"""Most repeats that are chosen: the noise falls with their square root, the cost does not."""


def repeats_for(disagreements: int, pairs: int, *, passes: int = 2, half_width: float = HALF_WIDTH) -> int:
    """The fewest repeats at which sampling alone moves a candidate's difference from the reference by ``half_width``.

    A unit (a case in one mode) holds with probability p at each sending. Two sendings disagree with probability
    2p(1-p), so the mean variance v of a sending is half the rate of disagreement. With n units, N repeats of a
    candidate and ``passes`` times N of the reference, the difference of their shares has the variance
    v(1 + 1/passes)/(nN) from sampling; its 95% half width is 1.96 times the root.

    Args:
        disagreements: units whose two sendings differ.
        pairs: units with two sendings.

    Returns:
        from 1 to `MOST`; 1 without a pair.
    """
    if pairs <= 0:
        return 1
    variance = disagreements / pairs / 2
    needed = float(ndtri(0.975)) ** 2 * variance * (1 + 1 / passes) / (pairs * half_width**2)
    return min(MOST, max(1, math.ceil(needed)))
