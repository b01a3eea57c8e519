"""OpenTelemetry GenAI spans, as OTLP JSON or with flat attributes, by the semantic conventions (in development)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from trueweight.core.json_value import JsonObject
from trueweight.suites.importers.importer import parsed
from trueweight.suites.importers.logs.line import Call, seconds_to_ms, whole
from trueweight.suites.importers.parts import parts_in

_INPUT: Final = "gen_ai.input.messages"
_OUTPUT: Final = "gen_ai.output.messages"
_PARAMETERS: Final = {
    "gen_ai.request.temperature": "temperature",
    "gen_ai.request.top_p": "top_p",
    "gen_ai.request.max_tokens": "max_tokens",
    "gen_ai.request.seed": "seed",
    "gen_ai.request.stop_sequences": "stop",
    "gen_ai.request.frequency_penalty": "frequency_penalty",
    "gen_ai.request.presence_penalty": "presence_penalty",
}


def is_span(row: Mapping[str, Any]) -> bool:
    """Whether a row is an export of spans, or one span with attributes of GenAI."""
    return "resourceSpans" in row or any(name.startswith("gen_ai.") for name in _attributes(row))


def spans_in(row: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The spans of an export; the row itself if it is a span."""
    if "resourceSpans" not in row:
        yield row
        return
    for resource in row["resourceSpans"] or ():
        for scope in (resource or {}).get("scopeSpans") or (resource or {}).get("instrumentationLibrarySpans") or ():
            yield from (span for span in (scope or {}).get("spans") or () if isinstance(span, Mapping))


def read_span(span: Mapping[str, Any]) -> Call | str:
    """The call of a span; contents may be attributes of the span or of its events."""
    found = _attributes(span)
    for event in span.get("events") or ():
        if isinstance(event, Mapping):
            found = {**_attributes(event), **found}
    operation = found.get("gen_ai.operation.name", "chat")
    if operation not in ("chat", "text_completion", "generate_content"):
        return f"a span of the operation {operation}"
    turns = parsed(found.get(_INPUT))
    if not isinstance(turns, list) or not turns:
        return "no messages are stored (they are opt-in: gen_ai.input.messages)"
    messages = [message for turn in turns for message in _messages(turn)]
    lead = parsed(found.get("gen_ai.system_instructions"))
    text = lead if isinstance(lead, str) else _texts(lead)
    body: JsonObject = {"messages": [*([{"role": "system", "content": text}] if text else []), *messages]}
    tools = parsed(found.get("gen_ai.tool.definitions"))
    if isinstance(tools, list) and tools:
        body["tools"] = [_tool(one) for one in tools if isinstance(one, Mapping)]
    body |= {name: found[key] for key, name in _PARAMETERS.items() if found.get(key) is not None}
    outputs = parsed(found.get(_OUTPUT))
    answers = [message for turn in outputs for message in _messages(turn)] if isinstance(outputs, list) else []
    contents = {_INPUT, _OUTPUT, "gen_ai.system_instructions", "gen_ai.tool.definitions"}
    start, end = whole(span.get("startTimeUnixNano")), whole(span.get("endTimeUnixNano"))
    return Call(
        body,
        answer=answers[0] if answers else None,
        model=str(found.get("gen_ai.response.model") or found.get("gen_ai.request.model") or ""),
        ms=None if start is None or end is None or end < start else (end - start) / 1e6,
        ttft_ms=seconds_to_ms(found.get("gen_ai.response.time_to_first_chunk")),
        input_tokens=whole(found.get("gen_ai.usage.input_tokens")),
        cached_input_tokens=whole(found.get("gen_ai.usage.cache_read.input_tokens")),
        cache_write_input_tokens=whole(found.get("gen_ai.usage.cache_creation.input_tokens")),
        output_tokens=whole(found.get("gen_ai.usage.output_tokens")),
        at=_iso(start),
        fields={"name": span.get("name"), **{k: v for k, v in found.items() if k not in contents}},
        failed=bool(found.get("error.type")),
    )


def _iso(ns: int | None) -> str:
    return "" if ns is None else datetime.fromtimestamp(ns / 1e9, UTC).isoformat(timespec="milliseconds")


def _attributes(span: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes by name: flat, an object, or OTLP's list of keys and typed values."""
    held = span.get("attributes")
    if isinstance(held, list):
        return {str(one.get("key")): _value(one.get("value")) for one in held if isinstance(one, Mapping)}
    return dict(held) if isinstance(held, Mapping) else {k: v for k, v in span.items() if k.startswith("gen_ai.")}


def _value(value: Any) -> Any:
    """A typed value of OTLP as a JSON value. Its 64-bit integers are text."""
    if not isinstance(value, Mapping):
        return value
    for kind, held in value.items():
        match kind:
            case "intValue":
                return whole(held)
            case "arrayValue":
                return [_value(one) for one in (held or {}).get("values") or ()]
            case "kvlistValue":
                return {one["key"]: _value(one.get("value")) for one in (held or {}).get("values") or ()}
            case _:
                return held
    return None


def _messages(turn: Any) -> Iterator[JsonObject]:
    """A turn as messages of chat completions: each result of a tool is one."""
    if not isinstance(turn, Mapping):
        return
    parts = parts_in(turn.get("parts"))
    if not parts and isinstance(turn.get("content"), str):
        yield {"role": turn.get("role"), "content": turn["content"]}
        return
    for part in parts:
        if part.get("type") == "tool_call_response":
            held = part.get("response", part.get("result"))
            text = held if isinstance(held, str) else json.dumps(held, ensure_ascii=False)
            yield {"role": "tool", "tool_call_id": part.get("id"), "content": text}
    calls = [_call(part) for part in parts if part.get("type") == "tool_call"]
    text = _texts(parts)
    if calls:
        yield {"role": "assistant", "content": text or None, "tool_calls": calls}
    elif text:
        yield {"role": turn.get("role"), "content": text}


def _call(part: Mapping[str, Any]) -> JsonObject:
    held = part.get("arguments")
    arguments = held if isinstance(held, str) else json.dumps(held or {}, ensure_ascii=False)
    return {"id": part.get("id"), "type": "function", "function": {"name": part.get("name"), "arguments": arguments}}


def _texts(parts: Any) -> str:
    return "\n".join(
        str(part["content"]) for part in parts_in(parts) if part.get("type") == "text" and part.get("content")
    )


def _tool(one: Mapping[str, Any]) -> JsonObject:
    """A tool definition, flat by the conventions, in the shape of chat completions."""
    if "function" in one:
        return dict(one)
    return {"type": "function", "function": {name: value for name, value in one.items() if name != "type"}}
