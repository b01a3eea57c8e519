"""Recorded requests and replies of the chat-completions API: logs, batches, gateways and training files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from trueweight.core import Severity
from trueweight.core.json_value import JsonObject
from trueweight.suites.importers.importer import (
    Item,
    LeftOut,
    Malformed,
    NotSent,
    Numbered,
    chat_request,
    importer,
    json_lines,
    make_case,
)

SOURCE = "https://platform.openai.com/docs/api-reference/chat"
_BODIES: Final = ("request", "request_body", "proxy_server_request", "body")
_REPLIES: Final = ("response", "response_body")
_JSON_TEXTS: Final = (*_BODIES, *_REPLIES, "messages", "tools")
_BESIDE_BODY: Final = frozenset({*_BODIES, *_REPLIES, "custom_id", "method", "url"})
_MESSAGES_PARTS: Final = frozenset({"tool_use", "tool_result", "thinking"})


class _Record(NamedTuple):
    """What one line holds: the body, the message that answers it, and the names of the fields around the body."""

    body: Any
    message: Any
    row: tuple[str, ...]


def _files(path: Path) -> Sequence[Path]:
    return sorted(path.glob("*.jsonl")) if path.is_dir() else [path]


@importer(
    "openai-log",
    "recorded requests, with their replies or without: logs, Batch input and output, fine-tuning (JSONL or a folder)",
    _files,
)
def convert(path: Path, suite: str) -> Iterator[Item]:
    """One case per request. The recorded reply becomes the case's answer. Checks against it have the severity INFO.

    The request is in ``request``, ``body`` or another field that gateways use, or is the line itself. The output of a
    batch is joined to its input by ``custom_id``, in the same file or in one beside it. The last assistant turn of a
    fine-tuning line is its answer. Of a request only fields that the API defines are sent.
    """
    files = _files(path)
    if not files:
        yield Malformed(path, 0, "no .jsonl file in this folder")
    lines = [(file, item) for file in files for item in json_lines(file)]
    own = [item for _, item in lines if isinstance(item, Numbered) and "custom_id" in item.value]
    beside = sorted(set(path.parent.glob("*.jsonl")) - {path}) if own and not path.is_dir() else []
    others = [item for file in beside for item in json_lines(file) if isinstance(item, Numbered)]
    batch = _Batch(own, [item for item in others if "custom_id" in item.value])
    for file, item in lines:
        prefix = f"{file.stem.lower()}-" if path.is_dir() else ""
        if isinstance(item, Malformed):
            yield item
        else:
            yield from _items(item, suite, f"{prefix}line-{item.line:04d}", batch)


class _Batch:
    """The lines of a batch by ``custom_id``: the requests of the file, those of files beside it, and the replies."""

    def __init__(self, own: Sequence[Numbered], beside: Sequence[Numbered]) -> None:
        self.own = {str(one.value["custom_id"]): one.value for one in own if "body" in one.value}
        self.requests = {str(one.value["custom_id"]): one.value for one in beside if "body" in one.value} | self.own
        self.replies = {str(one.value["custom_id"]): one.value for one in (*beside, *own) if "response" in one.value}


def _items(item: Numbered, suite: str, case_id: str, batch: _Batch) -> Iterator[Item]:
    value = {key: _parsed(part) if key in _JSON_TEXTS else part for key, part in item.value.items()}
    record = _batch_record(value, batch) if "custom_id" in value else _record(value)
    if isinstance(record, str):
        yield LeftOut(item.path, item.line, record)
        return
    reason = _not_chat(record.body, value)
    if reason:
        yield LeftOut(item.path, item.line, reason)
        return
    request = chat_request(item, record.body)
    if isinstance(request, Malformed):
        yield request
        return
    row = (name for name in record.row if name not in record.body)
    if not_sent := (*row, *request.not_sent):
        yield NotSent(item.path, item.line, not_sent)
    answer = _answer(record.message) if isinstance(record.message, Mapping) else None
    called = answer is not None and "calls" in answer
    expected = {"tool-call-expected": {"call": "must" if called else "must-not"}}
    yield make_case(
        suite,
        case_id,
        request.body,
        why=f"Line {item.line} of {item.path.name}: a recorded request.",
        source=SOURCE,
        tags=("imported", "recorded"),
        severity=Severity.INFO,
        checks=expected if answer is not None and request.body.get("tools") else {},
        answer=answer,
    )


def _parsed(value: Any) -> Any:
    """A value that a table keeps as JSON text, read; any other value as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _batch_record(value: Mapping[str, Any], batch: _Batch) -> _Record | str:
    """A line of a batch with its other half; or why it is no case."""
    named = str(value["custom_id"])
    if "body" not in value and named in batch.own:
        return "the reply to a request of the same file, which it is joined to by custom_id"
    if "body" not in value and named not in batch.requests:
        return "a reply without its request: no line here or in a .jsonl file beside it has its custom_id and a body"
    request = batch.requests.get(named, value) if "body" not in value else value
    reply = batch.replies.get(named, {}).get("response")
    if str(request.get("url", "/chat/completions")).rstrip("/").endswith("/chat/completions"):
        row = tuple(name for name in value if name not in _BESIDE_BODY)
        return _Record(_parsed(request.get("body")), _message(_parsed(reply)), row)
    return f"a request to {request['url']}, not to chat completions"


