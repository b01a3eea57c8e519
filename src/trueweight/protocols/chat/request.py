"""The chat-completions request: its fields, and a case as its body. A case has that shape, without model and mode."""

from __future__ import annotations

from typing import Final

from trueweight.core import Case, Mode, Provider, RequestSize
from trueweight.core.json_value import JsonObject
from trueweight.core.request import token_limit
from trueweight.protocols.json_text import json_size, write_json

PRIVATE: Final = frozenset(
    {
        "metadata", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "service_tier", "store", "user",
    }
)  # fmt: skip
"""Fields of a body that are about the caller: its identity, its billing, what is stored of it."""

FIELDS: Final = PRIVATE | {
    "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens",
    "max_tokens", "messages", "modalities", "model", "n", "parallel_tool_calls", "prediction", "presence_penalty",
    "reasoning_effort", "response_format", "seed", "stop", "stream", "stream_options", "temperature", "tool_choice",
    "tools", "top_logprobs", "top_p", "verbosity", "web_search_options",
}  # fmt: skip
"""Fields of a body that the API reference defines: https://platform.openai.com/docs/api-reference/chat/create"""

MESSAGE_FIELDS: Final = frozenset(
    {
        "audio", "content", "function_call", "name", "reasoning_content", "refusal", "role", "tool_call_id",
        "tool_calls", "tools",
    }
)  # fmt: skip
"""Fields of a message: the API reference, the thought of an earlier turn, and the tools that a message declares."""

_PROMPT_KEYS = ("messages", "tools", "functions", "response_format")


def body(case: Case, provider: Provider, mode: Mode) -> str:
    """JSON text of the body: ``model``, the case's request, ``extra_body``, ``stream``, in that order.

    The model is the provider's, unless the case names one.

    A stream requests usage, unless the case has its own ``stream_options``; if those are null, none are sent.
    """
    request: JsonObject = {**case.request, **provider.extra_body}
    options = request.pop("stream_options", {"include_usage": True})
    rest = {key: value for key, value in request.items() if key not in ("model", "stream")}
    sent: JsonObject = {"model": case.request.get("model", provider.model), **rest}
    if mode is Mode.STREAM:
        sent |= {"stream": True} if options is None else {"stream": True, "stream_options": options}
    return write_json(sent)


def size(case: Case, provider: Provider) -> RequestSize:
    """What bounds the tokens of the request: its prompt, ``max_tokens`` or ``max_completion_tokens``, and ``n``."""
    request: JsonObject = {**case.request, **provider.extra_body}
    messages = request.get("messages")
    n = request.get("n")
    return RequestSize(
        prompt_bytes=json_size({key: request[key] for key in _PROMPT_KEYS if key in request}),
        messages=len(messages) if isinstance(messages, list) else 1,
        output_tokens=token_limit(request),
        choices=n if isinstance(n, int) and n > 1 else 1,
    )
