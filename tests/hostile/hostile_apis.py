"""Hostile replies of the three APIs, named by what they do: shapes that `hostile_replies` does not have."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from hostile_replies import JSON, SSE, HostileReply, call, chunk, message, whole

EMOJI = "\U0001f600"
"""One of them makes Python keep four bytes for each character of a text."""


def event(name: str, **fields: Any) -> bytes:
    """An event of Responses or Messages."""
    value = json.dumps({"type": name, **fields}, separators=(",", ":"))
    return f"event: {name}\ndata: {value}\n\n".encode()


def response(output: str) -> bytes:
    """A response with these items, as JSON text."""
    usage = '{"input_tokens":1,"output_tokens":1,"total_tokens":2}'
    head = '{"id":"r","object":"response","created_at":1,"status":"completed","model":"m","error":null'
    return f'{head},"output":[{output}],"usage":{usage}}}'.encode("utf-8", "surrogatepass")


def of_responses(output: str) -> HostileReply:
    return HostileReply(response(output), JSON, api="responses")


def stream_of_responses(*events: bytes) -> HostileReply:
    last = b'event: response.completed\ndata: {"type":"response.completed","response":' + response("") + b"}\n\n"
    return HostileReply(b"".join(events) + last, SSE, api="responses")


def of_messages(content: str) -> HostileReply:
    """A message with these blocks, as JSON text."""
    head = '{"id":"m","type":"message","role":"assistant","model":"m","stop_reason":"end_turn","stop_sequence":null'
    body = f'{head},"content":[{content}],"usage":{{"input_tokens":1,"output_tokens":1}}}}'
    return HostileReply(body.encode("utf-8", "surrogatepass"), JSON, api="messages")


def stream_of_messages(*events: bytes) -> HostileReply:
    start = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "m", "stop_reason": None}
    first = event("message_start", message=start | {"usage": {"input_tokens": 1, "output_tokens": 1}})
    return HostileReply(first + b"".join(events) + event("message_stop"), SSE, api="messages")


def item(text: str) -> str:
    part = f'{{"type":"output_text","text":{json.dumps(text, ensure_ascii=False)},"annotations":[]}}'
    return f'{{"type":"message","id":"i","status":"completed","role":"assistant","content":[{part}]}}'


def function(arguments: str) -> str:
    return (
        '{"type":"function_call","id":"f","call_id":"c","status":"completed","name":"get_weather","arguments":'
        f"{json.dumps(arguments, ensure_ascii=False)}}}"
    )


def text_block(text: str) -> str:
    return f'{{"type":"text","text":{json.dumps(text, ensure_ascii=False)}}}'


def tool_block(value: str) -> str:
    return f'{{"type":"tool_use","id":"t","name":"get_weather","input":{value}}}'


def delta(kind: str, field: str, text: str, index: int = 0) -> bytes:
    return event("content_block_delta", index=index, delta={"type": kind, field: text})


def start_of(block: Mapping[str, Any], index: int = 0) -> bytes:
    return event("content_block_start", index=index, content_block=dict(block))


def wide(size: int) -> str:
    """Text that takes four times its bytes in memory."""
    return "a" * size + EMOJI


TEXT, TOOL = {"type": "text", "text": ""}, {"type": "tool_use", "id": "t", "name": "get_weather", "input": {}}
THOUGHT = {"type": "thinking", "thinking": "", "signature": ""}

API_REPLIES: Mapping[str, Callable[[int], HostileReply]] = {
    "chat-sends-a-wide-content": lambda size: message(wide(size)),
    "chat-escapes-a-wide-content": lambda size: message(EMOJI + "\n" * (size // 2)),
    "chat-writes-a-wide-document": lambda size: message(json.dumps({"city": wide(size)}, ensure_ascii=False)),
    "chat-spaces-around-a-wide-document": lambda size: message(" " + json.dumps({"c": wide(size)}, ensure_ascii=False)),
    "chat-sends-wide-arguments": lambda size: message(
        None, tool_calls=[call(json.dumps({"city": wide(size)}, ensure_ascii=False))]
    ),
    "chat-streams-wide-arguments": lambda size: whole(
        chunk({"tool_calls": [call(json.dumps({"city": "a" * size}))]}).replace(b"aaa", EMOJI.encode(), 1)
    ),
    "chat-thinks-wide": lambda size: message("x", reasoning_content=wide(size)),
    "chat-thinks-in-content": lambda size: message("<think>" + wide(size // 2) + "</think>" + "b" * (size // 2)),
    "chat-thinks-in-details": lambda size: message("x", reasoning_details=[{"type": "a"}] * (size // 14)),
    "chat-sends-control-characters": lambda size: HostileReply(b"\x01" * size, JSON),
    "chat-sends-controls-of-two-bytes": lambda size: HostileReply("\x85".encode() * (size // 2), JSON),
    "chat-escapes-json-twice": lambda size: message(json.dumps(json.dumps({"a": "\\" * (size // 16)}))),
    "chat-nests-in-arguments": lambda size: message(None, tool_calls=[call('{"a":' * 60 + "[" * size)]),
    "chat-refuses-at-length": lambda size: message(None, refusal=wide(size)),
    "chat-explains-an-error": lambda size: HostileReply(
        json.dumps({"error": {"message": wide(size), "param": "x"}}, ensure_ascii=False).encode(), JSON, status=400
    ),
    "chat-nests-an-error": lambda size: HostileReply(
        b'{"error":{"message":' + b"[" * 100 + b"{}," * (size // 3) + b"0" + b"]" * 100 + b"}}", JSON, status=400
    ),
    "chat-streams-wide-chunks": lambda size: whole(*[chunk({"content": wide(20_000)})] * (size // 20_000)),
    "chat-streams-objects": lambda size: whole(*[chunk({"content": "a", "x": [{}] * 300})] * (size // 1_000)),
    "chat-streams-one-chunk-of-objects": lambda size: whole(chunk({"content": "a", "x": [{}] * (size // 3)})),
    "responses-sends-a-wide-text": lambda size: of_responses(item(wide(size))),
    "responses-sends-wide-arguments": lambda size: of_responses(function(json.dumps({"city": wide(size)}))),
    "responses-sends-many-items": lambda size: of_responses(",".join([item("a")] * (size // 150))),
    "responses-sends-many-calls": lambda size: of_responses(",".join([function("{}")] * (size // 120))),
    "responses-lists-empty-items": lambda size: of_responses(",".join(["{}"] * (size // 3))),
    "responses-nests-an-item": lambda size: of_responses('{"type":' + "[" * (size - 100) + "]" * 90 + "}"),
    "responses-encrypts-a-thought": lambda size: of_responses(
        f'{{"type":"reasoning","id":"r","summary":[],"encrypted_content":"{"A" * size}"}}'
    ),
    "responses-streams-letters": lambda size: stream_of_responses(
        event("response.output_text.delta", item_id="i", output_index=0, content_index=0, delta="a") * (size // 140)
    ),
    "responses-streams-one-wide-delta": lambda size: stream_of_responses(
        event("response.output_text.delta", item_id="i", output_index=0, content_index=0, delta="a" * size).replace(
            b"aaaa", EMOJI.encode(), 1
        )
    ),
    "responses-streams-arguments": lambda size: stream_of_responses(
        event("response.function_call_arguments.delta", item_id="i", output_index=0, delta="{") * (size // 140)
    ),
    "responses-streams-items-everywhere": lambda size: stream_of_responses(
        *(event("response.output_item.added", output_index=n, item={"type": "message"}) for n in range(size // 130))
    ),
    "responses-ends-again-and-again": lambda size: stream_of_responses(
        (b'data: {"type":"response.completed","response":' + response(item("a")) + b"}\n\n") * (size // 380)
    ),
    "responses-streams-unknown-events": lambda size: stream_of_responses(event("response.x", a=[{}]) * (size // 60)),
    "messages-sends-a-wide-text": lambda size: of_messages(text_block(wide(size))),
    "messages-sends-a-wide-input": lambda size: of_messages(tool_block(json.dumps({"city": "a" * size}) + " ")),
    "messages-sends-an-input-of-names": lambda size: of_messages(
        tool_block("{" + ",".join(f'"{n}":{n}' for n in range(size // 17)) + "}")
    ),
    "messages-lists-objects-in-an-input": lambda size: of_messages(tool_block('{"a":[' + "{}," * (size // 3) + "0]}")),
    "messages-nests-an-input": lambda size: of_messages(tool_block("[" * (size - 100) + "]" * 90)),
    "messages-sends-many-blocks": lambda size: of_messages(",".join([text_block("a")] * (size // 27))),
    "messages-sends-many-tools": lambda size: of_messages(",".join([tool_block("{}")] * (size // 60))),
    "messages-thinks-wide": lambda size: of_messages(
        f'{{"type":"thinking","thinking":"{wide(size // 2)}","signature":"{"A" * (size // 2)}"}}'
    ),
    "messages-streams-letters": lambda size: stream_of_messages(
        start_of(TEXT), delta("text_delta", "text", "a") * (size // 130)
    ),
    "messages-streams-an-input": lambda size: stream_of_messages(
        start_of(TOOL), delta("input_json_delta", "partial_json", "{") * (size // 140)
    ),
    "messages-streams-one-wide-delta": lambda size: stream_of_messages(
        start_of(TEXT), delta("text_delta", "text", "a" * size).replace(b"aaaa", EMOJI.encode(), 1)
    ),
    "messages-streams-one-wide-input": lambda size: stream_of_messages(
        start_of(TOOL), delta("input_json_delta", "partial_json", '{"city":"' + "a" * size).replace(b"aaa", b"\xc3\xa9")
    ),
    "messages-streams-a-signature": lambda size: stream_of_messages(
        start_of(THOUGHT), delta("signature_delta", "signature", "A" * (size // 2)) * 2
    ),
    "messages-streams-blocks-everywhere": lambda size: stream_of_messages(
        *(start_of(TEXT, n) for n in range(size // 130))
    ),
    "messages-pings": lambda size: stream_of_messages(event("ping") * (size // 40)),
    "messages-starts-again-and-again": lambda size: stream_of_messages(
        event("message_start", message={"id": "m", "content": [{}] * 9}) * (size // 130)
    ),
}
