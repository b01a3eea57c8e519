"""One line of a verifier's results: the request as it was sent, taken apart, and the reply."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from trueweight.core import (
    DEFAULT_API,
    PROTOCOLS,
    Attempt,
    Case,
    Exchange,
    Failure,
    FailureKind,
    Mode,
    Provider,
    RequestRecord,
    Stamp,
    trial_id,
)
from trueweight.core.json_value import JsonObject
from trueweight.suites.importers.importer import Malformed, Numbered, chat_request
from trueweight.suites.request_lines import ADDED_BY_PROTOCOL

_PROMPT = ("messages", "tools")
_LONGEST_MS = 365 * 24 * 3600 * 1000
"""A duration of a year or more is no duration."""


class RecordedRow(NamedTuple):
    """One recorded reply.

    Attributes:
        prompt: messages and tools; None if the request is a raw prompt, made of them by that verifier.
        settings: the other fields of the request that the API defines, without model and mode.
        extra: the fields that it does not define, such as ``provider`` of a router.
        sent: the request as it was sent, without fields about the caller.
        value: the whole line.
    """

    line: int
    data_index: int
    model: str
    prompt: JsonObject | None
    settings: JsonObject
    extra: JsonObject
    sent: JsonObject
    value: Mapping[str, Any]


def read_row(item: Numbered) -> RecordedRow | Malformed:
    """A line of results, or what is wrong with it."""
    value, request = item.value, item.value.get("request")
    raw = isinstance(request, dict) and "messages" not in request and "prompt" in request
    read = None if raw else chat_request(item, request)
    if isinstance(read, Malformed):
        return read
    index = value.get("data_index", item.line)
    if not isinstance(index, int) or not isinstance(value.get("response"), dict):
        return Malformed(item.path, item.line, "no 'data_index' or no 'response' object")
    chat = PROTOCOLS.get(DEFAULT_API)
    beside = value.get("extra_body")
    sent = {**request, **(beside if isinstance(beside, dict) else {})}
    sent = {name: part for name, part in sent.items() if name not in chat.private}
    others = {name: part for name, part in sent.items() if name not in (*_PROMPT, "prompt", *ADDED_BY_PROTOCOL)}
    return RecordedRow(
        item.line,
        index,
        str(request.get("model", "unknown")),
        None if read is None else {name: read.body[name] for name in _PROMPT if name in read.body},
        {name: part for name, part in others.items() if name in chat.fields},
        {name: part for name, part in others.items() if name not in chat.fields},
        sent if read is None else {**sent, "messages": read.body["messages"]},
        value,
    )


def loop_of(path: Path) -> Path:
    """The path without its folder ``loop_NN``, which is the same for all repeats of one provider."""
    return Path(*(part for part in path.parts if not re.fullmatch(r"loop_\d+", part)))


def recorded_exchange(provider: Provider, case: Case, one: RecordedRow, repeat: int) -> Exchange:
    """The exchange of a recorded reply: one attempt, with the whole body at its end. A failure has no body."""
    duration = one.value.get("duration_ms")
    ns = int(duration * 1e6) if isinstance(duration, int | float) and 0 <= duration < _LONGEST_MS else 0
    body = json.dumps(one.value["response"], ensure_ascii=False).encode("utf-8", "surrogatepass")
    failure = None
    if one.value.get("status", "success") != "success":
        failure = Failure(FailureKind.SERVER_ERROR, str(one.value["response"].get("error", "it failed"))[:500])
    attempt = Attempt(
        waited=0,
        t_send=0,
        t_connected=None,
        t_headers=None if failure else ns,
        t_done=ns,
        status=None if failure else 200,
        headers=() if failure else (("content-type", "application/json"),),
        body=b"" if failure else body,
        stamps=() if failure else (Stamp(ns, 0),),
        failure=failure,
    )
    chat = PROTOCOLS.get(DEFAULT_API)
    request_body = json.dumps({**one.sent, "model": one.model}, ensure_ascii=False)
    return Exchange(
        trial=trial_id(case, provider, repeat, Mode.PLAIN),
        provider=provider.name,
        suite=case.suite,
        case=case.id,
        repeat=repeat,
        mode=Mode.PLAIN,
        started_at=_started(one.value.get("last_run_at"), ns),
        request=RequestRecord(chat.method, f"{chat.base_url(provider)}{chat.path}", (), request_body),
        attempts=(attempt,),
    )


def _started(ended: Any, ns: int) -> str:
    """The start, from the recorded end; a time without a zone counts as UTC."""
    try:
        end = datetime.fromisoformat(str(ended))
    except ValueError:
        end = datetime(1970, 1, 1, tzinfo=UTC)
    end = end if end.tzinfo is not None else end.replace(tzinfo=UTC)
    return (end.astimezone(UTC) - timedelta(microseconds=ns // 1000)).isoformat(timespec="microseconds")
