"""What shapes a run beside its providers and suites."""

from __future__ import annotations

from dataclasses import dataclass

from trueweight.core import Shard


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Choices that are made before a run and written into its manifest.

    Attributes:
        repeats: how often a candidate is asked each case in each mode.
        passes: the reference is asked this many times as often, so that it can be compared with itself.
        limit: only the first so many cases of each suite; None takes all.
        examples: how many cases each property suite was asked to yield; None leaves it to the suite.
        seed: of what property suites draw, of the order in which trials are sent, and of every resampling.
        shard: send only these trials; the plan, and what is judged, stay whole.
    """

    repeats: int = 1
    passes: int = 2
    limit: int | None = None
    examples: int | None = None
    seed: int = 0
    shard: Shard | None = None
