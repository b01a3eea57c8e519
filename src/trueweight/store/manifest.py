"""The manifest of a run: its plan, its providers, the digest of its bar, and the client's machine."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from trueweight.core import MOST_ALLOWANCE, MOST_PASSES, MOST_REPEATS, InfrastructureError, Provider, ThinkingMode
from trueweight.store.decode import problem_of

FORMAT = "trueweight.manifest/2"
_FIRST_FORMAT = "trueweight.manifest/1"
"""It is read, not written. It has ``asks`` where format 2 has ``passes``."""
SHARDS = "shards"
"""The option that lists the stretches of trial ids that are to be sent; without it, all of them."""
EARLIER_BARS = "earlier_bars"
"""The option that lists the bars, by digest, under which part of the data was recorded; null is none."""
COMMAND = "command"
"""The option with the words of the command that made the run, without the directory and what only shapes the output."""
ASKED_BY = "asked_by"
"""The option that names who asked for the run."""
AMENDED = "amended"
"""The option of a run that was resumed with other cases or providers. Without it, an exchange of an unknown case is
a damaged line."""


class SuiteRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A suite at the beginning of the run; ``cases`` is the number of its cases in the plan."""

    name: str
    digest: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    cases: Annotated[int, msgspec.Meta(ge=0)]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The plan and the providers of a run. It is written before the first request, and has no secrets.

    Attributes:
        repeats: trials of a candidate for each case and mode.
        passes: the reference gets this many times as many trials as a candidate.
        bar_digest: of the bar that was written before the run; None if there was none.
        started_at: UTC, ISO 8601.
        thinking: the modes of thinking in which the cases are sent.
        thinking_allowance: tokens that were added to the limits of the cases' answers, so that a thought fits before
            them: the same for all providers.
        host: ``python``, ``platform``, ``cpus`` of the client.
        options: other options that shaped the run, in the form that the command line gave them.
    """

    tool_version: str
    seed: int
    repeats: Annotated[int, msgspec.Meta(ge=1, le=MOST_REPEATS)]
    passes: Annotated[int, msgspec.Meta(ge=1, le=MOST_PASSES)]
    suites: tuple[SuiteRecord, ...]
    providers: tuple[Provider, ...]
    started_at: str
    bar_digest: str | None = None
    thinking: Annotated[tuple[ThinkingMode, ...], msgspec.Meta(min_length=1)] = (ThinkingMode.AS_SERVED,)
    thinking_allowance: Annotated[int, msgspec.Meta(ge=0, le=MOST_ALLOWANCE)] = 0
    host: Mapping[str, Any] = {}
    options: Mapping[str, Any] = {}
    format: str = FORMAT


def recorded_command(manifest: Manifest) -> tuple[str, ...]:
    """The words of the command that made the run; () if no command made it."""
    words = manifest.options.get(COMMAND)
    return tuple(map(str, words)) if isinstance(words, list | tuple) else ()


def manifest_to_json(manifest: Manifest) -> dict[str, Any]:
    """The manifest as a JSON object."""
    value: dict[str, Any] = msgspec.to_builtins(manifest)
    return value


def manifest_from_json(value: Any, *, where: str = "") -> Manifest:
    """The manifest in a JSON value, with every field's type checked.

    Raises:
        InfrastructureError: ``run-version`` for another format, ``run-corrupt`` for anything else.
    """
    found = value.get("format") if isinstance(value, dict) else None
    if found is None:
        raise InfrastructureError(
            "not the manifest of a run: the file is cut, damaged or of another kind",
            code="run-corrupt",
            where=where,
            hint=f"Valid: a JSON object with format {FORMAT}. If nothing was recorded, --fresh starts over.",
        )
    if found == _FIRST_FORMAT:
        value = {("passes" if key == "asks" else key): inner for key, inner in value.items()} | {"format": FORMAT}
    elif found != FORMAT:
        raise InfrastructureError(
            f"format {found!r} is not known to this version of trueweight",
            code="run-version",
            where=where,
            hint=f"Valid: {FORMAT}.",
        )
    try:
        manifest = msgspec.convert(value, Manifest)
        _refuse_unknown_keys(value["providers"])
    except msgspec.ValidationError as error:
        field, problem = problem_of(error)
        raise InfrastructureError(
            f"not a manifest: at {field}: {problem}",
            code="run-corrupt",
            where=where,
            hint="Valid: schemas/manifest.schema.json describes it.",
        ) from None
    return manifest


def _refuse_unknown_keys(providers: list[dict[str, Any]]) -> None:
    """A provider is a dataclass, and msgspec skips the keys that a dataclass does not have."""
    known = {field.name for field in dataclasses.fields(Provider)}
    for index, provider in enumerate(providers):
        for key in provider.keys() - known:
            raise msgspec.ValidationError(f"Object contains unknown field `{key}` - at `$.providers[{index}]`")


def manifest_schema() -> dict[str, Any]:
    """The JSON Schema of a manifest, as it is published in ``schemas/manifest.schema.json``."""
    schema = msgspec.json.schema(Manifest)
    schema["$defs"]["Manifest"]["properties"]["format"] = {"const": FORMAT}
    for definition in schema["$defs"].values():
        definition.pop("description", None)  # a docstring, which speaks of Python
    for name in ("Provider", "Price", "BodyChanges"):
        schema["$defs"][name]["additionalProperties"] = False
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:trueweight:schema:manifest:2",
        "title": "trueweight manifest, version 2",
        "description": "The plan and the providers of a run. Written before the first request; holds no secrets.",
        **schema,
    }
