"""What a request asks, without what the shape of an API changes, so that a case is known through each of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from trueweight.core import digest

_NO_PARAMETERS: Final = {"type": "object", "properties": {}}
_SETTINGS: Final = ("temperature", "top_p", "reasoning_effort")
"""Settings that count where two cases differ in nothing else."""


def question_of(body: Mapping[str, Any], *, settings: bool) -> str:
    """The digest of what a chat-completions body asks: conversation, tools, choice of tools and format.

    Args:
        settings: whether its sampling, its effort and its limit of tokens count too.
    """
    asked: dict[str, Any] = {
        "messages": [_message(one) for one in body.get("messages") or ()],
        "tools": [_tool(one) for one in body.get("tools") or ()],
        "choice": body.get("tool_choice") or "auto",
        "parallel": body.get("parallel_tool_calls") is not False,
        "format": _format(body.get("response_format")),
    }
    if settings:
        asked |= {name: _number(body.get(name)) for name in _SETTINGS}
        asked["limit"] = body.get("max_completion_tokens") or body.get("max_tokens")
    return digest(asked)


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _message(message: Any) -> Any:
    if not isinstance(message, Mapping):
        return message
    calls = message.get("tool_calls")
    role = message.get("role")
    return [
        "system" if role == "developer" else role,
        _text(message.get("content")),
        message.get("reasoning_content") or "",
        [_call(call) for call in calls] if isinstance(calls, list) else calls,
        message.get("tool_call_id"),
    ]


def _text(content: Any) -> Any:
    """The text of a content, parts joined; a content with other parts as it is."""
    if content is None:
        return ""
    if isinstance(content, list) and all(isinstance(part, Mapping) and part.get("type") == "text" for part in content):
        return "\n".join(str(part.get("text")) for part in content)
    return content


def _call(call: Any) -> Any:
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping):
        return call
    return [call.get("id"), function.get("name"), _arguments(function.get("arguments"))]


def _arguments(text: Any) -> Any:
    """The object that arguments are, because Messages has no text of them; else the arguments as they are."""
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return text


def _tool(tool: Any) -> Any:
    function = tool.get("function") if isinstance(tool, Mapping) else None
    if not isinstance(function, Mapping):
        return tool
    parameters = function.get("parameters") or _NO_PARAMETERS
    return [function.get("name"), function.get("description"), parameters]


def _format(wanted: Any) -> Any:
    if not isinstance(wanted, Mapping) or wanted.get("type") == "text":
        return None if isinstance(wanted, Mapping) else wanted
    wrapper = wanted.get("json_schema")
    return [wanted.get("type"), wrapper.get("schema") if isinstance(wrapper, Mapping) else None]
