"""Recorded requests and replies of the chat-completions API, one pair per line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trueweight.core import Case, Severity
from trueweight.core.json_value import JsonObject
from trueweight.suites.importers.importer import Malformed, Numbered, chat_request, importer, json_lines, make_case

SOURCE = "https://platform.openai.com/docs/api-reference/chat"


@importer("openai-log", "recorded requests, with their replies or without (JSONL: request, response)")
def convert(path: Path, suite: str) -> Iterator[Case | Malformed]:
    """One case per line. The recorded reply becomes the case's answer. Checks against it have the severity INFO.

    The request is in ``request`` or ``body``, or is the line itself; the reply is in ``response``, as the API
    sent it or as its batches wrap it.
    """
    for item in json_lines(path):
        yield item if isinstance(item, Malformed) else _case(item, suite)


def _case(item: Numbered, suite: str) -> Case | Malformed:
    value = item.value
    request = chat_request(item, value.get("request", value.get("body", value)))
    if isinstance(request, Malformed):
        return request
    request = {key: part for key, part in request.items() if key not in ("response", "custom_id", "method", "url")}
    message = _message(value.get("response"))
    answer = None if message is None else _answer(message)
    called = answer is not None and "calls" in answer
    expected = {"tool-call-expected": {"call": "must" if called else "must-not"}}
    return make_case(
        suite,
        f"line-{item.line:04d}",
        request,
        why=f"Line {item.line} of {item.path.name}: a recorded request.",
        source=SOURCE,
        tags=("imported", "recorded"),
        severity=Severity.INFO,
        checks=expected if answer is not None and request.get("tools") else {},
        answer=answer,
    )


def _message(response: Any) -> Mapping[str, Any] | None:
    """The message of the first choice; None if there is none."""
    if isinstance(response, dict) and isinstance(response.get("body"), dict):
        response = response["body"]
    try:
        message = response["choices"][0]["message"]
    except (KeyError, IndexError, TypeError):
        return None
    return message if isinstance(message, dict) else None


def _answer(message: Mapping[str, Any]) -> JsonObject | None:
    """The reply as a case's answer; None if it is empty or has a malformed call."""
    calls = []
    for call in message.get("tool_calls") or ():
        try:
            arguments = json.loads(call["function"]["arguments"] or "{}")
            calls.append({"name": call["function"]["name"], "arguments": arguments})
        except (KeyError, TypeError, ValueError):
            return None
        if not isinstance(arguments, dict):
            return None
    answer: JsonObject = {"calls": calls} if calls else {}
    if isinstance(message.get("content"), str) and message["content"]:
        answer["content"] = message["content"]
    return answer or None
