"""Live progress: a line per provider while a run is fired."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from trueweight.core import Trial
from trueweight.report import visible
from trueweight.wire import EventKind, WireEvent


class Watcher(Protocol):
    """Told of everything the wire does."""

    def __call__(self, event: WireEvent) -> None: ...


class _Tally:
    """What a provider's line says beside its bar."""

    def __init__(self) -> None:
        self.failed: Counter[str] = Counter()
        self.retries: Counter[str] = Counter()
        self.cost: defaultdict[str, float] = defaultdict(float)

    def take(self, event: WireEvent) -> None:
        name = event.provider
        self.retries[name] += event.kind is EventKind.RETRIED
        if event.kind is EventKind.FINISHED:
            self.failed[name] += not event.ok
            self.cost[name] += event.cost or 0.0

    def words(self, name: str) -> str:
        parts = []
        if self.failed[name]:
            parts.append(f"{self.failed[name]} failed")
        if self.retries[name]:
            parts.append(f"{self.retries[name]} retries")
        if self.cost[name]:
            parts.append(f"${self.cost[name]:.4f}")
        return ", ".join(parts)


@contextmanager
def watching(trials: Iterable[Trial], console: Console, *, quiet: bool) -> Iterator[Watcher]:
    """Show progress on a terminal; elsewhere say one line when a provider is done or stopped."""
    totals = Counter(trial.provider.name for trial in trials)
    if quiet or not totals:
        yield lambda _: None
    elif console.is_terminal:
        with _bars(console) as progress:
            yield _LiveLines(progress, totals)
    else:
        yield _PlainLines(console, totals)


def _bars(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[words]}", style="dim"),
    )
    return Progress(*columns, console=console, refresh_per_second=8)


class _LiveLines:
    def __init__(self, progress: Progress, totals: Counter[str]) -> None:
        self._progress = progress
        self._tally = _Tally()
        self._tasks: dict[str, TaskID] = {
            name: progress.add_task(visible(name), total=total, words="") for name, total in sorted(totals.items())
        }

    def __call__(self, event: WireEvent) -> None:
        self._tally.take(event)
        words = self._tally.words(event.provider)
        if event.kind is EventKind.STOPPED:
            words = f"stopped: {visible(event.detail)}"
        done = 1 if event.kind is EventKind.FINISHED else 0
        self._progress.update(self._tasks[event.provider], advance=done, words=words)


class _PlainLines:
    def __init__(self, console: Console, totals: Counter[str]) -> None:
        self._console = console
        self._left = Counter(totals)
        self._totals = totals
        self._tally = _Tally()

    def __call__(self, event: WireEvent) -> None:
        self._tally.take(event)
        name = event.provider
        if event.kind is EventKind.STOPPED:
            self._say(f"{name}: stopped: {event.detail}")
        if event.kind is EventKind.FINISHED:
            self._left[name] -= 1
            if self._left[name] == 0:
                self._say(", ".join(filter(None, (f"{name}: {self._totals[name]} trials", self._tally.words(name)))))

    def _say(self, text: str) -> None:
        self._console.print(visible(text), markup=False, highlight=False, soft_wrap=True)
