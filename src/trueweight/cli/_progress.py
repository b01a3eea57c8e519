"""Live progress: a line per provider while a run sends, and one for all of them, in any number of columns."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.progress import TimeRemainingColumn as TimeLeft
from rich.table import Column
from rich.text import Text

from trueweight.cli._screen import say
from trueweight.core import FailureKind, Trial
from trueweight.report import visible
from trueweight.report.numbers import dollars
from trueweight.wire import EventKind, WireEvent

ALL = "all"
_NAME = 16
_WIDE = 80
"""Columns in which a line also has a bar, a rate and the time left."""


class Watcher(Protocol):
    """Is called with every event of the wire."""

    def __call__(self, event: WireEvent) -> None: ...


class _Tally:
    """Counts of a provider, shown beside its bar."""

    def __init__(self) -> None:
        self.failed: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.retries: Counter[str] = Counter()
        self.cost: defaultdict[str, float] = defaultdict(float)

    def take(self, event: WireEvent) -> None:
        for name in (event.provider, ALL):
            self.retries[name] += event.kind is EventKind.RETRIED
            if event.kind is EventKind.FINISHED:
                # A 4xx or 501 to this very request is the server's answer, and may be just what the case asks for.
                refused = event.failure is FailureKind.CLIENT_ERROR
                self.refused[name] += refused
                self.failed[name] += not event.ok and not refused
                self.cost[name] += event.cost or 0.0

    def words(self, name: str, *, short: bool = False) -> str:
        parts = []
        if self.failed[name]:
            parts.append(f"{self.failed[name]} failed")
        if self.refused[name]:
            parts.append(f"{self.refused[name]} refused")
        if self.retries[name]:
            parts.append(f"{self.retries[name]} {'retries' if self.retries[name] > 1 else 'retry'}")
        if self.cost[name]:
            parts.append(dollars(self.cost[name]))
        return (" " if short else ", ").join(parts)


@contextmanager
def watching(trials: Iterable[Trial], console: Console, *, quiet: bool) -> Iterator[Watcher]:
    """Show progress on a terminal; elsewhere print one line when a provider is done or stopped."""
    totals = Counter(trial.provider.name for trial in trials)
    if quiet or not totals:
        yield lambda _: None
    elif console.is_terminal:
        with _bars(console) as progress:
            yield _LiveLines(progress, totals, console.width)
    else:
        yield _PlainLines(console, totals)


class _Rate(ProgressColumn):
    """Trials a second, over the last few."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.3g}/s".rjust(7), style="dim")


def _bars(console: Console) -> Progress:
    columns: tuple[ProgressColumn, ...] = (
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        TextColumn("{task.fields[words]}", style="dim", markup=False),
    )
    if console.width >= _WIDE:
        name, done, words = columns
        columns = (name, BarColumn(bar_width=12), done, _Rate(), TimeLeft(compact=True), words)
    return Progress(*columns, console=console, refresh_per_second=8)


def _shortened(names: Iterable[str]) -> dict[str, str]:
    """Each name as its line shows it; of a long one the begin and the end, and a number where two would be alike."""
    found: dict[str, str] = {}
    for name in names:
        shown = visible(name, limit=200)
        if len(shown) > _NAME:
            shown = f"{shown[: _NAME - 5]}…{shown[-4:]}"
        number, one = 2, shown
        while one in found.values():
            one, number = f"{shown[: _NAME - len(str(number)) - 1]}~{number}", number + 1
        found[name] = one
    return found


class _LiveLines:
    def __init__(self, progress: Progress, totals: Counter[str], width: int) -> None:
        self._progress = progress
        self._tally = _Tally()
        names = _shortened(sorted(totals))
        self._tasks: dict[str, TaskID] = {
            name: progress.add_task(names[name], total=total, words="") for name, total in sorted(totals.items())
        }
        # On a narrow screen the words are cut, never a name or a number.
        counts = 2 * len(str(totals.total())) + 1
        self._words = width if width >= _WIDE else max(0, width - max(map(len, names.values())) - counts - 2)
        self._all = progress.add_task(ALL, total=totals.total(), words="")

    def __call__(self, event: WireEvent) -> None:
        self._tally.take(event)
        words = self._tally.words(event.provider, short=True)
        if event.kind in (EventKind.STOPPED, EventKind.API_STOPPED):
            words = f"stopped: {visible(event.detail, limit=60)}"
        done = 1 if event.kind is EventKind.FINISHED else 0
        together = self._tally.words(ALL, short=True)
        self._progress.update(self._tasks[event.provider], advance=done, words=words[: self._words])
        self._progress.update(self._all, advance=done, words=together[: self._words])


class _PlainLines:
    def __init__(self, console: Console, totals: Counter[str]) -> None:
        self._console = console
        self._left = Counter(totals)
        self._totals = totals
        self._tally = _Tally()

    def __call__(self, event: WireEvent) -> None:
        self._tally.take(event)
        name = event.provider
        if event.kind in (EventKind.STOPPED, EventKind.API_STOPPED):
            self._say(f"{name}: stopped: {event.detail}")
        if event.kind is EventKind.FINISHED:
            self._left[name] -= 1
            if self._left[name] == 0:
                self._say(", ".join(filter(None, (f"{name}: {self._totals[name]} trials", self._tally.words(name)))))

    def _say(self, text: str) -> None:
        say(self._console, text)
