"""Lists of models that clients cannot read."""

from __future__ import annotations

from typing import Any

from trueweight.core.json_value import JsonObject
from trueweight.fleet.completion import ResponseScript
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.network import MODEL


@fault("models-under-models", checks=("models-list",))
class ModelsUnderModels(Fault):
    """The list of models has another key than data."""

    def models(self, listed: JsonObject) -> Any:
        """Rename the key as another API does."""
        return {"models": listed["data"]}


@fault("models-bare", checks=("models-fields",))
class ModelsBare(Fault):
    """The list of models has ids and nothing else."""

    def models(self, listed: JsonObject) -> Any:
        """Keep the id."""
        return {**listed, "data": [{"id": model["id"]} for model in listed["data"]]}


@fault("models-without-served", checks=("models-lists-served",), reports=("9router#1512",))
class ModelsWithoutServed(Fault):
    """The list of models has other ids than the one that is served."""

    def models(self, listed: JsonObject) -> Any:
        """List the upstream's names."""
        return {**listed, "data": [{**model, "id": f"upstream/{model['id']}"} for model in listed["data"]]}


@fault("any-model", checks=("model-known",), reports=("mlx-serve#257",))
class AnyModel(Fault):
    """A request for a model that does not exist is answered by another one."""

    def accept(self, body: Any, objection: ResponseScript) -> Any:
        """Take the model that is loaded."""
        return {**body, "model": MODEL} if isinstance(body, dict) and isinstance(body.get("model"), str) else None
