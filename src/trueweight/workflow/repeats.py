"""Chooses a run's repeats after a first pass: by how often the reference disagrees with itself, within the limits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import msgspec

from trueweight.core import SEVERE, ConfigError, Observation, Provider, Shard
from trueweight.core.provider import reference_among
from trueweight.metrics.table import holds
from trueweight.statistics.power import HALF_WIDTH, repeats_for
from trueweight.store import RunDir, RunFile
from trueweight.wire import WireSettings
from trueweight.workflow.judge import judge_run

AUTO: Final = "auto"
OPTION: Final = "auto_repeats"
"""The manifest's option with the choice; a resumed run keeps it."""


class RepeatChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Repeats chosen after a first pass.

    Attributes:
        repeats: of each case, the first pass included.
        wanted: what the reference's variation asks for; more than ``repeats`` if a limit of the run is in the way.
        disagreements, pairs: cases, in each mode, whose two passes differ in outcome or in calling a tool, of all.
        half_width: of the 95% interval that sampling alone gives to a difference, at ``wanted`` repeats.
    """

    repeats: int
    wanted: int
    disagreements: int
    pairs: int
    half_width: float = HALF_WIDTH

    def as_options(self) -> dict[str, Any]:
        """The option of the manifest."""
        return {OPTION: msgspec.to_builtins(self)}


def chosen_repeats(
    wanted: str, providers: Sequence[Provider], directory: Path, *, shard: Shard | None, fresh: bool
) -> tuple[int, RepeatChoice | None]:
    """The repeats to begin with, and the choice that an earlier start of the run recorded.

    Args:
        wanted: a number, or ``auto``: one, for the first pass, unless the run in the directory has chosen already.

    Raises:
        ConfigError: for another value, and for ``auto`` without a reference or for a shard.
    """
    require_repeats(wanted, providers, shard)
    if wanted != AUTO:
        return int(wanted), None
    if fresh or not RunFile.MANIFEST.is_in(directory):
        return 1, None
    with RunDir.open(directory) as run:
        choice = recorded_choice(run.manifest.options)
    return (1, None) if choice is None else (choice.repeats, choice)


def require_repeats(wanted: str, providers: Sequence[Provider], shard: Shard | None) -> None:
    """Refuse repeats that cannot be.

    Raises:
        ConfigError: for another value, and for ``auto`` without a reference or for a shard.
    """
    if wanted != AUTO:
        if not wanted.isdecimal() or int(wanted) < 1:
            _refuse(f"--repeats {wanted!r}", "repeats-value", "a whole number from 1, or auto")
        return
    if reference_among(providers) is None:
        _refuse("--repeats auto needs a reference", "repeats-no-reference", 'a number, or role = "reference"')
    if shard is not None:
        _refuse("--repeats auto needs the whole run", "repeats-shard", "a number, or no --shard")


def _refuse(message: str, code: str, valid: str) -> NoReturn:
    raise ConfigError(message, code=code, where="--repeats", hint=f"Valid: {valid}.")


def recorded_choice(options: Any) -> RepeatChoice | None:
    """The choice in a manifest's options; None before the first pass is complete."""
    found = options.get(OPTION)
    return None if found is None else msgspec.convert(found, RepeatChoice)


def choose_repeats(run: RunDir, left: WireSettings) -> RepeatChoice:
    """The repeats for a run whose first pass is on record; ``left`` has the limits for further rounds.

    A further round is expected to take as many requests, and to cost as much, as the first one.
    """
    judgement = judge_run(run)
    reference = reference_among(judgement.manifest.providers)
    name = None if reference is None else reference.name
    disagreements, pairs = variation(seen for seen in judgement.observations if seen.provider == name)
    wanted = repeats_for(disagreements, pairs, passes=judgement.manifest.passes)
    requests = sum(seen.attempts for seen in judgement.observations)
    cost = sum(seen.cost or 0.0 for seen in judgement.observations)
    affordable = 1 + min(_rounds(left.max_requests, requests), _rounds(left.budget_usd, cost))
    return RepeatChoice(
        repeats=max(1, min(wanted, affordable)), wanted=wanted, disagreements=disagreements, pairs=pairs
    )


def variation(observations: Iterable[Observation]) -> tuple[int, int]:
    """How many cases, each API and mode by itself, the reference's two passes differ in, and of how many with both."""
    by_unit: defaultdict[tuple[object, ...], list[Observation]] = defaultdict(list)
    for seen in observations:
        if seen.arrived:
            by_unit[seen.case, seen.api, seen.mode, seen.thinking].append(seen)
    pairs = [sorted(rows, key=lambda one: one.repeat)[:2] for rows in by_unit.values() if len(rows) > 1]
    return sum(_outcome(first) != _outcome(second) for first, second in pairs), len(pairs)


def _outcome(seen: Observation) -> tuple[int, bool | None]:
    return holds(seen, SEVERE), seen.called


def _rounds(left: float | None, each: float) -> int:
    """Further rounds within a limit; very many without one."""
    if left is None:
        return 10**6
    return int(left // each) if each > 0 else 10**6
