"""The manifest: every field's type is checked, format 1 is read, and the published schema is that of the class."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from trueweight.core import InfrastructureError
from trueweight.core.schemas import load_schema
from trueweight.store import Manifest, manifest_from_json, manifest_to_json
from trueweight.store.manifest import manifest_schema


def as_json(manifest: Manifest) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(json.dumps(manifest_to_json(manifest)))
    return value


def test_what_is_written_is_what_is_read(manifest: Manifest) -> None:
    """The manifest survives JSON, and the published schema accepts it."""
    assert manifest_from_json(as_json(manifest)) == manifest
    jsonschema.validate(as_json(manifest), load_schema("manifest"))


def test_the_published_schema_is_that_of_the_class() -> None:
    """Write ``manifest_schema()`` into the file after a change of the class."""
    assert load_schema("manifest") == json.loads(json.dumps(manifest_schema()))


def test_format_1_is_read(manifest: Manifest) -> None:
    """It calls the passes over the plan ``asks``, and knows no later field."""
    value = as_json(manifest)
    old = {key: inner for key, inner in value.items() if key != "passes"} | {"asks": 3}
    assert manifest_from_json(old | {"format": "trueweight.manifest/1"}).passes == 3


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("seed",), "x", "at $.seed: Expected int, got str"),
        (("repeats",), 0, "at $.repeats: Expected int >= 1"),
        (("passes",), None, "at $.passes: Expected int, got null"),
        (("suites", 0, "digest"), "short", "at $.suites[0].digest: Expected str matching regex"),
        (("suites", 0, "extra"), 1, "at $.suites[0]: Object contains unknown field extra"),
        (("providers", 1, "role"), "judge", "at $.providers[1].role: Invalid enum value 'judge'"),
        (("providers", 0, "price", "input"), -1, "at $.providers[0].price.input: Expected float >= 0.0"),
        (("providers", 0, "headers", "X"), 1, "at $.providers[0].headers[...]: Expected str, got int"),
        (("providers", 0, "key"), "abc", "at $.providers[0]: Object contains unknown field key"),
        (("options",), [], "at $.options: Expected object, got array"),
        (("extra",), 1, "at $: Object contains unknown field extra"),
    ],
)
def test_a_wrong_field_is_named(manifest: Manifest, path: tuple[str | int, ...], value: object, says: str) -> None:
    """The error has the file, the field, and what is wrong with it."""
    spoilt: Any = as_json(manifest)
    inner: Any = spoilt
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(InfrastructureError) as caught:
        manifest_from_json(spoilt, where="run/manifest.json")
    assert (caught.value.code, caught.value.where) == ("run-corrupt", "run/manifest.json")
    assert says in caught.value.message


def test_a_missing_field_is_named(manifest: Manifest) -> None:
    """As a wrong one is."""
    value = {key: inner for key, inner in as_json(manifest).items() if key != "seed"}
    with pytest.raises(InfrastructureError, match=r"at \$: Object missing required field seed"):
        manifest_from_json(value)
