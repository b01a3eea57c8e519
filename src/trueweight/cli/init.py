"""``trueweight init``: write a providers.toml and a bar.toml for the user's own hosts."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trueweight.cli._help import examples
from trueweight.cli._options import FOLDER, quiet_option, suite_option
from trueweight.core import ConfigError

if TYPE_CHECKING:
    from trueweight.workflow.start import StartingHost

PROVIDERS, BAR = "providers.toml", "bar.toml"
NO_KEY = "-"


@click.command(
    short_help="Write providers.toml and bar.toml for your own hosts",
    epilog=examples(
        "trueweight init",
        "trueweight init --openrouter moonshotai/kimi-k2@deepinfra --openrouter moonshotai/kimi-k2@novita",
        "trueweight init --base-url https://api.example.com/v1 --model kimi-k2 --key-env EXAMPLE_API_KEY",
    ),
)
@click.option(
    "--openrouter",
    "routed",
    multiple=True,
    metavar="MODEL[@HOST]",
    help="A model of OpenRouter; with @HOST only that host of OpenRouter may answer. Repeatable.",
)
@click.option("--base-url", "urls", multiple=True, metavar="URL", help="Base URL of a host. Repeatable.")
@click.option(
    "--model", "models", multiple=True, metavar="ID", help="Model id there: one for each --base-url, or one for all."
)
@click.option(
    "--key-env",
    "variables",
    multiple=True,
    metavar="NAME",
    help="Name of the variable with the key: one for each --base-url, or one for all; - for none.  [default: no key]",
)
@click.option("--reference", metavar="NAME", help="Compare the others with this host, by its name in providers.toml.")
@suite_option("Suites that the bar is for.  [default: tool-calls,structured-output]")
@click.option("-o", "--out", type=FOLDER, default=Path(), metavar="DIR", help="Folder of the files.  [default: here]")
@quiet_option("Print only the paths of the files.")
def command(
    *,
    routed: tuple[str, ...],
    urls: tuple[str, ...],
    models: tuple[str, ...],
    variables: tuple[str, ...],
    reference: str | None,
    suites: tuple[str, ...],
    out: Path,
    quiet: bool,
) -> int:
    """Write a commented providers.toml and a bar.toml that the suites can decide. Sends nothing.

    Without --openrouter and --base-url it asks for the hosts. It overwrites no file. Keys are not asked for and not
    written: the files have the names of environment variables.
    """
    from rich.console import Console

    from trueweight.cli._screen import say, say_next
    from trueweight.suites import find_suite
    from trueweight.workflow.start import SUITES, named, openrouter_host, starting_files

    paths = (out / PROVIDERS, out / BAR)
    _refuse_existing(paths)
    chosen = suites or SUITES
    cases = [case for name in chosen for case in find_suite(name).cases]
    hosts = [*map(openrouter_host, routed), *_hosts(urls, models, variables)]
    if not hosts:
        hosts = named(_ask())
        if reference is None and len(hosts) > 1:
            reference = _ask_reference([host.name for host in hosts])
    files = starting_files(hosts, cases, suites=chosen, reference=reference)
    out.mkdir(parents=True, exist_ok=True)
    for path, text in zip(paths, (files.providers_text, files.bar_text), strict=True):
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        click.echo(str(path))
    screen = Console(stderr=True, quiet=quiet, emoji=False)
    variables_named = {one.api_key_env for one in files.providers if one.api_key_env}
    for name in sorted(one for one in variables_named if not os.environ.get(one)):
        say(screen, f"Not set yet: the environment variable {name}, which holds the key.")
    say_next(screen, ("trueweight", "ping", "--providers", str(paths[0])))
    return 0


def _refuse_existing(paths: Sequence[Path]) -> None:
    for path in paths:
        if path.exists() or path.is_symlink():
            hint = "Valid: another folder with --out, or move the file away."
            raise ConfigError("the file exists and is not overwritten", code="init-exists", where=str(path), hint=hint)


def _hosts(urls: Sequence[str], models: Sequence[str], variables: Sequence[str]) -> list[StartingHost]:
    """The hosts of the options, by their order.

    Raises:
        click.UsageError: if the numbers of options do not fit.
    """
    from trueweight.workflow.start import StartingHost

    fits = {len(urls), min(len(urls), 1)}  # one for each, or one for all
    if len(models) not in fits or len(variables) not in {0, *fits}:
        raise click.UsageError(
            f"{len(urls)} --base-url, {len(models)} --model and {len(variables)} --key-env. "
            "Valid: a --model and a --key-env for each --base-url, or one for all."
        )
    every = len(urls)
    models = list(models) * (every if len(models) == 1 else 1)
    variables = list(variables or [NO_KEY]) * (every if len(variables) <= 1 else 1)
    return [
        StartingHost(url, model, None if variable == NO_KEY else variable)
        for url, model, variable in zip(urls, models, variables, strict=True)
    ]


def _ask() -> list[StartingHost]:
    """The hosts that the user types in, at least one.

    Raises:
        click.UsageError: if the input ends.
    """
    from trueweight.workflow.start import StartingHost, openrouter_host

    hosts: list[StartingHost] = []
    try:
        while True:
            more = "" if not hosts else " (Enter: no more)"
            text = f"Base URL, or 'openrouter'{more}"
            url = click.prompt(text, default="", show_default=False, value_proc=_read_address, err=True)
            if not url:
                if hosts:
                    return hosts
                continue
            if url == "openrouter":
                model = click.prompt("  Model id there (VENDOR/MODEL)", value_proc=_read_routed, err=True)
                pinned = click.prompt("  Its host at OpenRouter (Enter: any)", default="", show_default=False, err=True)
                hosts.append(openrouter_host(f"{model}@{pinned.strip()}" if pinned.strip() else model))
                continue
            model = click.prompt("  Model id there", err=True).strip()
            text = "  Environment variable with the key (Enter: no key)"
            variable = click.prompt(text, default="", show_default=False, value_proc=_read_variable, err=True)
            hosts.append(StartingHost(url, model, variable or None))
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise click.UsageError("The input ended. Valid: --openrouter, --base-url with --model, or answers.") from None


def _read_address(typed: str) -> str:
    from trueweight.workflow.start import StartingHost, check_host

    address = typed.strip()
    if address not in ("", "openrouter"):
        _refuse_typed(lambda: check_host(StartingHost(address, "model")))
    return address


def _read_routed(typed: str) -> str:
    from trueweight.workflow.start import openrouter_host

    _refuse_typed(lambda: openrouter_host(typed.strip()))
    return typed.strip()


def _read_variable(typed: str) -> str:
    from trueweight.workflow.start import StartingHost, check_host

    if variable := typed.strip():
        _refuse_typed(lambda: check_host(StartingHost("http://127.0.0.1/v1", "model", variable)))
    return variable


def _refuse_typed(check: Callable[[], object]) -> None:
    """Let click ask again for what is refused, so that the other answers are not lost."""
    try:
        check()
    except ConfigError as error:
        raise click.UsageError(f"{error.message}. {error.hint}") from None


def _ask_reference(names: Sequence[str]) -> str | None:
    try:
        words = f"Name of the reference: {', '.join(names)} (Enter: none)"
        return click.prompt(words, default="", show_default=False, err=True).strip() or None
    except click.Abort:
        if sys.stdin.isatty():
            raise
        return None
