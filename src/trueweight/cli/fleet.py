"""``trueweight fleet``: simulated providers to try any verifier on."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import threading
from functools import partial
from pathlib import Path

import click

from trueweight.core import ExitCode
from trueweight.fleet import BASE_PORT, Fleet
from trueweight.fleet.child import READY, wait_for_end_of_stdin


@click.group()
def command() -> None:
    """Simulated providers on this machine: healthy ones, and ones with a known fault."""


@command.command()
@click.option("--only", "names", multiple=True, metavar="NAME", help="Serve only this provider. Repeatable.")
@click.option(
    "--port",
    default=BASE_PORT,
    show_default=True,
    type=click.IntRange(0, 65000),
    metavar="BASE",
    help="First port; 0 takes free ones.",
)
@click.option(
    "--suite", "suites", multiple=True, metavar="PATH", help="Also know the answers of this suite. Repeatable."
)
@click.option("--until-stdin-closes", "tied", is_flag=True, hidden=True)
def serve(names: tuple[str, ...], port: int, suites: tuple[str, ...], tied: bool) -> None:
    """Serve the fleet until interrupted.

    Prints a providers.toml on standard output, whose last line is "# ready" once every port answers.
    """
    asyncio.run(_serve(Fleet(names or None, port=port, suites=suites), tied=tied))


@command.command()
@click.option("--only", "names", multiple=True, metavar="FAULT", help="Only this fault or provider. Repeatable.")
@click.option("--suite", "suites", multiple=True, metavar="SUITE", help="Only this suite. Repeatable. [all shipped]")
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep the run in this new directory.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def matrix(names: tuple[str, ...], suites: tuple[str, ...], keep: Path | None, as_json: bool) -> int:
    """Prove the checks: ask every faulty provider over HTTP and print which check finds which fault.

    Exit code 0 if every fault is found by the checks named for it and no healthy provider is flagged at MUST or
    SHOULD, else 1.
    """
    from trueweight.suites import find_suite, shipped_suites
    from trueweight.workflow.matrix import fill_matrix, matrix_json, matrix_text

    chosen = [find_suite(name) for name in suites or shipped_suites()]
    with tempfile.TemporaryDirectory(prefix="trueweight-matrix-") as folder:
        filled = fill_matrix(chosen, keep or Path(folder) / "run", only=names, say=partial(click.echo, err=True))
    click.echo(matrix_json(filled) if as_json else matrix_text(filled))
    return int(ExitCode.OK if filled.right else ExitCode.FINDINGS)


async def _serve(fleet: Fleet, *, tied: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end(*_: object) -> None:
        loop.call_soon_threadsafe(stop.set)

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, end)
    async with fleet:
        click.echo(fleet.providers_toml() + f"\n{READY}")
        if tied:
            threading.Thread(target=wait_for_end_of_stdin, args=(end,), daemon=True).start()
        await stop.wait()
