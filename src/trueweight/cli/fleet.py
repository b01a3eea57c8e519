"""``trueweight fleet``: simulated providers to try any verifier on."""

from __future__ import annotations

import asyncio
import signal
import threading

import click

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
