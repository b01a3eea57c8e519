"""Small logs of the published shapes, one line of each format, with everything in them that must never travel."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

SECRETS = (
    "sk-live-0123456789abcdefghij",
    "hash-of-a-key-88d2",
    "203.0.113.77",
    "user-4711",
    "session-0815",
    "anna.meier@firma.de",
    "+49 30 901820",
    "4556 7375 8689 9855",
    "DE89 3704 0044 0532 0130 00",
    "secret-project",
)
"""What no file and no request may have. The first parts are of the row around a request, the others of its text."""

SYSTEM = "Classify the support ticket. Answer with one word: billing, outage or other."
PRIVATE = (
    f"Anna here, {SECRETS[5]}, {SECRETS[6]}, card {SECRETS[7]}, {SECRETS[8]}, key {SECRETS[0]}, from {SECRETS[2]}."
)


def chat_body(text: str = PRIVATE, **more: Any) -> dict[str, Any]:
    """A request of chat completions, with fields about the caller."""
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text, "name": SECRETS[3]}]
    private = {"user": SECRETS[3], "metadata": {"project": SECRETS[9]}, "store": True}
    return {"model": "closed-1", "messages": messages, "temperature": 0, **private, **more}


def chat_response(text: str = "billing") -> dict[str, Any]:
    """Its response."""
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 120, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 64}}
    return {"id": "c", "model": "closed-1-2026", "choices": [{"index": 0, "message": message}], "usage": usage}


def responses_body(text: str = PRIVATE) -> dict[str, Any]:
    """The same request of the Responses API."""
    items = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}]
    return {"model": "closed-1", "instructions": SYSTEM, "input": items, "temperature": 0, "user": SECRETS[3]}


def responses_response(text: str = "billing") -> dict[str, Any]:
    """Its response."""
    output = [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}]
    usage = {"input_tokens": 120, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 64}}
    return {"id": "r", "object": "response", "model": "closed-1-2026", "output": output, "usage": usage}


def messages_body(text: str = PRIVATE) -> dict[str, Any]:
    """The same request of the Messages API."""
    own = {"metadata": {"user_id": SECRETS[3]}}
    return {
        "model": "closed-1",
        "system": SYSTEM,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": 9,
        **own,
    }


def messages_response(text: str = "billing") -> dict[str, Any]:
    """Its response."""
    usage = {"input_tokens": 56, "cache_read_input_tokens": 64, "output_tokens": 2}
    content = [{"type": "text", "text": text}]
    return {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "closed-1-2026",
        "content": content,
        "usage": usage,
    }


def lines(*rows: Mapping[str, Any]) -> str:
    """Rows as JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def litellm_row(body: Mapping[str, Any], response: Mapping[str, Any]) -> dict[str, Any]:
    """A row of LiteLLM's spend logs."""
    return {
        "request_id": "x",
        "call_type": "acompletion",
        "api_key": SECRETS[1],
        "spend": 0.0007,
        "prompt_tokens": 120,
        "completion_tokens": 2,
        "startTime": "2026-11-01T10:00:00.000Z",
        "endTime": "2026-11-01T10:00:00.840Z",
        "completionStartTime": "2026-11-01T10:00:00.840Z",
        "model": "closed-1-2026",
        "user": SECRETS[3],
        "end_user": SECRETS[3],
        "requester_ip_address": SECRETS[2],
        "session_id": SECRETS[4],
        "metadata": json.dumps({"team": SECRETS[9]}),
        "request_tags": json.dumps(["triage"]),
        "messages": json.dumps(body["messages"]),
        "response": json.dumps(response),
        "proxy_server_request": json.dumps(body),
        "status": "success",
    }


def ticket_row(number: int, label: str) -> dict[str, Any]:
    """A row of the same log: a ticket of that number, answered with that label."""
    return litellm_row(chat_body(f"ticket number {number}"), chat_response(label))


def _litellm_csv() -> str:
    row = litellm_row(chat_body(), chat_response())
    out = io.StringIO()
    writer = csv.DictWriter(out, list(row))
    writer.writeheader()
    writer.writerow(row)
    return out.getvalue()