def _record(value: Mapping[str, Any]) -> _Record:
    found = next((value[name] for name in _BODIES if name in value and value[name] not in (None, {}, "")), None)
    if isinstance(found, Mapping) and "messages" not in found and isinstance(found.get("body"), Mapping):
        found = found["body"]
    reply = next((value[name] for name in _REPLIES if value.get(name)), None)
    if found is not None:
        return _Record(found, _message(reply), tuple(name for name in value if name not in _BESIDE_BODY))
    if isinstance(value.get("input"), Mapping) and "preferred_output" in value:
        turns = value["preferred_output"]
        return _Record(value["input"], turns[-1] if isinstance(turns, list) and turns else None, ())
    if "choices" in value and reply is None:
        reply = value
    body = {name: part for name, part in value.items() if name not in _BESIDE_BODY}
    messages = body.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    if reply is None and isinstance(messages, list) and len(messages) > 1 and _is_answer(last):
        return _Record({**body, "messages": messages[:-1]}, last, ())
    return _Record(body, _message(reply), ())


def _is_answer(turn: Any) -> bool:
    """Whether a turn is an assistant's that nothing has to continue."""
    if not isinstance(turn, Mapping) or turn.get("role") != "assistant":
        return False
    return not (turn.get("prefix") or turn.get("partial"))


def _not_chat(body: Any, row: Mapping[str, Any]) -> str:
    """Why a body is not one of chat completions; "" if it is, or if it is none at all."""
    if not isinstance(body, Mapping):
        return ""
    messages = body.get("messages")
    if not messages and "spend" in row:
        return "no messages are stored (LiteLLM keeps them with store_prompts_in_spend_logs)"
    if "messages" not in body:
        kinds = {"input": "Responses or embeddings", "prompt": "legacy completions", "contents": "Gemini"}
        return next(
            (f"a request of {kind}, not of chat completions" for name, kind in kinds.items() if name in body), ""
        )
    tools = body.get("tools")
    contents = (
        [one.get("content") for one in messages if isinstance(one, Mapping)] if isinstance(messages, list) else []
    )
    parts = [part for content in contents if isinstance(content, list) for part in content if isinstance(part, Mapping)]
    response = row.get("response")
    if (
        any(name in body for name in ("system", "anthropic_version", "stop_sequences"))
        or any(
            isinstance(tool, Mapping) and "input_schema" in tool for tool in (tools if isinstance(tools, list) else ())
        )
        or any(part.get("type") in _MESSAGES_PARTS for part in parts)
        or (isinstance(response, Mapping) and response.get("type") == "message")
    ):
        return "a request of the Messages API (Anthropic), not of chat completions"
    return ""


def _message(response: Any) -> Any:
    """The message of the first choice; None if there is none."""
    if isinstance(response, Mapping) and isinstance(response.get("body"), Mapping):
        response = response["body"]
    try:
        return response["choices"][0]["message"]
    except (KeyError, IndexError, TypeError):
        return None


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
