"""Decoding is not constrained: what the schema forbids comes through, as an unconstrained model writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trueweight.fleet.completion import ChatRequest, Completion, CompletionCall, CompletionChoice
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.template import tools_of

_SHARE_STRUCTURED = 0.85
_SHARE_ENUM = 0.6


@fault(
    "ignore-strict", rows=(31, 32), checks=("structured-output", "structured-output-bare", "structured-output-schema")
)
class IgnoreStrict(Fault):
    """Most ``json_schema`` answers are fenced, in prose or of wrong types; many enum arguments are off."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Undo what constrained decoding did."""
        wanted = chat.body.get("response_format") or {}
        choices = completion.choices
        if wanted.get("type") == "json_schema" and chat.coin(self.name) < _SHARE_STRUCTURED:
            manner = chat.coin(f"{self.name}/manner")
            choices = tuple(_loosened(choice, manner) for choice in choices)
        if tools_of(chat.body) and chat.coin(f"{self.name}/enum") < _SHARE_ENUM:
            choices = tuple(_off_enum(choice, tools_of(chat.body)) for choice in choices)
        return replace(completion, choices=choices)


def _loosened(choice: CompletionChoice, manner: float) -> CompletionChoice:
    """One of three ways in which models garnish a document."""
    if not choice.content:
        return choice
    if manner < 0.4:
        text = f"```json\n{choice.content}\n```"
    elif manner < 0.7:
        text = f"Sure! Here is the JSON you asked for:\n\n{choice.content}\n\nLet me know if you need anything else."
    else:
        text = _mistyped(choice.content)
    return replace(choice, content=text, logprobs=None)


def _mistyped(content: str) -> str:
    """The document with its first member's type changed and its last member dropped."""
    try:
        document = json.loads(content)
    except ValueError:
        return content + " "
    if not isinstance(document, dict) or not document:
        return json.dumps({"result": document}, ensure_ascii=False)
    first, *rest = document
    value = document[first]
    document[first] = [value] if isinstance(value, str) else str(value)
    if rest:
        del document[rest[-1]]
    return json.dumps(document, ensure_ascii=False)


def _off_enum(choice: CompletionChoice, tools: Any) -> CompletionChoice:
    schemas = {tool["function"]["name"]: tool["function"].get("parameters") or {} for tool in tools}
    return replace(choice, calls=tuple(_off(call, schemas.get(call.name, {})) for call in choice.calls))


def _off(call: CompletionCall, schema: Mapping[str, Any]) -> CompletionCall:
    """The call with each string argument that has an enum written another way."""
    try:
        arguments = json.loads(call.arguments)
    except ValueError:
        return call
    for name, part in (schema.get("properties") or {}).items():
        options = part.get("enum") if isinstance(part, Mapping) else None
        if options and isinstance(arguments, dict) and isinstance(arguments.get(name), str):
            value = arguments[name]
            arguments[name] = next(new for new in (value.upper(), value.title(), value + " ") if new not in options)
    return replace(call, arguments=json.dumps(arguments, ensure_ascii=False))
