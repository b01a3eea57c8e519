"""What requests have in common, in words: their fields, the mode, what is in their messages, tools and schemas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from trueweight.core import Case, Mode, Observation
from trueweight.core.request import listed_messages, requested_schema

_SHORT: Final = 40
"""Characters of a value that a message quotes."""
_ORDINARY: Final = frozenset({"messages", "model", "max_tokens", "max_completion_tokens", "temperature", "seed"})
_EVERYDAY: Final = frozenset({"type", "properties", "required", "description", "title"})
"""Keywords of nearly every schema."""


def request_traits(case: Case, seen: Observation) -> set[str]:
    """What a request has that others may lack, in words that follow "requests"."""
    found = {f"with {name}" for name in case.request if name not in _ORDINARY}
    found |= {f"with {name} {_word(case.request[name])}" for name in case.request if name not in _ORDINARY}
    mode = "for a stream" if seen.mode is Mode.STREAM else "for a plain reply"
    found |= {mode, *(f"{mode} {trait}" for trait in found)}
    n = case.request.get("n")
    if isinstance(n, int) and n > 1:
        found.add("for several choices")
    for message in listed_messages(case.request):
        found.update(_message_traits(message))
    return found


def _word(value: object) -> str:
    """A short value, or the kind of a longer one."""
    if isinstance(value, Mapping):
        return f"of the type {str(value.get('type', 'object'))[:_SHORT]}"
    return str(value)[:_SHORT] if isinstance(value, str | bool | int) or value is None else "of this kind"


def _message_traits(message: Mapping[str, Any]) -> Iterable[str]:
    role, content = message.get("role"), message.get("content")
    if isinstance(role, str) and role != "user":
        yield f"with a message of the role {role[:_SHORT]}"
    if message.get("tool_calls"):
        yield "with calls in the history"
    for part in content if isinstance(content, list | tuple) else ():
        if isinstance(part, Mapping):
            yield f"with a part of the type {str(part.get('type'))[:_SHORT]}"


def fine_traits(case: Case, seen: Observation) -> set[str]:
    """The same, with what is inside of tools, of schemas and of the order of the messages."""
    found = request_traits(case, seen)
    tools = case.request.get("tools")
    for tool in tools if isinstance(tools, list | tuple) else ():
        found.update(_tool_traits(tool.get("function") if isinstance(tool, Mapping) else None))
    wanted = case.request.get("response_format")
    if (
        isinstance(wanted, Mapping)
        and isinstance(wanted.get("json_schema"), Mapping)
        and wanted["json_schema"].get("strict")
    ):
        found.add("with a strict response_format")
    found |= {f"with {keyword} in a schema" for keyword in _keywords(requested_schema(case.request))}
    if isinstance(tools, list | tuple) and not tools:
        found.add("with an empty list of tools")
    messages = listed_messages(case.request)
    roles = [one.get("role") for one in messages]
    if roles.count("system") > 1:
        found.add("with several system messages")
    if "system" in roles[1:]:
        found.add("with a system message that is not the first")
    if roles and roles[-1] == "assistant":
        found.add("that end with a message of the assistant")
    if any("content" in one and one["content"] is None for one in messages):
        found.add("with a message whose content is null")
    histories = [calls for one in messages if isinstance(calls := one.get("tool_calls"), list | tuple)]
    if any(_lacks_arguments(call) for calls in histories for call in calls):
        found.add("with a call without arguments in the history")
    return found


def _lacks_arguments(call: Any) -> bool:
    function = call.get("function") if isinstance(call, Mapping) else None
    return isinstance(function, Mapping) and not function.get("arguments")


def _tool_traits(function: Any) -> Iterator[str]:
    if not isinstance(function, Mapping):
        return
    schema = function.get("parameters")
    if not isinstance(schema, Mapping):
        yield "with a tool without parameters"
    elif not schema.get("properties"):
        yield "with a tool whose parameters have no properties"
    if function.get("strict"):
        yield "with a strict tool"
    if not function.get("description"):
        yield "with a tool without a description"
    yield from (f"with {keyword} in a schema" for keyword in _keywords(schema))


def _keywords(schema: Any) -> set[str]:
    """The rarer keywords of a schema, at any depth. Names of properties are none."""
    found: set[str] = set()
    stack = [schema]
    while stack:
        one = stack.pop()
        if isinstance(one, list | tuple):
            stack += one
        if not isinstance(one, Mapping):
            continue
        for key, value in one.items():
            found.add(str(key)[:_SHORT])
            named = key in ("properties", "$defs", "definitions", "patternProperties") and isinstance(value, Mapping)
            if named:
                stack += value.values()
            elif key not in ("enum", "const", "default", "examples"):
                stack.append(value)
    return found - _EVERYDAY
