"""Lists of models that clients cannot read."""

from __future__ import annotations

from typing import Any

from trueweight.core.json_value import JsonObject
from trueweight.fleet.faults.fault import Fault, fault


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
