"""The published JSON Schemas of the file formats: suites, manifests, exchanges, summaries and the gate's result."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import msgspec

from trueweight.core import TrueweightError, near_miss
from trueweight.core.json_value import JsonObject
from trueweight.core.summary import FORMAT as SUMMARY_FORMAT
from trueweight.core.summary import Summary

__all__ = ["load_schema", "schema_names", "summary_schema"]

_SUFFIX = ".schema.json"


@cache
def schema_names() -> tuple[str, ...]:
    """The names that :func:`load_schema` knows, sorted."""
    entries = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in entries if name.endswith(_SUFFIX)))


def load_schema(name: str) -> JsonObject:
    """The published schema of a format, e.g. ``load_schema("suite")``; read from disk once.

    The result is a shallow copy: do not change the values in it.

    Raises:
        TrueweightError: there is no schema of that name (code ``schema-unknown``).
    """
    return dict(_read(name.removesuffix(_SUFFIX)))


@cache
def _read(name: str) -> JsonObject:
    # Looked up among the names that exist, so that no name can reach a file outside this package.
    if name not in schema_names():
        raise TrueweightError(f"unknown schema {name!r}", code="schema-unknown", hint=near_miss(name, schema_names()))
    schema: JsonObject = json.loads(files(__name__).joinpath(name + _SUFFIX).read_text(encoding="utf-8"))
    return schema


def summary_schema() -> JsonObject:
    """The schema of ``summary.json``, made from its classes. A test holds that the published file equals it."""
    (top,), components = msgspec.json.schema_components([Summary], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://trueweight.dev/schemas/summary.schema.json",
        "title": f"summary.json, {SUMMARY_FORMAT}",
        **top,
        "$defs": components,
    }
