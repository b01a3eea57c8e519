"""Levels of load, each in a separate run directory, so that a sweep is resumed like any run."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from trueweight import __version__
from trueweight.core import Case, ConfigError, Mode, Provider, Suite, Trial
from trueweight.core.load_result import level_name
from trueweight.core.protocol import is_completion
from trueweight.store import Manifest, RunDir, RunFile, SuiteRecord, explain_change
from trueweight.wire import SendResult, WireEvent, WireSettings
from trueweight.workflow.send import Sender, send_pending

DEFAULT_LEVELS = "1,2,4,8,16,32"


@dataclass(frozen=True, slots=True)
class Level:
    """One level.

    Attributes:
        value: requests under way at once; in an open loop requests started per second.
        open_loop: which of the two.
    """

    value: float
    open_loop: bool = False

    @property
    def name(self) -> str:
        """``concurrency 8`` or ``2.5/s``."""
        return level_name(self.value, open_loop=self.open_loop)

    @property
    def folder(self) -> str:
        """Name of the level's run directory, inside the directory of the sweep."""
        return f"rate-{self.value:g}" if self.open_loop else f"concurrency-{self.value:g}"

    def apply(self, settings: WireSettings) -> WireSettings:
        """The settings at this level. Providers are measured one after the other, so none waits for another."""
        if self.open_loop:
            return replace(settings, rate=self.value)
        return replace(settings, rate=None, concurrency=round(self.value))


def lay_out(suite: Suite, provider: Provider, requests: int, mode: Mode) -> tuple[Trial, ...]:
    """``requests`` trials of one provider, through the suite's cases in turn, again from the first after the last.

    Raises:
        ConfigError: if no case of the suite has that mode.
    """
    cases = [case for case in suite.cases if mode in case.modes and is_completion(case) and not case.follows]
    if not cases:
        raise ConfigError(
            f"suite {suite.name!r} has no case with a {mode.value} reply",
            code="load-no-case",
            where="--suite",
            hint="Valid: a suite with such cases, or --plain for plain replies.",
        )
    return tuple(Trial.of(cases[n % len(cases)], provider, n // len(cases), mode) for n in range(requests))


async def sweep(
    directory: Path,
    levels: Sequence[Level],
    suite: Suite,
    providers: Sequence[Provider],
    *,
    requests: int,
    mode: Mode,
    seed: int,
    keys: Mapping[str, str],
    settings: WireSettings,
    thinking_allowance: int = 0,
    on_event: Callable[[WireEvent], None] | None = None,
    without: Collection[str] = (),
    sender: Sender = send_pending,
) -> AsyncIterator[tuple[Level, Provider, RunDir, SendResult]]:
    """Send every level to every provider, one after the other; providers of a level in a seeded order.

    What is on record already is not sent again. Ends with the first interrupt.

    Args:
        thinking_allowance: tokens for thoughts that the limits of the suite's cases have already.
        without: providers that are sent nothing, because their setup is wrong.
        sender: sends the trials of a level, from this machine or from several.

    Raises:
        ConfigError: if the directory holds a sweep with another suite, seed or other providers.
    """
    # A declared limit of concurrency would flatten the curve that the sweep measures.
    bare = [replace(provider, concurrency=None) for provider in providers]
    for level in levels:
        with _open(directory / level.folder, suite, bare, seed, thinking_allowance) as run:
            order = random.Random(f"{seed}/{level.name}").sample(bare, len(bare))
            for provider in (one for one in order if one.name not in without):
                trials = lay_out(suite, provider, requests, mode)
                own = level.apply(replace(settings, seed=seed))
                result = await sender(run, trials, keys=keys, settings=own, on_event=on_event)
                yield level, provider, run, result
                if result.interrupted:
                    return


def _open(directory: Path, suite: Suite, providers: Sequence[Provider], seed: int, allowance: int) -> RunDir:
    cases: tuple[Case, ...] = suite.cases
    manifest = Manifest(
        tool_version=__version__,
        seed=seed,
        repeats=1,
        passes=1,
        suites=(SuiteRecord(suite.name, suite.digest(), len(cases)),),
        providers=tuple(providers),
        started_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        thinking_allowance=allowance,
    )
    if not RunFile.MANIFEST.is_in(directory):
        return RunDir.create(directory, manifest, cases)
    run = RunDir.open(directory, write=True)
    changes = explain_change(run.manifest, manifest)
    if changes:
        run.close()
        raise ConfigError(
            f"the directory holds another sweep: {' '.join(changes)}",
            code="load-changed",
            where=str(directory),
            hint="Another --out, or the same suite, providers and seed.",
        )
    return run


def parse_levels(concurrency: str | None, rate: str | None) -> tuple[Level, ...]:
    """The levels of ``--concurrency`` or ``--rate``, increasing; the default levels if both are empty.

    Raises:
        ConfigError: if both are given, or a level is not a number above 0.
    """
    if concurrency and rate:
        raise ConfigError(
            "--concurrency and --rate exclude each other",
            code="load-levels",
            where="--rate",
            hint="Valid: one of them, or neither.",
        )
    text, where = (rate, "--rate") if rate else (concurrency or DEFAULT_LEVELS, "--concurrency")
    values: set[float] = set()
    for part in text.split(","):
        try:
            value = float(part) if rate else float(int(part))
        except ValueError:
            value = 0.0
        if not 0 < value < 1e6:
            kind = "numbers" if rate else "whole numbers"
            raise ConfigError(
                f"invalid level {part.strip()!r}",
                code="load-levels",
                where=where,
                hint=f"Valid: {kind} above 0, as in {DEFAULT_LEVELS}.",
            )
        values.add(value)
    return tuple(Level(value, bool(rate)) for value in sorted(values))
