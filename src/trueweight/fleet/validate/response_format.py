"""The form that an answer is asked for in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueweight.fleet.validate.refuse import check_schema, name_of, refuse, refuse_missing


def check_response_format(body: Mapping[str, Any]) -> None:
    """Text, any JSON object, or JSON by a schema."""
    wanted = body.get("response_format")
    if wanted is None:
        return
    kind = wanted.get("type") if isinstance(wanted, Mapping) else None
    if kind not in ("text", "json_object", "json_schema"):
        refuse("response_format.type", "expected 'text', 'json_object' or 'json_schema'.")
    if kind == "json_schema":
        _json_schema(wanted)


def _json_schema(wanted: Mapping[str, Any]) -> None:
    param = "response_format.json_schema"
    spec = wanted.get("json_schema")
    if not isinstance(spec, Mapping):
        refuse_missing(param)
    name_of(spec.get("name"), f"{param}.name")
    if spec.get("strict") is not None and not isinstance(spec["strict"], bool):
        refuse(f"{param}.strict", "expected a boolean.")
    if not isinstance(spec.get("schema"), Mapping):
        refuse(f"{param}.schema", "expected a JSON Schema object.")
    check_schema(spec["schema"], f"{param}.schema")