def _otel(*, typed: bool) -> str:
    turns = [{"role": "user", "parts": [{"type": "text", "content": PRIVATE}]}]
    answer = [{"role": "assistant", "parts": [{"type": "text", "content": "billing"}], "finish_reason": "stop"}]
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "closed",
        "gen_ai.request.model": "closed-1",
        "gen_ai.response.model": "closed-1-2026",
        "gen_ai.request.temperature": 0,
        "gen_ai.usage.input_tokens": 120,
        "gen_ai.usage.output_tokens": 2,
        "gen_ai.input.messages": json.dumps(turns),
        "gen_ai.output.messages": json.dumps(answer),
        "gen_ai.system_instructions": json.dumps([{"type": "text", "content": SYSTEM}]),
        "user.id": SECRETS[3],
        "session.id": SECRETS[4],
        "client.address": SECRETS[2],
    }
    span = {
        "name": "chat closed-1",
        "startTimeUnixNano": "1793527200000000000",
        "endTimeUnixNano": "1793527200840000000",
        "attributes": attributes,
    }
    if not typed:
        return lines(span)
    kinds = {str: "stringValue", int: "intValue"}
    span["attributes"] = [{"key": key, "value": {kinds[type(value)]: value}} for key, value in attributes.items()]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": SECRETS[9]}}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}, indent=2)


def _langfuse() -> str:
    row = {
        "id": "o",
        "trace_id": SECRETS[4],
        "type": "GENERATION",
        "start_time": "2026-11-01T10:00:00.000Z",
        "end_time": "2026-11-01T10:00:00.840Z",
        "input": json.dumps(chat_body()["messages"]),
        "output": json.dumps({"role": "assistant", "content": "billing"}),
        "provided_model_name": "closed-1-2026",
        "model_parameters": json.dumps({"temperature": 0}),
        "usage_details": json.dumps({"input": 120, "output": 2}),
        "total_cost": 0.0007,
        "latency": 0.84,
        "metadata": {"user": SECRETS[3]},
        "level": "DEFAULT",
    }
    return lines(row)


def _helicone() -> str:
    row = {
        "request_id": "h",
        "request_created_at": "2026-11-01T10:00:00.000Z",
        "request_path": "/v1/chat/completions",
        "request_model": "closed-1",
        "request_body": json.dumps(chat_body()),
        "response_status": 200,
        "response_body": json.dumps(chat_response()),
        "delay_ms": 840,
        "prompt_tokens": 120,
        "completion_tokens": 2,
        "costUSD": 0.0007,
        "request_properties": {"session": SECRETS[4]},
        "request_user_id": SECRETS[3],
    }
    return lines(row)


def _batch(body: Mapping[str, Any], response: Mapping[str, Any], url: str) -> str:
    asked = {"custom_id": "t-1", "method": "POST", "url": url, "body": body}
    answered = {"status_code": 200, "request_id": SECRETS[4], "body": response}
    return lines(asked, {"id": "b", "custom_id": "t-1", "response": answered, "error": None})


def _fine_tuning() -> str:
    messages = [*chat_body()["messages"], {"role": "assistant", "content": "billing"}]
    return lines({"messages": messages})


LOGS: Mapping[str, tuple[str, str, Callable[[], str]]] = {
    "batch, chat": ("openai-batch", "a.jsonl", lambda: _batch(chat_body(), chat_response(), "/v1/chat/completions")),
    "batch, responses": (
        "openai-batch",
        "a.jsonl",
        lambda: _batch(responses_body(), responses_response(), "/v1/responses"),
    ),
    "request and response": (
        "requests",
        "a.jsonl",
        lambda: lines({"request": chat_body(), "response": chat_response()}),
    ),
    "stored completion": ("requests", "a.jsonl", lambda: lines({**chat_body(), **chat_response()})),
    "responses": (
        "requests",
        "a.json",
        lambda: json.dumps([{"request": responses_body(), "response": responses_response()}]),
    ),
    "messages": ("requests", "a.jsonl", lambda: lines({"request": messages_body(), "response": messages_response()})),
    "fine-tuning": ("fine-tuning", "a.jsonl", _fine_tuning),
    "litellm": ("litellm", "a.jsonl", lambda: lines(litellm_row(chat_body(), chat_response()))),
    "litellm, responses": (
        "litellm",
        "a.jsonl",
        lambda: lines(litellm_row({**responses_body(), "messages": []}, responses_response())),
    ),
    "litellm, CSV": ("litellm", "a.csv", _litellm_csv),
    "otel, flat": ("otel", "a.jsonl", lambda: _otel(typed=False)),
    "otel, OTLP": ("otel", "a.json", lambda: _otel(typed=True)),
    "langfuse": ("langfuse", "a.jsonl", _langfuse),
    "helicone": ("helicone", "a.jsonl", _helicone),
}
"""Name → format, file name, and the file's text: one request in each."""
