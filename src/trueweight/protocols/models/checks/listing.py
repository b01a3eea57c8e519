"""The list of models: what clients read from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trueweight.core import Case, Reply, Severity, Span
from trueweight.core.case import SERVED_MODEL_CHECK
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import quote, whole
from trueweight.core.example import Example
from trueweight.core.json_value import JsonObject
from trueweight.protocols.locate import values
from trueweight.protocols.sample import MODELS_CASE, WHOLE_LIST, listed

_LIST = "https://platform.openai.com/docs/api-reference/models/list"


@check(
    "models-list",
    "The list of models is an object whose data is an array, and each model in it has an id.",
    failure="{cases} had a list of models without data, or a model without an id",
    protocol="models",
    scope=Scope.RESPONSE,
    engine=True,
    severity=Severity.SHOULD,
    source=_LIST,
    why="Interfaces for choosing a model show none, or raise.",
    fix='Answer {"object": "list", "data": [{"id": …}, …]}, also where there is one model only.',
    example=Example(listed({"id": "m"}, {"name": "n"}), '"n"', WHOLE_LIST, MODELS_CASE),
)
def models_list(_: Case, reply: Reply) -> CheckResult | None:
    """``http-json`` judges a body that is not a JSON object. Unknown fields are allowed."""
    if not isinstance(reply.json, dict) or reply.error is not None:
        return None
    data = reply.json.get("data")
    if not isinstance(data, list):
        return Fail("there is no array of models", "data: an array", quote(data), _spans(reply, "data"))
    if not data:
        return Fail("the list is empty", "a model", "none", _spans(reply, "data"))
    nameless = [at for at, model in enumerate(data) if not _has_id(model)]
    if nameless:
        words = f"{len(nameless)} of {len(data)} models have no id"
        return Fail(words, "an id", quote(data[nameless[0]]), _spans(reply, "data", nameless[0]))
    return Pass()


@check(
    SERVED_MODEL_CHECK,
    "The list of models has the model that the provider serves.",
    failure="The list of models does not have the model that is served in {cases}",
    protocol="models",
    scope=Scope.RESPONSE,
    engine=True,
    severity=Severity.SHOULD,
    on_request=True,
    params={
        "type": "object",
        "properties": {"model": {"type": "string", "minLength": 1}},
        "additionalProperties": False,
    },
    source="https://github.com/decolua/9router/issues/1512",
    why="Clients that check the list, or choose from it, refuse to send a request.",
    fix="List every id under which a request is answered.",
    example=Example(
        listed({"id": "other"}),
        "other",
        listed({"id": "m"}),
        replace(MODELS_CASE, checks={SERVED_MODEL_CHECK: {"model": "m"}}),
    ),
)
def models_lists_served(_: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """A run gives the id of the provider's model. ``models-list`` judges the form of the list."""
    data = reply.json.get("data") if isinstance(reply.json, dict) and reply.error is None else None
    ids = [model["id"] for model in data if _has_id(model)] if isinstance(data, list) else []
    if "model" not in params or not ids:
        return None
    if params["model"] not in ids:
        words = f"the list has {len(ids)} models, and not {quote(params['model'])}"
        return Fail(words, quote(params["model"]), quote(ids[:5]), _spans(reply, "data"))
    return Pass()


@check(
    "models-fields",
    "Each model in the list has object, created and owned_by.",
    failure="{cases} had a model without object, created or owned_by",
    protocol="models",
    scope=Scope.RESPONSE,
    engine=True,
    severity=Severity.INFO,
    source=_LIST,
    why="Strictly typed clients require them; other clients do not.",
    fix="Fill in the three fields.",
    example=Example(listed({"id": "m", "object": "model"}), '"m"', WHOLE_LIST, MODELS_CASE),
)
def models_fields(_: Case, reply: Reply) -> CheckResult | None:
    """Reports the first failure. INFO only: few clients read these fields."""
    data = reply.json.get("data") if isinstance(reply.json, dict) and reply.error is None else None
    models = [(at, model) for at, model in enumerate(data if isinstance(data, list) else ()) if isinstance(model, dict)]
    for at, model in models:
        if missing := _missing(model):
            words = f"{', '.join(missing)} missing or wrong"
            return Fail(words, "object=model, created, owned_by", quote(model), _spans(reply, "data", at))
    return Pass() if models else None


def _has_id(model: Any) -> bool:
    return isinstance(model, dict) and isinstance(model.get("id"), str) and model["id"] != ""


def _missing(model: JsonObject) -> list[str]:
    created = model.get("created")
    right = {
        "object": model.get("object") == "model",
        "created": isinstance(created, int | float) and not isinstance(created, bool),
        "owned_by": isinstance(model.get("owned_by"), str),
    }
    return [name for name, good in right.items() if not good]


def _spans(reply: Reply, *path: str | int) -> tuple[Span, ...]:
    found = next((span for at, span in values(reply.body) if at == path), None)
    return whole(reply) if found is None else (found,)
