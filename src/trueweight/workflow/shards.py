"""A run with only some of its shards: limits are divided, and the report states which part of the plan it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from trueweight.core import Shard
from trueweight.core.note import Note, NoteCode
from trueweight.core.shard import WHOLE, join, stretches_from_json, stretches_to_json
from trueweight.store import SHARDS, Manifest
from trueweight.wire import WireSettings


def divide(settings: WireSettings, shard: Shard) -> WireSettings:
    """A shard's part of the limits; the parts add up, except that each has at least one concurrent request."""
    budget, most, rate = settings.budget_usd, settings.max_requests, settings.rate
    return replace(
        settings,
        concurrency=max(1, shard.part_of(settings.concurrency)),
        rate=None if rate is None else rate / shard.of,
        budget_usd=None if budget is None else budget / shard.of,
        max_requests=None if most is None else shard.part_of(most),
    )


def keep_shards(before: Manifest, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options of a resumed run: shards that were sent before are kept."""
    covered = join(part for one in (before.options, options) for part in stretches_from_json(one.get(SHARDS)))
    rest = {key: value for key, value in options.items() if key != SHARDS}
    return rest if covered == WHOLE else {**rest, SHARDS: stretches_to_json(covered)}


def covers_plan(manifest: Manifest) -> bool:
    """Whether the run covers all trials of its plan."""
    return stretches_from_json(manifest.options.get(SHARDS)) == WHOLE


def shard_notes(manifest: Manifest) -> Iterator[Note]:
    """A note on how much of the plan the run covers; none if it is all."""
    if not covers_plan(manifest):
        parts = stretches_from_json(manifest.options.get(SHARDS))
        share = sum((end - start for start, end in parts), start=Fraction(0))
        yield Note(code=NoteCode.PART_OF_RUN, share=str(share))
