"""``providers.toml`` → providers."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from trueweight.config.lines import Lines
from trueweight.config.provider_table import read_provider
from trueweight.config.spot import Spot
from trueweight.config.toml import parse_toml, read_toml_text
from trueweight.core import PROTOCOLS, ConfigError, Provider, Role, near_miss
from trueweight.core.json_value import JsonObject
from trueweight.redaction import know_variables


def load_providers(path: Path, *, environ: Mapping[str, str] | None) -> tuple[Provider, ...]:
    """Read the providers of a file, in its order.

    Args:
        environ: the environment variables. Keys are only checked for presence here; `keys_for` reads them. None: this
            machine needs no key, so none is checked.

    Raises:
        ConfigError: for the first mistake, with file, line, key, value, what is valid and the near miss.
            A value that may be a secret is never shown.
    """
    hint = "`trueweight init` writes a providers.toml."
    return parse_providers(read_toml_text(path, area="config", hint=hint), str(path), environ=environ)


def parse_providers(text: str, where: str, *, environ: Mapping[str, str] | None) -> tuple[Provider, ...]:
    """The providers of a text, as `load_providers`.

    Args:
        where: the name of the text in an error.
    """
    document = parse_toml(text, where, area="config", hint='Valid: [[provider]] tables with lines like name = "…".')
    file = Spot(where, Lines.of(text))
    entries = _entries(file, document)
    providers: list[Provider] = []
    for index, entry in enumerate(entries):
        spot = file.at("provider", index)
        provider = read_provider(spot, entry, environ)
        _refuse_clash(spot, provider, providers)
        _refuse_other_sampling(spot, provider, providers)
        providers.append(provider)
    know_variables(provider.api_key_env for provider in providers)
    return tuple(providers)


class Narrowed(NamedTuple):
    """Providers with fewer APIs, and the names of those that have none of the wanted ones."""

    providers: tuple[Provider, ...]
    left_out: tuple[str, ...]


def only_apis(providers: Sequence[Provider], names: Collection[str]) -> Narrowed:
    """The providers with those of their APIs that are named; all of them if none is named.

    Raises:
        ConfigError: ``unknown-protocol`` for a name that is no API; ``no-provider`` if no provider has one of them.
    """
    if not names:
        return Narrowed(tuple(providers), ())
    for name in names:
        PROTOCOLS.get(name)
    kept = [(one, tuple(api for api in one.api if api in names)) for one in providers]
    found = tuple(replace(one, api=apis) for one, apis in kept if apis)
    if not found:
        has = "; ".join(f"{one.name}: {', '.join(one.api)}" for one in providers)
        raise ConfigError(
            f"no provider has the API {' or '.join(names)}",
            code="no-provider",
            where="--api",
            hint=f"Valid: an API that a provider's entry names with `api = [...]`. Now: {has}.",
        )
    return Narrowed(found, tuple(one.name for one, apis in kept if not apis))


def _entries(file: Spot, document: JsonObject) -> list[JsonObject]:
    for key in document:
        if key != "provider":
            file.at(key).refuse(
                f"unknown key {key!r} outside any [[provider]]",
                code="config-unknown-key",
                hint=near_miss(key, ["provider"]),
            )
    entries = document.get("provider")
    if isinstance(entries, dict):
        file.at("provider").refuse(
            "[provider] is one table",
            code="config-type",
            hint="Valid: [[provider]], with two brackets, for each provider.",
        )
    if not entries:
        file.refuse(
            "no provider in this file",
            code="config-empty",
            hint="Valid: at least one [[provider]] table with name, base_url and model.",
        )
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        file.at("provider").refuse("provider is not a list of tables", code="config-type", hint="Valid: [[provider]].")
    return list(entries)


def _refuse_clash(spot: Spot, provider: Provider, earlier: list[Provider]) -> None:
    for position, other in enumerate(earlier):
        other_line = spot.lines.find("provider", position, "name")
        if _as_seen(other.name) == _as_seen(provider.name):
            spot.at("name").refuse(
                f"name = {provider.name!r} is already the name of the provider in line {other_line}",
                code="config-duplicate-name",
                hint="Valid: a name that no other provider in the file has.",
            )
        if other.role is provider.role is Role.REFERENCE:
            spot.at("role").refuse(
                f"role = 'reference': {other.name!r} in line {other_line} is already the reference",
                code="config-two-references",
                hint='Valid: one reference at most; make this one role = "candidate".',
            )


def _refuse_other_sampling(spot: Spot, provider: Provider, earlier: list[Provider]) -> None:
    """Sampling is the same for all providers, or their replies cannot be compared; one of them may state it for all."""
    stated = next((other for other in earlier if other.sampling), None)
    if stated is not None and provider.sampling and provider.sampling != stated.sampling:
        spot.at("sampling").refuse_value(
            provider.sampling,
            f"provider {stated.name!r} has {dict(stated.sampling)}",
            valid="the same sampling for all providers; one of them may state it for all",
        )


def _as_seen(name: str) -> str:
    """The same text for names that look the same: an accent may be part of its letter, or a separate character."""
    return unicodedata.normalize("NFKC", name)
