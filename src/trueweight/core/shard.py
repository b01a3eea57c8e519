"""A shard: the trials whose ids lie in one stretch of all possible ids. Machines need no coordination."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from trueweight.core.errors import ConfigError

Stretch = tuple[Fraction, Fraction]
"""From (inclusive) and to (exclusive), as shares of all possible trial ids."""
WHOLE: tuple[Stretch, ...] = ((Fraction(0), Fraction(1)),)
_FORM = re.compile(r"(\d{1,4})/(\d{1,4})")


class Shard(NamedTuple):
    """Number ``number`` (from 1) of ``of`` shards.

    Ids are digests, so trials are spread over shards at random, and a trial keeps its shard when the plan changes.
    """

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def stretch(self) -> Stretch:
        """The stretch of ids that this shard has."""
        return Fraction(self.number - 1, self.of), Fraction(self.number, self.of)

    def holds(self, trial: str) -> bool:
        """Whether the trial of that id is in this shard."""
        return int(trial, 16) * self.of >> 4 * len(trial) == self.number - 1

    def part_of(self, total: int) -> int:
        """This shard's part of a whole number. The parts of all shards add up to the total."""
        return total // self.of + (self.number <= total % self.of)


def parse_shard(text: str) -> Shard:
    """The shard of a text such as ``2/4``.

    Raises:
        ConfigError: ``shard-value`` if the text is not K/N with 1 ≤ K ≤ N.
    """
    found = _FORM.fullmatch(text)
    if found is None or not 1 <= int(found.group(1)) <= int(found.group(2)):
        hint = "Valid: K/N with 1 ≤ K ≤ N, for example 2/4."
        raise ConfigError(f"invalid shard {text!r}", code="shard-value", where="--shard", hint=hint)
    return Shard(int(found.group(1)), int(found.group(2)))


def join(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The union of the stretches, in order, with adjacent ones joined. Equal sets of ids give equal results."""
    out: list[Stretch] = []
    for start, end in sorted(stretches):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return tuple(out)


def stretches_to_json(stretches: Iterable[Stretch]) -> list[list[str]]:
    """The stretches as exact fractions in a JSON value: ``[["0", "1/4"]]``."""
    return [[str(start), str(end)] for start, end in stretches]


def stretches_from_json(value: object) -> tuple[Stretch, ...]:
    """The stretches that `stretches_to_json` wrote, joined; None means all ids.

    Raises:
        ConfigError: ``shard-value`` if it is not a list of stretches.
    """
    if value is None:
        return WHOLE
    try:
        pairs = [(Fraction(start), Fraction(end)) for start, end in value]  # type: ignore[attr-defined]
        if not all(0 <= start < end <= 1 for start, end in pairs):
            raise ValueError
    except (TypeError, ValueError, ZeroDivisionError):
        hint = 'Valid: [["0", "1/4"]], as `run --shard 1/4` writes it.'
        raise ConfigError("the manifest's shards cannot be read", code="shard-value", hint=hint) from None
    return join(pairs)
