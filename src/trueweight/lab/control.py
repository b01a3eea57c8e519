"""The lab as a whole: up, down, and what is running."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from trueweight.core import ConfigError
from trueweight.lab.engines import Finder, LabRung, Settings, find_engine
from trueweight.lab.extra import installed
from trueweight.lab.ladder import BASE_PORT, choose, port_of, rungs
from trueweight.lab.models import ModelStore
from trueweight.lab.places import Places
from trueweight.lab.processes import end, is_running
from trueweight.lab.servers import providers_toml, require_free, start, wait_until_ready
from trueweight.lab.state import Server, read_servers, write_servers

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Lab:
    """The servers that run.

    Attributes:
        servers: all of them, in ladder order.
        started: names of the rungs that this very call started; the others ran already.
    """

    servers: tuple[Server, ...]
    started: tuple[str, ...] = ()

    @property
    def providers_toml(self) -> str:
        """Text of a ``providers.toml`` for all of them."""
        return providers_toml(self.servers)


def status(places: Places | None = None) -> tuple[Server, ...]:
    """The servers that run now, in ladder order. Looks at processes only, so it is cheap."""
    alive = [server for server in read_servers((places or Places.of_user()).running) if is_running(server.process)]
    return tuple(sorted(alive, key=lambda server: server.port))


def up(
    only: Sequence[str] = (),
    *,
    slots: int = 2,
    threads: int | None = None,
    port: int = BASE_PORT,
    places: Places | None = None,
    finder: Finder = installed,
    progress: Progress = lambda _: None,
) -> Lab:
    """Start what does not run yet of these rungs (of the default ones if none is named), and wait until all answer.

    Args:
        slots: requests that each server answers at once.
        threads: of each server; by default half the processors, so that two rungs can answer at once.
        port: of the first rung of the ladder; the others follow, each on its own.
        finder: finds installed packages.
        progress: receives a line for each step.

    Raises:
        ConfigError: unknown rung, extra missing, port taken, or the lab runs with other settings.
        InfrastructureError: a file is not what it was, or a server does not come up. What this call started is ended.
    """
    home = places or Places.of_user()
    wanted = choose(only)
    threads = threads or default_threads()
    settings = {rung.name: Settings(port_of(rung, port), slots, threads) for rung in rungs()}
    for name in {rung.engine for rung in wanted}:
        find_engine(name).require(finder)
    with home.lock():
        alive = status(home)
        _require_same(alive, settings)
        names = {server.rung for server in alive}
        missing = {rung: settings[rung.name] for rung in wanted if rung.name not in names}
        if missing:
            _start(missing, alive, home, progress)
        return Lab(status(home), tuple(rung.name for rung in missing))


def down(places: Places | None = None) -> tuple[str, ...]:
    """End every server that ``up`` started and that still runs, and no other process. Returns their names."""
    home = places or Places.of_user()
    with home.lock():
        recorded = read_servers(home.running)
        ended = tuple(server.rung for server in recorded if end(server.process))
        if recorded:
            home.running.unlink(missing_ok=True)
        return ended


@contextmanager
def running(
    only: Sequence[str] = (),
    *,
    slots: int = 2,
    threads: int | None = None,
    port: int = BASE_PORT,
    places: Places | None = None,
) -> Iterator[Lab]:
    """The lab while the block runs. Servers that ran before it are used, and left running."""
    home = places or Places.of_user()
    lab = up(only, slots=slots, threads=threads, port=port, places=home)
    try:
        yield lab
    finally:
        with home.lock():
            mine = [server for server in read_servers(home.running) if server.rung in lab.started]
            others = [server for server in read_servers(home.running) if server.rung not in lab.started]
            for server in mine:
                end(server.process)
            write_servers(home.running, others)


def default_threads() -> int:
    """Half the processors: more threads than processors, over all servers, wait for each other instead of computing."""
    return max(1, (os.cpu_count() or 1) // 2)


def _start(missing: Mapping[LabRung, Settings], alive: Sequence[Server], home: Places, progress: Progress) -> None:
    """Start these rungs beside those that are alive; all of them or, on an error, none."""
    for rung, settings in missing.items():
        require_free(settings.port, rung.name)  # Before the long part, not after it.
    files = ModelStore(home.models).ensure(list(missing), progress)
    fresh: list[Server] = []
    try:
        for rung, settings in missing.items():
            progress(f"starting {rung.name} on port {settings.port}")
            fresh.append(start(rung, files[rung.name], settings, home.logs))
            # On record at once: if we are killed now, `down` still knows it.
            write_servers(home.running, [*alive, *fresh])
        wait_until_ready(fresh, max(find_engine(rung.engine).startup for rung in missing))
    except BaseException:
        for server in fresh:
            end(server.process)
        write_servers(home.running, alive)
        raise


def _require_same(alive: Sequence[Server], settings: Mapping[str, Settings]) -> None:
    """Refuse a running server whose settings differ from the requested ones."""
    for server in alive:
        wanted = settings[server.rung]
        if (server.slots, server.threads, server.port) != (wanted.slots, wanted.threads, wanted.port):
            raise ConfigError(
                f"The lab is up already, with other settings: {server.rung} has {server.slots} slots, {server.threads} "
                f"threads and port {server.port} (requested: {wanted.slots}, {wanted.threads} and {wanted.port}).",
                code="lab-other-settings",
                hint="Run `trueweight lab down` first.",
            )
