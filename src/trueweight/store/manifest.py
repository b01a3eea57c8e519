"""The manifest of a run: what was asked of whom, against which bar, from which machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, NamedTuple

import jsonschema

from trueweight.core import InfrastructureError, Price, Provider, Role
from trueweight.core.schemas import load_schema

FORMAT = "trueweight.manifest/1"
SHARDS = "shards"
"""The option that says which trials, by id, were meant to be sent; without it, all of them."""
EARLIER_BARS = "earlier_bars"
"""The option that lists the bars, by digest, under which part of the data was recorded; null is none."""


class SuiteRecord(NamedTuple):
    """A suite as it was when the run began; ``cases`` is how many of its cases the run asks."""

    name: str
    digest: str
    cases: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a run is.

    Attributes:
        bar_digest: of the bar the user wrote before the run; None if there was none.
        started_at: UTC, ISO 8601.
        host: ``python``, ``platform``, ``cpus`` of the client.
        options: other options that shaped the run, as the command line understood them.
    """

    tool_version: str
    seed: int
    repeats: int
    asks: int
    suites: tuple[SuiteRecord, ...]
    providers: tuple[Provider, ...]
    started_at: str
    bar_digest: str | None = None
    host: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    format: str = FORMAT


def manifest_to_json(manifest: Manifest) -> dict[str, Any]:
    """The manifest as JSON can say it. Providers hold no secrets, so neither does this."""
    return {
        "format": manifest.format,
        "tool_version": manifest.tool_version,
        "seed": manifest.seed,
        "repeats": manifest.repeats,
        "asks": manifest.asks,
        "suites": [suite._asdict() for suite in manifest.suites],
        "providers": [_provider_to_json(provider) for provider in manifest.providers],
        "bar_digest": manifest.bar_digest,
        "started_at": manifest.started_at,
        "host": dict(manifest.host),
        "options": dict(manifest.options),
    }


def manifest_from_json(value: Any, *, where: str = "") -> Manifest:
    """The manifest that a JSON value holds, after checking it against its published schema.

    Raises:
        InfrastructureError: if it is of another format version, or not a manifest.
    """
    found = value.get("format") if isinstance(value, dict) else None
    if found is None:
        raise InfrastructureError(
            "not the manifest of a run: cut, damaged, or of something else",
            code="run-corrupt",
            where=where,
            hint=f"Valid: a JSON object with format {FORMAT}. If nothing was recorded, --fresh starts over.",
        )
    if found != FORMAT:
        raise InfrastructureError(
            f"format {found!r} is not known to this version of trueweight",
            code="run-version",
            where=where,
            hint=f"Valid: {FORMAT}.",
        )
    flaw = next(_validator().iter_errors(value), None)
    if flaw is not None:
        raise InfrastructureError(
            f"not a manifest: at {flaw.json_path}: {flaw.message[:200]}",
            code="run-corrupt",
            where=where,
            hint="Valid: what schemas/manifest.schema.json describes.",
        )
    return Manifest(
        tool_version=value["tool_version"],
        seed=value["seed"],
        repeats=value["repeats"],
        asks=value["asks"],
        suites=tuple(SuiteRecord(**suite) for suite in value["suites"]),
        providers=tuple(_provider_from_json(provider) for provider in value["providers"]),
        started_at=value["started_at"],
        bar_digest=value["bar_digest"],
        host=value["host"],
        options=value["options"],
    )


@cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(load_schema("manifest"))


def _provider_to_json(provider: Provider) -> dict[str, Any]:
    return {**asdict(provider), "role": provider.role.value}


def _provider_from_json(value: Mapping[str, Any]) -> Provider:
    price = value["price"]
    return Provider(**{**value, "role": Role(value["role"]), "price": None if price is None else Price(**price)})
