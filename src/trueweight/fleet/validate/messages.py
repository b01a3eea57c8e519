"""Messages: roles, contents, and tool results that answer the calls before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trueweight.fleet.errors import RefusedError
from trueweight.fleet.validate.refuse import refuse

ROLES = ("system", "developer", "user", "assistant", "tool", "function", "_input")
"""``_input`` is how recorded K2 Vendor Verifier requests name the user; it is rendered like any other role."""

_PARTS = ("text", "image_url", "input_audio", "video_url", "file", "refusal")


def check_messages(body: Mapping[str, Any]) -> None:
    """Check the messages one by one, and that each tool call has a result."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise RefusedError("'messages' must be a non-empty list.", param="messages", code="missing_required_parameter")
    for at, message in enumerate(messages):
        _message(message, f"messages[{at}]")
    _results(messages)


def _message(message: Any, param: str) -> None:
    if not isinstance(message, Mapping):
        refuse(param, "expected an object.")
    if message.get("role") not in ROLES:
        refuse(f"{param}.role", f"{message.get('role')!r} is not one of {', '.join(ROLES[:-1])}.")
    if "tools" in message:
        _declaring(message, param)
    _content(message, param)
    if message["role"] == "tool" and not isinstance(message.get("tool_call_id"), str):
        refuse(f"{param}.tool_call_id", "a tool message must name the call it answers.")
    calls = message.get("tool_calls")
    if calls is not None and not (isinstance(calls, list) and all(isinstance(call, Mapping) for call in calls)):
        refuse(f"{param}.tool_calls", "expected a list of calls.")


def _declaring(message: Mapping[str, Any], param: str) -> None:
    """A message may declare tools if it is a system message without content."""
    if message["role"] != "system":
        refuse(f"{param}.tools", "tools may only be declared in a system message.")
    if message.get("content"):
        refuse(f"{param}.content", "a message that declares tools must have no content.")
    if not isinstance(message["tools"], list) or not message["tools"]:
        refuse(f"{param}.tools", "expected a non-empty list.")


def _content(message: Mapping[str, Any], param: str) -> None:
    content = message.get("content")
    if content is None and (message["role"] == "assistant" or message.get("tools")):
        return
    if isinstance(content, list):
        if all(isinstance(part, Mapping) and part.get("type") in _PARTS for part in content):
            return
        refuse(f"{param}.content", f"each part must be an object whose type is one of {', '.join(_PARTS)}.")
    if not isinstance(content, str):
        refuse(f"{param}.content", "expected a string or a list of parts.")


def _results(messages: Sequence[Mapping[str, Any]]) -> None:
    """Every tool message answers a call, and every call is answered before the next message."""
    open_calls: set[str] = set()
    known: set[str] = set()
    for at, message in enumerate(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in known:
                refuse(f"messages[{at}].tool_call_id", f"{message['tool_call_id']!r} answers no call before it.")
            open_calls.discard(message["tool_call_id"])
            continue
        _all_answered(open_calls, at)
        open_calls = {call["id"] for call in message.get("tool_calls") or () if isinstance(call.get("id"), str)}
        known |= open_calls
    _all_answered(open_calls, len(messages))


def _all_answered(open_calls: set[str], at: int) -> None:
    if open_calls:
        names = ", ".join(sorted(open_calls))
        refuse(f"messages[{at}]", f"tool calls must be answered by tool messages; no answer to {names}.")
