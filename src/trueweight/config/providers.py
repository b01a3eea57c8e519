"""``providers.toml`` → providers."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trueweight.config.entry import read_entry
from trueweight.config.lines import Lines
from trueweight.config.spot import Spot
from trueweight.core import ConfigError, Provider, Role, near_miss

_AT_LINE = re.compile(r"at line (\d+)")


def load_providers(path: Path, *, environ: Mapping[str, str]) -> tuple[Provider, ...]:
    """Read the providers of a file, in its order.

    Args:
        environ: where the keys are looked for. They are only checked for presence here; `keys_for` reads them.

    Raises:
        ConfigError: for the first thing that is wrong; says file, line, key, value, what is valid and the near miss.
            A value that may be a secret is never shown.
    """
    text = _read(path)
    document = _parse(path, text)
    file = Spot(str(path), Lines.of(text))
    entries = _entries(file, document)
    providers: list[Provider] = []
    for index, entry in enumerate(entries):
        spot = file.inside("provider", index)
        provider = read_entry(spot, entry, environ)
        _refuse_clash(spot, provider, providers)
        providers.append(provider)
    return tuple(providers)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"byte {error.start} is not UTF-8", code="config-encoding", where=str(path), hint="Save the file as UTF-8."
        ) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(
            f"cannot read the file: {reason}",
            code="config-unreadable",
            where=str(path),
            hint="`trueweight fleet serve` prints a providers.toml to start from.",
        ) from None


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        line = int(found.group(1)) if found else max(1, len(text.splitlines()))
        reason = str(error).split(" (at ")[0]
        # "from None": the original keeps the whole document, and with it whatever key somebody pasted there.
        raise ConfigError(
            f"not valid TOML: {reason}",
            code="config-toml",
            where=f"{path}:{line}",
            hint='Valid: [[provider]] tables with lines like name = "…".',
        ) from None


def _entries(file: Spot, document: dict[str, Any]) -> list[dict[str, Any]]:
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
            "[provider] is one table", code="config-type", hint="Valid: [[provider]], with two brackets, once for each."
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
        if other.name == provider.name:
            spot.at("name").refuse(
                f"name = {provider.name!r} is taken already, in line {other_line}",
                code="config-duplicate-name",
                hint="Valid: a name that no other provider in the file has.",
            )
        if other.role is provider.role is Role.REFERENCE:
            spot.at("role").refuse(
                f"role = 'reference': {other.name!r} in line {other_line} is the reference already",
                code="config-two-references",
                hint='Valid: one reference at most; make this one role = "candidate".',
            )
