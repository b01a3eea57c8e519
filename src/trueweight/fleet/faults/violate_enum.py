"""Arguments are generated freely: an enum is a suggestion."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trueweight.fleet.completion import ChatRequest, Completion, CompletionCall
from trueweight.fleet.faults.arguments import each_call
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.template import tools_of


@fault("violate-enum", rows=(31,), checks=("tool-arguments-enum",))
class ViolateEnum(Fault):
    """Every text argument that has an enum is written another way, at any depth of objects and lists."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Replace what the enum allows by what a person might say for it."""
        tools = tools_of(chat.body)
        schemas = {tool["function"]["name"]: tool["function"].get("parameters") or {} for tool in tools}
        return each_call(completion, lambda call: _off(call, schemas.get(call.name, {})))


def _off(call: CompletionCall, schema: Any) -> CompletionCall:
    try:
        arguments = json.loads(call.arguments)
    except ValueError:
        return call
    loosened = _loosen(arguments, schema)
    if loosened == arguments:
        return call
    return replace(call, arguments=json.dumps(loosened, ensure_ascii=False))


def _loosen(value: Any, schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return value
    if isinstance(value, dict):
        parts = schema.get("properties") or {}
        return {key: _loosen(item, parts.get(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_loosen(item, schema.get("items")) for item in value]
    options = schema.get("enum")
    if options and isinstance(value, str) and value in options:
        return next(new for new in (value.upper(), value.title(), value + " ", value + "?") if new not in options)
    return value
