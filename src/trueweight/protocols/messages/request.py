"""A case as a request of the Messages API, and why the API cannot express a case.

Source: https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from trueweight.core import DEFAULT_API, PROTOCOLS, Case, Mode, Provider, RequestSize
from trueweight.core.json_value import JsonObject
from trueweight.core.request import token_limit
from trueweight.core.thinking import LIMITS, merged
from trueweight.protocols.json_text import json_size, write_json
from trueweight.protocols.messages.content import InexpressibleError, conversation
from trueweight.protocols.messages.tools import tool_choice, tools

PRIVATE: Final = frozenset({"container", "inference_geo", "metadata", "service_tier"})
"""Fields of a body that are about the caller."""
FIELDS: Final = PRIVATE | {
    "cache_control", "context_management", "max_tokens", "mcp_servers", "messages", "model", "output_config", "speed",
    "stop_sequences", "stream", "system", "temperature", "thinking", "tool_choice", "tools", "top_k", "top_p",
}  # fmt: skip
"""Fields of a body that the API defines."""
MESSAGE_FIELDS: Final = frozenset({"content", "role"})
_DEFAULT_LIMIT: Final = 4096
"""``max_tokens`` of a case that sets no limit: the API requires one."""

_WITHOUT_EFFECT: Final[Mapping[str, Callable[[Any], bool]]] = {
    "frequency_penalty": lambda value: not value,
    "logit_bias": lambda value: not value,
    "logprobs": lambda value: not value,
    "n": lambda value: value in (None, 1),
    "parallel_tool_calls": lambda value: value is not False,
    "presence_penalty": lambda value: not value,
    "response_format": lambda value: value is None or value == {"type": "text"},
    "seed": lambda _: True,
    "stream_options": lambda value: value is None or value == {"include_usage": True},
}
"""Fields of chat completions that this API does not have, and the values that ask for nothing. A seed makes replies
repeatable and changes nothing else; a case whose check compares replies with one seed is not expressed."""
_EFFORTS: Final = ("low", "medium", "high", "xhigh", "max")
_PROMPT_KEYS: Final = ("system", "messages", "tools", "output_config")

_VERSION: Final = (("anthropic-version", "2023-06-01"),)
"""The version that hosts of open models serve. The one after it has no temperature; an entry that names it in its
``headers`` has to drop the fields."""


def headers(key: str | None) -> tuple[tuple[str, str], ...]:
    """The version of the API, and the key in its header. With ``key_header = "Authorization"`` a provider's entry sends
    the key as Bearer."""
    return _VERSION if key is None else (("x-api-key", key), *_VERSION)


def body(case: Case, provider: Provider, mode: Mode) -> str:
    """JSON text of the body: `fields_of`, and ``stream`` for a stream.

    Raises:
        InexpressibleError: if the API cannot express the case.
    """
    return write_json(fields_of(case, provider) | ({"stream": True} if mode is Mode.STREAM else {}))


def fields_of(case: Case, provider: Provider) -> JsonObject:
    """``model``, the case's request in the fields of this API, ``extra_body``.

    Raises:
        InexpressibleError: if the API cannot express the case.
    """
    extra = dict(provider.extra_body)
    effort = extra.pop("reasoning_effort", None)
    sent: JsonObject = {"model": provider.model, **_written(case), **extra}
    if effort is not None:
        sent = merged(sent, _effort(effort))
    return {key: value for key, value in sent.items() if key != "stream"}


def cannot_express(case: Case) -> str:
    """Why the API cannot express a case; "" if it can."""
    if case.must_be_refused and case.api is None:
        return "its malformed request is one of chat completions"
    if "seed-repeats" in case.checks:
        return "it has no seed"
    try:
        _written(case)
    except InexpressibleError as reason:
        return str(reason)
    return ""


def size(case: Case, provider: Provider) -> RequestSize:
    """What bounds the tokens of the request."""
    written = {**_written(case), **provider.extra_body}
    limit = written.get("max_tokens")
    return RequestSize(
        prompt_bytes=json_size({key: written[key] for key in _PROMPT_KEYS if key in written}),
        messages=len(written["messages"]) + 1,
        output_tokens=limit if isinstance(limit, int) and not isinstance(limit, bool) and limit > 0 else None,
    )


def _written(case: Case) -> JsonObject:
    """The case's request in the fields of this API, without model and mode."""
    request = case.request
    system, messages = conversation(request.get("messages"))
    out: JsonObject = {} if system is None else {"system": system}
    out["messages"] = messages
    out |= _limit(request)
    out |= tools(request) | tool_choice(request)
    for name, value in request.items():
        if name not in _TAKEN:
            out = merged(out, _field(name, value))
    return out


_TAKEN: Final = frozenset({*LIMITS, "messages", "tools", "tool_choice", "model", "stream"})


def _limit(request: Mapping[str, Any]) -> JsonObject:
    """``max_tokens``. A limit that is null is left out, and one that is malformed is sent as the case has it."""
    limit = token_limit(request)
    if limit is not None:
        return {"max_tokens": limit}
    given = next((name for name in LIMITS if name in request), None)
    if given is None:
        return {"max_tokens": _DEFAULT_LIMIT}
    return {} if request[given] is None else {"max_tokens": request[given]}


def _field(name: str, value: Any) -> JsonObject:
    """The field of this API for one of chat completions."""
    if name in _WITHOUT_EFFECT and _WITHOUT_EFFECT[name](value):
        return {}
    match name:
        case "parallel_tool_calls":
            return {}  # it is a part of tool_choice
        case "stop":
            return _stop(value)
        case "temperature" if isinstance(value, int | float) and value > 1:
            raise InexpressibleError("its temperature is at most 1")
        case "reasoning_effort":
            return _effort(value)
        case "response_format":
            return _format(value)
        case "logprobs" | "top_logprobs":
            raise InexpressibleError("it has no log probabilities")
    if name not in FIELDS and name in PROTOCOLS.get(DEFAULT_API).fields:
        raise InexpressibleError(f"it has no {name}")
    return {name: value}


def _stop(value: Any) -> JsonObject:
    sequences = [value] if isinstance(value, str) else value
    if isinstance(sequences, list | tuple) and any(isinstance(one, str) and not one.strip() for one in sequences):
        raise InexpressibleError("it has no stop sequences of white space")
    return {} if value is None else {"stop_sequences": sequences}


def _effort(value: Any) -> JsonObject:
    if value == "none":
        return {"thinking": {"type": "disabled"}}
    if value in _EFFORTS:
        return {"output_config": {"effort": value}}
    raise InexpressibleError(f"it has no reasoning effort {value}")


def _format(value: Any) -> JsonObject:
    match value:
        case {"type": "json_schema", "json_schema": {"schema": Mapping() as schema}}:
            return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
    raise InexpressibleError("it has no JSON without a schema")
