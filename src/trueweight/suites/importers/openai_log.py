"""Recorded requests and replies of three APIs: logs, batches, gateways and training files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from trueweight.core import Severity
from trueweight.suites.importers.batch_lines import OF_SEVERAL, as_batch_line, ids_of_several
from trueweight.suites.importers.chat_shape import ChatShape, as_chat, path_of
from trueweight.suites.importers.importer import (
    Item,
    LeftOut,
    Malformed,
    NotSent,
    Numbered,
    chat_request,
    importer,
    is_list_of_objects,
    json_lines,
    make_case,
    parsed,
)
from trueweight.suites.importers.recorded_answer import answer_in, response_in
from trueweight.suites.importers.recorded_stream import stream_api

SOURCE = "https://platform.openai.com/docs/api-reference/chat"
_BODIES: Final = ("request", "request_body", "proxy_server_request", "body")
_REPLIES: Final = ("response", "response_body")
_SETTINGS: Final = ("model_parameters", "optional_params")
"""Fields in which LiteLLM's logs hold the body without its messages."""
_JSON_TEXTS: Final = (*_BODIES, *_REPLIES, *_SETTINGS, "messages", "tools")
_URLS: Final = ("url", "request_path", "path")
_BESIDE_BODY: Final = frozenset({*_BODIES, *_REPLIES, "custom_id", "method", "url"})
_APIS: Final = ("/chat/completions", "/responses", "/messages")
"""How the address of a request that is imported ends."""
_OTHERS: Final = {"prompt": "legacy completions", "contents": "Gemini"}
"""A field of a request that no API of these has → the API that has it."""


class _Record(NamedTuple):
    """What one line holds: the body, the reply to it, the names of the fields around the body, and the address."""

    body: Any
    reply: Any
    row: tuple[str, ...]
    url: str = ""


def _files(path: Path) -> Sequence[Path]:
    return sorted(path.glob("*.jsonl")) if path.is_dir() else [path]


@importer(
    "openai-log",
    "recorded requests of chat completions, Responses or Messages, with their replies or without: logs, Batch input "
    "and output, fine-tuning (JSONL or a folder)",
    _files,
)
def convert(path: Path, suite: str) -> Iterator[Item]:
    """One case per request. The recorded reply becomes the case's answer. Checks against it have the severity INFO.

    The request is in ``request``, ``body`` or another field that gateways use, or is the line itself. The output of a
    batch is joined to its input by ``custom_id``, in the same file or in one beside it. The last assistant turn of a
    fine-tuning line is its answer. Of a request only fields that the API defines are sent. Requests of Responses and of
    Messages become the chat completions that ask the same, and are sent through any API that can express them.
    """
    files = _files(path)
    lines = [(file, _as_batch(item)) for file in files for item in json_lines(file)]
    own = [item for _, item in lines if isinstance(item, Numbered) and "custom_id" in item.value]
    beside = sorted(set(path.parent.glob("*.jsonl")) - {path}) if own and not path.is_dir() else []
    others = [item for file in beside for item in map(_as_batch, json_lines(file)) if isinstance(item, Numbered)]
    batch = _Batch(own, [item for item in others if "custom_id" in item.value])
    for file, item in lines:
        prefix = f"{file.stem.lower()}-" if path.is_dir() else ""
        if isinstance(item, Malformed):
            yield item
        else:
            yield from _items(item, suite, f"{prefix}line-{item.line:04d}", batch)


def _as_batch(item: Numbered | Malformed) -> Numbered | Malformed:
    return item if isinstance(item, Malformed) else item._replace(value=as_batch_line(item.value))


class _Batch:
    """The lines of a batch by ``custom_id``: the requests of the file, those of files beside it, and the replies.

    An id in ``of_several`` is that of different requests, so which reply answers which is not known.
    """

    def __init__(self, own: Sequence[Numbered], beside: Sequence[Numbered]) -> None:
        self.own = {str(one.value["custom_id"]): one.value for one in own if "body" in one.value}
        self.requests = {str(one.value["custom_id"]): one.value for one in beside if "body" in one.value} | self.own
        self.replies = {str(one.value["custom_id"]): one.value for one in (*beside, *own) if "response" in one.value}
        self.of_several = ids_of_several(one.value for one in (*own, *beside))


