"""``trueweight lab``: a real model at falling precision, on loopback."""

from __future__ import annotations

import click

from trueweight import lab
from trueweight.core import ConfigError


@click.group(short_help="Run a real model at falling precision on this machine (extra: trueweight[lab]).")
def command() -> None:
    """A real model on real llama.cpp servers on loopback: F16 as the reference, and quantised rungs as candidates.

    Needs the extra: pip install 'trueweight[lab]', which builds llama.cpp (C++ compiler, about ten minutes).
    Files are kept in the user's cache directory, 1.3 GB for the default rungs, and their checksums verified.
    """


@command.command()
@click.option(
    "--only",
    multiple=True,
    metavar="RUNG",
    help=f"Only this rung; repeatable. {', '.join(r.name for r in lab.rungs())}.",
)
@click.option(
    "--slots", type=click.IntRange(1, 64), default=2, show_default=True, help="Requests a server answers at once."
)
@click.option("--threads", type=click.IntRange(1, 512), help="Threads of each server.  [default: half the processors]")
@click.option(
    "--port", type=click.IntRange(1024, 65000), default=lab.BASE_PORT, show_default=True, help="Port of the first rung."
)
@click.option("--print-providers", is_flag=True, help="Print a providers.toml on stdout when all servers are ready.")
def up(only: tuple[str, ...], slots: int, threads: int | None, port: int, print_providers: bool) -> None:
    """Start the servers and return when all are ready. What runs already is left as it is."""
    found = lab.up(only, slots=slots, threads=threads, port=port, say=lambda text: click.echo(text, err=True))
    if not found.started:
        click.echo("The lab is up already.", err=True)
    if print_providers:
        click.echo(found.providers_toml, nl=False)
    else:
        _show(found.servers)


@command.command()
def down() -> None:
    """End the servers that `lab up` started, and no other process."""
    ended = lab.down()
    click.echo(f"Ended {', '.join(ended)}." if ended else "Nothing to end: the lab is not up.")


@command.command()
def providers() -> None:
    """Print a providers.toml for the servers that run."""
    servers = lab.status()
    if not servers:
        raise ConfigError("The lab is not up.", code="lab-not-up", hint="Start it with `trueweight lab up`.")
    click.echo(lab.providers_toml(servers), nl=False)


@command.command()
def status() -> None:
    """Say which servers run."""
    servers = lab.status()
    if servers:
        _show(servers)
    else:
        click.echo("The lab is not up.")


def _show(servers: tuple[lab.Server, ...]) -> None:
    for server in servers:
        click.echo(f"{server.rung:<12} {server.base_url}  pid {server.process.pid}  log {server.log}")
