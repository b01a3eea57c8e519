"""The options of a run."""

from __future__ import annotations

from dataclasses import dataclass

from trueweight.core import Shard


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Options that are set before a run and written into its manifest.

    Attributes:
        repeats: trials of a candidate for each case and mode.
        passes: the reference has this many times as many trials, so that it can be compared with itself.
        limit: cases of each suite, from its beginning; None is all.
        examples: cases that each property suite draws; None is the suite's default.
        seed: of the drawing of property suites, of the order of trials, and of every resampling.
        shard: send only the trials of this shard; the plan stays whole.
    """

    repeats: int = 1
    passes: int = 2
    limit: int | None = None
    examples: int | None = None
    seed: int = 0
    shard: Shard | None = None
