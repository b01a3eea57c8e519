"""``trueweight fleet``: simulated providers, to test any verifier with."""

from __future__ import annotations

import signal
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trueweight.cli._help import examples
from trueweight.cli._options import FOLDER, NameFrom, json_option, listed_names, quiet_option
from trueweight.core import DEFAULT_API, ExitCode

if TYPE_CHECKING:
    from trueweight.fleet import Fleet

BASE_PORT = 18181
"""``fleet.BASE_PORT``; a test holds that they are the same. Importing it would slow every ``--help``."""


def _served_apis() -> Iterable[str]:
    from trueweight.core import PROTOCOLS
    from trueweight.fleet.apis import SERVED

    return (one.name for one in SERVED.values() if PROTOCOLS.get(one.name).completions)


@click.group(
    short_help="Run simulated providers, healthy ones and faulty ones", epilog=examples("trueweight fleet serve")
)
def command() -> None:
    """Run simulated providers on this machine: healthy ones, and ones with a known fault."""


@command.command(
    short_help="Serve the fleet until interrupted",
    epilog=examples("trueweight fleet serve", "trueweight fleet serve --only reference --only no-strict"),
)
@click.option(
    "--only",
    "names",
    multiple=True,
    metavar="NAME",
    help="Serve only this provider, also one that is not served by default: thinks-long, thinks-always (it ignores "
    "switches), thinks-endlessly, … or a fault. Repeatable.",
)
@click.option(
    "--port",
    default=BASE_PORT,
    show_default=True,
    type=click.IntRange(0, 65000),
    metavar="BASE",
    help="First port. 0: any free ports.",
)
@click.option(
    "--suite",
    "suites",
    multiple=True,
    callback=listed_names,
    metavar="SUITE,…",
    help="Also answer these suites correctly. Repeatable.",
)
@click.option(
    "--api",
    "apis",
    multiple=True,
    type=NameFrom(_served_apis),
    metavar="NAME",
    help="Name this API in providers.toml. Repeatable. All are served in any case.  [default: chat]",
)
@click.option("--until-stdin-closes", "tied", is_flag=True, hidden=True)
def serve(names: tuple[str, ...], port: int, suites: tuple[str, ...], apis: tuple[str, ...], tied: bool) -> None:
    """Serve the fleet until interrupted.

    Prints a providers.toml on standard output. Its last line is "# ready" as soon as every port answers.
    """
    import asyncio

    from trueweight.fleet import Fleet

    asyncio.run(_serve(Fleet(names or None, port=port, suites=suites, apis=apis or (DEFAULT_API,)), tied=tied))


@command.command(
    short_help="Prove the checks: which check finds which fault",
    epilog=examples("trueweight fleet matrix", "trueweight fleet matrix --only no-strict --json"),
)
@click.option("--only", "names", multiple=True, metavar="FAULT", help="Only this fault or provider. Repeatable.")
@click.option(
    "--suite",
    "suites",
    multiple=True,
    callback=listed_names,
    metavar="SUITE,…",
    help="Only these suites. Repeatable.  [default: all]",
)
@click.option("--keep", type=FOLDER, metavar="DIR", help="Keep the run in this new directory.")
@json_option()
@quiet_option("Print nothing: the exit code is the result.")
def matrix(*, names: tuple[str, ...], suites: tuple[str, ...], keep: Path | None, as_json: bool, quiet: bool) -> int:
    """Prove the checks: run the suites against every faulty provider and print which check finds which fault.

    Exit code 0 if the named checks find every fault and no healthy provider fails at MUST or SHOULD, else 1.
    """
    from trueweight.report.fleet_matrix import matrix_json, matrix_text
    from trueweight.suites import find_suite, shipped_suites
    from trueweight.workflow.matrix import fill_matrix

    def progress(text: str) -> None:
        if not quiet:
            click.echo(text, err=True)

    chosen = [find_suite(name) for name in suites or shipped_suites()]
    with tempfile.TemporaryDirectory(prefix="trueweight-matrix-") as folder:
        filled = fill_matrix(chosen, keep or Path(folder) / "run", only=names, progress=progress)
    if as_json or not quiet:
        click.echo(matrix_json(filled) if as_json else matrix_text(filled))
    return int(ExitCode.OK if filled.right else ExitCode.FINDINGS)


async def _serve(fleet: Fleet, *, tied: bool) -> None:
    import asyncio

    from trueweight.fleet.child import READY, wait_for_end_of_stdin

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
