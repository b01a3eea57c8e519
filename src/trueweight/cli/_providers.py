"""The providers that the options of a command choose from a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from trueweight.core import ConfigError, Provider, near_miss


def chosen_providers(file: Path, apis: Sequence[str], *, with_keys: bool = True) -> tuple[Provider, ...]:
    """The providers of a file with the APIs that ``--api`` names. A line on stderr says which ones have none of them.

    Args:
        with_keys: whether this machine must have their keys.

    Raises:
        ConfigError: as `load_providers` and `only_apis`.
    """
    from trueweight.config import load_providers, only_apis

    found = only_apis(load_providers(file, environ=os.environ if with_keys else None), apis)
    if found.left_out:
        names = ", ".join(found.left_out)
        click.echo(f"Left out, without the API {' or '.join(apis)}: {names}.", err=True)
    return found.providers


def named_provider(providers: Sequence[Provider], name: str | None, option: str) -> Provider:
    """The provider of that name; without a name the only one.

    Raises:
        ConfigError: ``unknown-provider``.
    """
    names = [one.name for one in providers]
    if name is None and len(providers) == 1:
        return providers[0]
    if name not in names:
        message = f"several providers, and {option} names none" if name is None else f"no provider {name!r}"
        hint = f"Valid: {', '.join(names)}."
        raise ConfigError(message, code="unknown-provider", where=option, hint=hint)
    return providers[names.index(name)]


def named_providers(providers: Sequence[Provider], names: Sequence[str], option: str) -> list[Provider]:
    """The providers of these names, in their order in the file; all of them for no name.

    Raises:
        ConfigError: ``unknown-provider``.
    """
    known = [one.name for one in providers]
    for name in names:
        if name not in known:
            hint = near_miss(name, known)
            raise ConfigError(f"no provider {name!r}", code="unknown-provider", where=option, hint=hint)
    return [one for one in providers if not names or one.name in names]