def _items(item: Numbered, suite: str, case_id: str, batch: _Batch) -> Iterator[Item]:
    value = {key: parsed(part) if key in _JSON_TEXTS else part for key, part in item.value.items()}
    record = _batch_record(value, batch) if "custom_id" in value else _record(value)
    if isinstance(record, str):
        yield LeftOut(item.path, item.line, record)
        return
    response = response_in(record.reply)
    shape = _shape(record, response, value)
    if isinstance(shape, str):
        yield LeftOut(item.path, item.line, shape)
        return
    request = chat_request(item, shape.body)
    if isinstance(request, Malformed):
        yield request
        return
    row = (name for name in record.row if name not in record.body)
    if not_sent := (*row, *shape.dropped, *request.not_sent):
        yield NotSent(item.path, item.line, not_sent)
    answer = answer_in(response)
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


def _batch_record(value: Mapping[str, Any], batch: _Batch) -> _Record | str:
    """A line of a batch with its other half; or why it is no case."""
    named = str(value["custom_id"])
    if named in batch.of_several:
        return OF_SEVERAL
    if "body" not in value and named in batch.own:
        return "the reply to a request of the same file, which it is joined to by custom_id"
    if "body" not in value and named not in batch.requests:
        return "a reply without its request: no line here or in a .jsonl file beside it has its custom_id and a body"
    request = batch.requests.get(named, value) if "body" not in value else value
    reply = batch.replies.get(named, {}).get("response")
    url = str(request.get("url", ""))
    if not url or path_of(url).endswith(_APIS):
        row = tuple(name for name in value if name not in _BESIDE_BODY)
        return _Record(parsed(request.get("body")), parsed(reply), row, url)
    return f"a request to {url}, not to chat completions, Responses or Messages"


def _record(value: Mapping[str, Any]) -> _Record:
    found = next((value[name] for name in _BODIES if name in value and value[name] not in (None, {}, "")), None)
    url = next((one for one in map(value.get, _URLS) if isinstance(one, str)), "")
    if isinstance(found, Mapping) and "messages" not in found and isinstance(found.get("body"), Mapping):
        found = found["body"]
    reply = next((value[name] for name in _REPLIES if value.get(name)), None)
    if found is not None:
        return _Record(found, reply, tuple(name for name in value if name not in _BESIDE_BODY), url)
    if isinstance(value.get("input"), Mapping) and "preferred_output" in value:
        turns = value["preferred_output"]
        return _Record(value["input"], turns[-1] if isinstance(turns, list) and turns else None, ())
    if "choices" in value and reply is None:
        reply = value
    beside = {*_BESIDE_BODY, *(name for name in _SETTINGS if isinstance(value.get(name), Mapping))}
    body = {name: part for name, part in value.items() if name not in beside}
    for name in beside & set(_SETTINGS):
        body = {**value[name], **body}
    messages = body.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    if reply is None and isinstance(messages, list) and len(messages) > 1 and _is_answer(last):
        return _Record({**body, "messages": messages[:-1]}, last, ())
    return _Record(body, reply, ())


def _is_answer(turn: Any) -> bool:
    """Whether a turn is an assistant's that nothing has to continue."""
    if not isinstance(turn, Mapping) or turn.get("role") != "assistant":
        return False
    return not (turn.get("prefix") or turn.get("partial"))


def _shape(record: _Record, response: Mapping[str, Any], row: Mapping[str, Any]) -> ChatShape | str:
    """The request as chat completions; or why it is no case."""
    body = record.body
    if not isinstance(body, Mapping):
        return ChatShape(body)
    if "spend" in row and not any(body.get(name) for name in ("messages", "input", *_OTHERS)):
        return "no messages are stored (LiteLLM keeps them with store_prompts_in_spend_logs)"
    named = (kind for name, kind in _OTHERS.items() if name in body and not isinstance(body[name], Mapping))
    other = "" if {"messages", "input"} & body.keys() else next(named, "")
    if other:
        return f"a request of {other}, not of chat completions, Responses or Messages"
    messages_are_wrong = "messages" in body and not (body["messages"] and is_list_of_objects(body["messages"]))
    if messages_are_wrong or not is_list_of_objects(body.get("tools") or []):
        return ChatShape(dict(body))  # it is malformed, and the reader of chat completions says how
    by_messages = stream_api(record.reply) == "messages" or response.get("type") == "message"
    url = "/messages" if by_messages else record.url
    stored = record.reply or {"messages", "input", "prompt"} & body.keys()
    return as_chat(body, url) if stored else ChatShape(dict(body))
