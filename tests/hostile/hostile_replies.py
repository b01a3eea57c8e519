"""Hostile replies, named by what they do: bodies of up to a given size, made to cost the reader as much as they can."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

KB = 1024
MB = 1024 * KB
SSE, JSON = "text/event-stream", "application/json"


@dataclass(frozen=True)
class HostileReply:
    """A response body with its headers, of one of the APIs."""

    body: bytes
    content_type: str = SSE
    encoding: str = ""
    api: str = "chat"
    status: int = 200

    @property
    def streamed(self) -> bool:
        return self.content_type == SSE


def repeated(piece: bytes, size: int) -> HostileReply:
    """A stream of the same bytes."""
    return HostileReply(piece * max(1, size // len(piece)))


def chunk(delta: Any = None, finish: Any = None, **fields: Any) -> bytes:
    """One chunk of a stream."""
    value = {"choices": [{"index": 0, "delta": delta or {}, "finish_reason": finish}], **fields}
    return b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"


def message(content: Any = None, **fields: Any) -> HostileReply:
    """A plain completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **fields}, "finish_reason": "stop"}
    body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    body["usage"] = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return HostileReply(json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"), JSON)


def call(arguments: str, index: Any = 0, name: str = "get_weather") -> dict[str, Any]:
    """A tool call, or the fragment of one."""
    return {"index": index, "id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}


def whole(*chunks: bytes) -> HostileReply:
    """A stream of these chunks, with its end."""
    end = chunk(finish="stop") + b"data: [DONE]\n\n"
    return HostileReply(b"".join(chunks) + end)


def many_members(size: int) -> HostileReply:
    member = gzip.compress(b"")
    return HostileReply(gzip.compress(b"{}") + member * (size // len(member)), JSON, "gzip")


REPLIES: Mapping[str, Callable[[int], HostileReply]] = {
    # Streams.
    "repeats-an-event-named-error": lambda size: repeated(b"data:error\n\n", size),
    "repeats-error-events": lambda size: repeated(b'event: error\ndata: {"error":1}\n\n', size),
    "repeats-empty-events": lambda size: repeated(b"data:{}\n\n", size),
    "repeats-blank-lines": lambda size: HostileReply(b"data: {}\n\n" + b"\n" * size),
    "repeats-lone-carriage-returns": lambda size: HostileReply(b"data: {}\r\r" + b"\r" * size),
    "repeats-comments": lambda size: repeated(b":\n", size),
    "repeats-lines-that-are-no-fields": lambda size: repeated(b"x\n", size),
    "repeats-data-lines-of-one-event": lambda size: HostileReply(b"data: {\n" + b"data:\n" * (size // 6)),
    "repeats-done": lambda size: repeated(b"data: [DONE]\n\n", size),
    "sends-one-endless-line": lambda size: HostileReply(b"data: " + b"x" * size),
    "sends-one-long-content": lambda size: whole(chunk({"content": "a" * size})),
    "sends-content-letter-by-letter": lambda size: whole(chunk({"content": "a"}) * (size // 80)),
    "sends-content-in-many-choices": lambda size: whole(
        *(chunk({"content": "a"}).replace(b'"index":0', b'"index":%d' % n) for n in range(size // 90))
    ),
    "sends-a-huge-choice-index": lambda size: whole(
        chunk({"content": "a"}).replace(b'"index":0', b'"index":1000000000')
    ),
    "sends-a-huge-call-index": lambda size: whole(chunk({"tool_calls": [call("{}", 10**9)]})),
    "sends-many-calls": lambda size: whole(*(chunk({"tool_calls": [call("{}", n)]}) for n in range(size // 180))),
    "sends-arguments-letter-by-letter": lambda size: whole(
        chunk({"tool_calls": [call('{"city":"')]})
        + chunk({"tool_calls": [{"index": 0, "function": {"arguments": "a"}}]}) * (size // 110)
    ),
    "sends-calls-without-index": lambda size: repeated(chunk({"tool_calls": [{"function": {"arguments": "a"}}]}), size),
    "sends-wrong-types": lambda size: repeated(b'data: {"choices":[7,null,"x",[],{"index":"a","delta":3}]}\n\n', size),
    "sends-usage-with-every-chunk": lambda size: repeated(
        chunk({"content": "a"}, usage={"prompt_tokens": 10**300, "completion_tokens": -1}), size
    ),
    "sends-bytes-that-are-not-utf8": lambda size: HostileReply(b'data: {"x":"' + b"\xff" * size + b'"}\n\n'),
    "sends-one-character-of-four-bytes": lambda size: whole(chunk({"content": "a" * size + "\U0001f600"})),
    # Plain bodies.
    "nests-arrays": lambda size: HostileReply(b"[" * size, JSON),
    "nests-objects": lambda size: HostileReply(b'{"a":' * (size // 5), JSON),
    "nests-in-a-field": lambda size: HostileReply(b'{"choices":' + b"[" * size + b"]" * 100, JSON),
    "lists-empty-objects": lambda size: HostileReply(b'{"choices":[' + b"{}," * (size // 3) + b"{}]}", JSON),
    "lists-empty-arrays": lambda size: HostileReply(b"[" + b"[]," * (size // 3) + b"[]]", JSON),
    "lists-numbers": lambda size: HostileReply(b"[" + b"0," * (size // 2) + b"0]", JSON),
    "lists-objects": lambda size: HostileReply(b"[" + b'{"a":1},' * (size // 8) + b"0]", JSON),
    "lists-names": lambda size: HostileReply(b"{" + b",".join(b'"%d":0' % n for n in range(size // 10)) + b"}", JSON),
    "repeats-a-name": lambda size: HostileReply(b"{" + b'"a":0,' * (size // 6) + b'"a":0}', JSON),
    "sends-a-number-of-many-digits": lambda size: HostileReply(b'{"created":' + b"9" * size + b"}", JSON),
    "sends-a-fraction-of-many-digits": lambda size: HostileReply(b'{"created":0.' + b"9" * size + b"}", JSON),
    "escapes-every-character": lambda size: message("").__class__(
        message("X").body.replace(b'"X"', b'"' + b"\\u0041" * (size // 6) + b'"'), JSON
    ),
    "sends-half-surrogates": lambda size: HostileReply(
        message("X").body.replace(b'"X"', b'"' + b"\\ud800" * (size // 6) + b'"'), JSON
    ),
    "sends-spaces": lambda size: HostileReply(b" " * size, JSON),
    "sends-a-page": lambda size: HostileReply(b"<html>" + b"<b>" * (size // 3), "text/html"),
    "sends-nothing": lambda size: HostileReply(b"", JSON),
    "leaks-markers": lambda size: message("<tool_call>" * (size // 11)),
    "opens-think-tags": lambda size: message("<think>" * (size // 7)),
    "leaks-half-markers": lambda size: message("<|" * (size // 2)),
    "leaks-history-ids": lambda size: message("functions." * (size // 10)),
    "lists-json-in-prose": lambda size: message("x [1] {" * (size // 7)),
    "opens-fences": lambda size: message("```" * (size // 3)),
    "opens-fences-with-spaces": lambda size: message("```" + " " * size),
    "opens-brackets-in-content": lambda size: message("[" * size),
    "lists-numbers-in-content": lambda size: message(" 11" * (size // 3)),
    "lists-digits-in-content": lambda size: message("1" * size),
    "lists-thousands-in-content": lambda size: message("1" + ",111" * (size // 4) + "x"),
    "writes-in-every-script": lambda size: message("aЯ中ع" * (size // 8)),
    "writes-replacement-characters": lambda size: message("\ufffd" * (size // 3)),
    "writes-invisible-characters": lambda size: message("\u200b" * (size // 3)),
    "writes-new-lines": lambda size: message("\n" * (size // 2)),
    "lists-json-in-content": lambda size: message("[" + "{}," * (size // 3) + "{}]"),
    "lists-json-numbers-in-content": lambda size: message("[" + "1e999," * (size // 6) + "1]"),
    "nests-json-in-content": lambda size: message('{"a":' * 120 + json.dumps("x" * size) + "}" * 120),
    "sends-long-arguments": lambda size: message(None, tool_calls=[call(json.dumps({"city": "x" * size}))]),
    "sends-arguments-with-many-names": lambda size: message(
        None, tool_calls=[call(json.dumps({str(n): n for n in range(size // 25)}))]
    ),
    "cuts-long-arguments": lambda size: message(None, tool_calls=[call('{"city":"' + "[" * size)]),
    "doubles-long-arguments": lambda size: message(None, tool_calls=[call("{}" * (size // 2))]),
    "sends-an-array-as-arguments": lambda size: message(None, tool_calls=[call("[" + "{}," * (size // 3) + "{}]")]),
    "sends-a-short-array-as-arguments": lambda size: message(
        None, tool_calls=[call("[" + "{}," * (size // 40) + "{}]")]
    ),
    "sends-a-few-long-calls": lambda size: message(
        None, tool_calls=[call('{"city":[' + "0," * (size // 20) + f"{n}]}}", n) for n in range(8)]
    ),
    "cuts-a-few-long-calls": lambda size: message(
        None, tool_calls=[call('{"city":[' + "{}," * (size // 30) + f"{n}", n) for n in range(8)]
    ),
    "sends-many-plain-calls": lambda size: message(None, tool_calls=[call("{}", n) for n in range(size // 120)]),
    "sends-a-long-name": lambda size: message(None, tool_calls=[call("{}", name="n" * size)]),
    "sends-many-choices": lambda size: HostileReply(
        json.dumps(
            {"choices": [{"index": n, "message": {"content": "a"}, "finish_reason": "stop"} for n in range(size // 80)]}
        ).encode(),
        JSON,
    ),
    "sends-long-reasoning": lambda size: message("x", reasoning_content="why? " * (size // 5)),
    "sends-many-log-probabilities": lambda size: HostileReply(
        b'{"choices":[{"index":0,"message":{"content":"x"},"finish_reason":"stop","logprobs":{"content":['
        + b'{"token":"a","logprob":NaN,"top_logprobs":[]},' * (size // 46)
        + b"{}]}}]}",
        JSON,
    ),
    # Compressed bodies.
    "sends-a-gzip-bomb": lambda size: HostileReply(gzip.compress(b"[" * 40 * size, 6), JSON, "gzip"),
    "sends-a-deflate-bomb": lambda size: HostileReply(zlib.compress(b"0" * 40 * size, 6), JSON, "deflate"),
    "sends-many-gzip-members": many_members,
    "names-an-unknown-encoding": lambda size: HostileReply(b"x" * size, JSON, "zstd, br, gzip"),
}
