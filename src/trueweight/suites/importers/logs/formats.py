"""What each format of log calls request, response, times, tokens and price. From the projects' own schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from trueweight.core.json_value import JsonObject
from trueweight.suites.importers.importer import parsed
from trueweight.suites.importers.logs.line import Call, number, seconds_to_ms, whole, without
from trueweight.suites.importers.logs.otel import is_span, read_span, spans_in
from trueweight.suites.importers.recorded_stream import stream_api

Row = Mapping[str, Any]


class LogFormat(NamedTuple):
    """One format.

    Attributes:
        summary: what it is, for the help.
        recognises: whether a row is of this format.
        read: the call of a row; or why it has none.
        rows: the rows in a row, for a format that keeps many in one.
    """

    summary: str
    recognises: Callable[[Row], bool]
    read: Callable[[Row], Call | str]
    rows: Callable[[Row], Iterator[Row]] = lambda row: iter((row,))


def milliseconds(start: Any, end: Any) -> float | None:
    """Between two times in ISO 8601; None if either is none."""
    try:
        took = (_time(end) - _time(start)).total_seconds()
    except (TypeError, ValueError):
        return None
    return 1000 * took if took >= 0 else None


def _time(value: Any) -> datetime:
    return datetime.fromisoformat(str(value).strip().replace("Z", "+00:00"))


def when(value: Any) -> str:
    """A time in ISO 8601, also of seconds or milliseconds since 1970; "" for anything else."""
    since = number(value)
    if since is not None and since >= 1e9:
        return datetime.fromtimestamp(since / 1000 if since >= 1e11 else since, UTC).isoformat()
    try:
        return "" if value is None else _time(value).isoformat()
    except ValueError:
        return ""


def _batch(row: Row) -> Call | str:
    """A line of Batch input, joined to its output under ``response`` before."""
    response = row.get("response") or {}
    status = response.get("status_code", 200) if isinstance(response, Mapping) else 200
    failed = bool(row.get("error")) or status >= 400
    body = parsed(row.get("body"))
    model = body.get("model", "") if isinstance(body, Mapping) else ""
    fields = without(row, "body", "response", "error")
    answered = response.get("body") if isinstance(response, Mapping) else None
    return Call(body, answered, url=str(row.get("url", "")), model=str(model), fields=fields, failed=failed)


_LITELLM_CALLS: Final = (None, "", "completion", "acompletion", "responses", "aresponses", "anthropic_messages")


def _litellm(row: Row) -> Call | str:
    if row.get("call_type") not in _LITELLM_CALLS:
        return f"a call of type {row.get('call_type')}"
    sent = parsed(row.get("proxy_server_request"))
    body = dict(sent.get("body") or sent) if isinstance(sent, Mapping) else {}
    messages = parsed(row.get("messages"))
    if "messages" not in body and "input" not in body and messages:
        body |= {"messages": messages} if isinstance(messages, list) else messages
    if not body.get("messages") and not body.get("input"):
        return "no messages are stored (LiteLLM keeps them with store_prompts_in_spend_logs)"
    cached = str(row.get("cache_hit", "")).lower() == "true"
    took = number(row.get("request_duration_ms"))
    start, end = row.get("startTime"), row.get("endTime")
    ms = milliseconds(start, end) if took is None else took
    first = milliseconds(start, row.get("completionStartTime"))
    streamed = body.get("stream") is True and row.get("completionStartTime") != end
    return Call(
        body,
        parsed(row.get("response")),
        model=str(row.get("model") or row.get("model_group") or ""),
        ms=None if cached else ms,  # an answer from the gateway's own cache has no time of the model
        ttft_ms=first if streamed and not cached else None,
        input_tokens=whole(row.get("prompt_tokens")),
        output_tokens=whole(row.get("completion_tokens")),
        cost=None if cached else number(row.get("spend")),
        at=str(start or ""),
        fields=without(row, "messages", "response", "proxy_server_request"),
        failed=row.get("status") == "failure",
    )


def _langfuse(row: Row) -> Call | str:
    if str(row.get("type", "GENERATION")).upper() != "GENERATION":
        return f"an observation of type {row.get('type')}"
    asked = parsed(row.get("input"))
    if asked in (None, "", [], {}):
        return "no input is stored"
    body: JsonObject = dict(parsed(row.get("model_parameters")) or {}) if row.get("model_parameters") else {}
    if isinstance(asked, list):
        body["messages"] = asked
    elif isinstance(asked, Mapping):
        body |= asked
    else:
        body["messages"] = [{"role": "user", "content": str(asked)}]
    tools = parsed(row.get("tool_definitions"))
    if tools and "tools" not in body:
        body["tools"] = _tools(tools)
    usage, costs = parsed(row.get("usage_details")) or {}, parsed(row.get("cost_details")) or {}
    start = row.get("start_time", row.get("startTime"))
    took = seconds_to_ms(row.get("latency"))
    return Call(
        body,
        answer=_langfuse_answer(row),
        model=str(row.get("provided_model_name") or row.get("model") or ""),
        ms=milliseconds(start, row.get("end_time", row.get("endTime"))) if took is None else took,
        ttft_ms=seconds_to_ms(row.get("time_to_first_token", row.get("timeToFirstToken"))),
        cost=number(row.get("total_cost", costs.get("total"))),
        at=str(start or ""),
        fields=without(row, "input", "output", "tool_calls", "tool_definitions"),
        failed=str(row.get("level", "")).upper() == "ERROR",
    )._replace(**_langfuse_tokens(usage))


_LANGFUSE_READ: Final = ("input_cached_tokens", "input_cache_read", "cache_read_input_tokens")
_LANGFUSE_WRITTEN: Final = (
    "input_cache_creation", "input_cache_write", "cache_creation_input_tokens", "cache_write_input_tokens",
)  # fmt: skip


def _langfuse_tokens(usage: Row) -> dict[str, Any]:
    """Each kind of token is counted once: those of the cache are not in ``input``, nor are thoughts in ``output``.

    Some integrations count them in both. There the total is the sum of ``input`` and ``output``.
    """
    prompt, output, total = (whole(usage.get(name)) for name in ("input", "output", "total"))
    cached, written = (
        next((count for name in names if (count := whole(usage.get(name))) is not None), None)
        for names in (_LANGFUSE_READ, _LANGFUSE_WRITTEN)
    )
    if prompt is not None and output is not None and total != prompt + output:
        prompt += (cached or 0) + (written or 0)
        output += whole(usage.get("output_reasoning_tokens")) or 0
    return {
        "input_tokens": prompt,
        "cached_input_tokens": cached,
        "cache_write_input_tokens": written,
        "output_tokens": output,
    }


def _langfuse_answer(row: Row) -> Any:
    output, calls = parsed(row.get("output")), parsed(row.get("tool_calls"))
    if isinstance(output, Mapping) and ({"role", "content", "tool_calls", "choices", "output"} & output.keys()):
        message = dict(output)
    else:
        text = output if isinstance(output, str) else row.get("output")
        message = {"role": "assistant", "content": text}
    if isinstance(calls, list) and calls and not message.get("tool_calls"):
        message["tool_calls"] = [_nested(one) for one in calls if isinstance(one, Mapping)]
    return message


def _tools(tools: Any) -> Any:
    return [_nested(one) for one in tools if isinstance(one, Mapping)] if isinstance(tools, list) else tools


def _nested(one: Row) -> JsonObject:
    """A tool, or a call, in the shape of chat completions, whose part is in a nested object."""
    own = one.get("function", one)
    part = {name: value for name, value in own.items() if name not in ("type", "id", "index")}
    return {**({"id": one["id"]} if "id" in one else {}), "type": "function", "function": part}


def _helicone(row: Row) -> Call | str:
    body = parsed(row.get("request_body"))
    status = whole(row.get("response_status"))
    return Call(
        body,
        parsed(row.get("response_body")),
        url=str(row.get("request_path") or ""),
        model=str(row.get("response_model") or row.get("request_model") or ""),
        ms=number(row.get("delay_ms")),
        ttft_ms=number(row.get("time_to_first_token")),
        input_tokens=whole(row.get("prompt_tokens")),
        cached_input_tokens=whole(row.get("prompt_cache_read_tokens")),
        cache_write_input_tokens=whole(row.get("prompt_cache_write_tokens")),
        output_tokens=whole(row.get("completion_tokens")),
        cost=number(row.get("costUSD", row.get("cost"))),
        at=str(row.get("request_created_at") or ""),
        fields=without(row, "request_body", "response_body"),
        failed=status is not None and status >= 400,
    )


_STARTS: Final = ("start_time", "startTime", "started_at", "created_at", "created", "timestamp", "ts", "time", "date")
_BODIES: Final = ("request", "request_body", "body")
_REPLIES: Final = ("response", "response_body", "output", "completion")


def _bodies(row: Row) -> Call | str:
    """A request with its response in one line: stored completions, gateways, own logging."""
    body = next((parsed(row[name]) for name in _BODIES if row.get(name)), None)
    reply = next((parsed(row[name]) for name in _REPLIES if row.get(name)), None)
    if isinstance(body, Mapping) and isinstance(body.get("body"), Mapping) and "messages" not in body:
        body = body["body"]
    if body is None:
        body = {name: value for name, value in row.items() if name not in (*_REPLIES, "choices", "usage")}
        reply = row if reply is None and "choices" in row else reply
    model = reply.get("model", "") if isinstance(reply, Mapping) else ""
    start, end = next((when(row[name]) for name in _STARTS if row.get(name)), ""), when(row.get("end_time"))
    took = next((number(row[name]) for name in ("duration_ms", "latency_ms", "delay_ms") if name in row), None)
    held = isinstance(reply, Mapping) or bool(stream_api(reply))
    text = {"role": "assistant", "content": reply} if isinstance(reply, str) and not held else None
    return Call(
        body,
        reply if held else None,
        text,
        url=str(row.get("url", row.get("path", "")) or ""),
        model=str(model or row.get("model") or (body.get("model", "") if isinstance(body, Mapping) else "")),
        ms=milliseconds(start, end) if took is None else took,
        ttft_ms=next((number(row[name]) for name in ("ttft_ms", "time_to_first_token_ms") if name in row), None),
        cost=next((number(row[name]) for name in ("cost", "cost_usd", "spend") if name in row), None),
        at=str(start or ""),
        fields=without(row, *_BODIES, *_REPLIES, "messages", "tools", "choices"),
        failed=bool(row.get("error")),
    )


def _fine_tuning(row: Row) -> Call | str:
    """Messages whose last assistant turn is the answer."""
    messages = parsed(row.get("messages"))
    body = {**{k: v for k, v in row.items() if k != "messages"}, "messages": messages[:-1], "tools": row.get("tools")}
    body = {name: value for name, value in body.items() if value is not None}
    return Call(body, answer=messages[-1], model=str(row.get("model", "")), fields=without(row, "messages", "tools"))


def _ends_with_answer(row: Row) -> bool:
    messages = parsed(row.get("messages"))
    last = messages[-1] if isinstance(messages, list) and len(messages) > 1 else None
    return isinstance(last, Mapping) and last.get("role") == "assistant" and not any(row.get(n) for n in _REPLIES)


def _has(*names: str) -> Callable[[Row], bool]:
    return lambda row: all(name in row for name in names)


LOG_FORMATS: Final[Mapping[str, LogFormat]] = {
    "openai-batch": LogFormat("OpenAI Batch and Message Batches, joined by custom_id", _has("custom_id"), _batch),
    "otel": LogFormat("OpenTelemetry GenAI spans (OTLP JSON)", is_span, read_span, spans_in),
    "litellm": LogFormat(
        "LiteLLM spend logs (JSON lines or CSV)",
        lambda row: "startTime" in row and bool({"call_type", "spend", "proxy_server_request"} & row.keys()),
        _litellm,
    ),
    "helicone": LogFormat("Helicone export with bodies", _has("request_body", "response_body"), _helicone),
    "langfuse": LogFormat(
        "Langfuse observations",
        lambda row: "input" in row and bool({"provided_model_name", "model_parameters", "usage_details"} & row.keys()),
        _langfuse,
    ),
    "fine-tuning": LogFormat("fine-tuning lines, whose last turn is the answer", _ends_with_answer, _fine_tuning),
    "requests": LogFormat(
        "requests with their responses: {request, response}, stored completions, own logs",
        lambda row: bool({*_BODIES, "messages", "input"} & row.keys()),
        _bodies,
    ),
}
"""By name, the most specific first: a row is read by the first that recognises it."""


def format_of(row: Row) -> str | None:
    """The name of the first format that recognises a row; None if none does."""
    return next((name for name, form in LOG_FORMATS.items() if form.recognises(row)), None)


def joined_batch(rows: Sequence[Row], beside: Sequence[Row]) -> dict[str, JsonObject]:
    """``custom_id`` → the line of Batch input with the ``response`` and ``error`` of its output.

    Args:
        beside: rows of files beside the log.
    """
    found: dict[str, JsonObject] = {}
    for row in (*rows, *beside):
        if "custom_id" in row:
            found.setdefault(str(row["custom_id"]), {}).update({k: v for k, v in row.items() if v is not None})
    return found
