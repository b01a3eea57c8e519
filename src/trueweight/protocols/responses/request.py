"""A case as the body of ``POST /responses``. Cases are written in the shape of chat completions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from trueweight.core import Case, Mode, Provider, RequestSize
from trueweight.core.json_value import JsonObject
from trueweight.core.request import token_limit
from trueweight.protocols.json_text import json_size, parse_json, write_json
from trueweight.protocols.responses.history import conversation_of, inexpressible_in

PRIVATE: Final = frozenset(
    {
        "conversation", "metadata", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "service_tier",
        "store", "user",
    }
)  # fmt: skip
"""Fields of a body that are about the caller: its identity, its billing, what is stored of it."""

FIELDS: Final = PRIVATE | {
    "background", "include", "input", "instructions", "max_output_tokens", "max_tool_calls", "model",
    "parallel_tool_calls", "previous_response_id", "prompt", "reasoning", "stream", "stream_options", "temperature",
    "text", "tool_choice", "tools", "top_logprobs", "top_p", "truncation",
}  # fmt: skip
"""Fields of a body: https://platform.openai.com/docs/api-reference/responses/create"""

LOGPROBS: Final = "message.output_text.logprobs"
"""The value of ``include`` that requests log probabilities."""
_CHAT_ONLY: Final = (
    "messages", "max_tokens", "max_completion_tokens", "response_format", "reasoning_effort", "verbosity", "logprobs",
    "seed", "stop", "n", "logit_bias", "frequency_penalty", "presence_penalty", "stream_options", "stream", "model",
)  # fmt: skip
"""Fields of a case that are written under another name, have no counterpart, or are added here."""
_NEUTRAL: Final[Mapping[str, tuple[Any, ...]]] = {
    "n": (None, 1),
    "stop": (None,),
    "logit_bias": (None, {}),
    "frequency_penalty": (None, 0),
    "presence_penalty": (None, 0),
    "audio": (None,),
    "modalities": (None, ["text"]),
    "prediction": (None,),
    "functions": (None,),
    "function_call": (None,),
    "web_search_options": (None,),
}
"""Fields of chat completions that Responses does not have, with the values that request what happens without them."""
_PROMPT_KEYS: Final = ("input", "instructions", "tools", "text")
_PREVIOUS: Final = "previous_response_id"
_ABOUT_SEED: Final = "seed-repeats"


def cannot_express(case: Case) -> str:
    """Why Responses cannot express a case's request; "" if it can.

    A seed is left out unless the case is about it: temperature 0 needs none, and hosts that ignore it are many.
    """
    request = case.request
    for name, neutral in _NEUTRAL.items():
        given = request.get(name)
        if name in request and (isinstance(given, bool) or given not in neutral):
            return f"it has no {name}"
    seed = request.get("seed")
    if _ABOUT_SEED in case.checks or isinstance(seed, bool) or not isinstance(seed, int | None):
        return "it has no seed"
    if "stream_options" in request:
        return "usage is part of every response, so that stream_options do not ask for it"
    if request.get("logprobs") not in (None, True, False):
        return "log probabilities are requested by name, so that logprobs has no wrong value"
    if request.get("top_logprobs") is not None and request.get("logprobs") is not True:
        return "top_logprobs needs no other field"
    return inexpressible_in(request.get("messages"))


def continuing(case: Case, previous: str) -> Case:
    """The case with the id of the response that its request continues."""
    return replace(case, request={**case.request, _PREVIOUS: previous})


def stored_id(body: bytes) -> str:
    """The id of a plain response; "" if it has none."""
    found = parse_json(body.decode("utf-8", "replace"))
    name = found.value.get("id") if found.ok and isinstance(found.value, dict) else None
    return name if isinstance(name, str) else ""


def left_out(case: Case) -> tuple[str, ...]:
    """The fields of a case that its body does not have, although they ask for something."""
    return ("seed",) if case.request.get("seed") is not None else ()


def body(case: Case, provider: Provider, mode: Mode) -> str:
    """JSON text of the body. What a case or an entry gives in the names of Responses is sent as it is, and wins.

    Nothing is stored at the provider: ``store`` is false, unless the case sets it.
    """
    return write_json(_fields(case, provider) | ({"stream": True} if mode is Mode.STREAM else {}))


def _fields(case: Case, provider: Provider) -> JsonObject:
    request: JsonObject = {**case.request, **provider.extra_body}
    sent: JsonObject = {"model": provider.model, **_conversation(request), **_others(request)}
    return sent | {"store": request.get("store", False)}


def size(case: Case, provider: Provider) -> RequestSize:
    """What bounds the tokens of the request: its prompt and ``max_output_tokens``."""
    sent = _fields(case, provider)
    items = sent.get("input")
    limit = sent.get("max_output_tokens")
    return RequestSize(
        prompt_bytes=json_size({key: sent[key] for key in _PROMPT_KEYS if key in sent}),
        messages=len(items) + 1 if isinstance(items, list | tuple) else 2,
        output_tokens=limit if isinstance(limit, int) and not isinstance(limit, bool) and limit > 0 else None,
    )


def _conversation(request: Mapping[str, Any]) -> JsonObject:
    given = {key: request[key] for key in ("instructions", "input") if key in request}
    if "input" in request or "messages" not in request:
        return given
    messages = request["messages"]
    if not isinstance(messages, list | tuple):
        return {"input": messages, **given}
    found = conversation_of(messages)
    instructions = {} if found.instructions is None else {"instructions": found.instructions}
    return {**instructions, "input": found.items, **given}


def _others(request: Mapping[str, Any]) -> JsonObject:
    """Every field but the conversation, under the names of Responses."""
    out: JsonObject = {}
    if (limit := _limit(request)) is not None:
        out["max_output_tokens"] = limit
    if "response_format" in request:
        out["text"] = {"format": _format(request["response_format"])}
    if "verbosity" in request:
        out["text"] = {**out.get("text", {}), "verbosity": request["verbosity"]}
    if "reasoning_effort" in request:
        out["reasoning"] = {"effort": request["reasoning_effort"]}
    if request.get("logprobs") is True:
        out["include"] = [LOGPROBS]
    skipped = {*_CHAT_ONLY, *_NEUTRAL, "input", "instructions", "store"}
    rest = {key: value for key, value in request.items() if key not in skipped}
    if "tools" in rest:
        rest["tools"] = _tools(rest["tools"])
    if "tool_choice" in rest:
        rest["tool_choice"] = _choice(rest["tool_choice"])
    return {**out, **rest}


def _limit(request: Mapping[str, Any]) -> Any:
    """The limit of tokens: the larger of two, as the cost is bounded by it; a malformed one as it is."""
    found = token_limit(request)
    if found is not None:
        return found
    return next((request[name] for name in ("max_tokens", "max_completion_tokens") if name in request), None)


def _format(requested: Any) -> Any:
    wrapper = requested.get("json_schema") if isinstance(requested, Mapping) else None
    if not isinstance(wrapper, Mapping):
        return requested
    return {"type": requested.get("type"), **wrapper}


def _tools(tools: Any) -> Any:
    return [_tool(tool) for tool in tools] if isinstance(tools, list | tuple) else tools


def _tool(tool: Any) -> Any:
    """A function without its wrapper. ``strict`` is written out, because here its default is another one."""
    function = tool.get("function") if isinstance(tool, Mapping) else None
    if not isinstance(function, Mapping):
        return tool
    rest = {key: value for key, value in function.items() if key not in ("strict", "parameters")}
    parameters = function.get("parameters")
    return {
        "type": tool.get("type"),
        **rest,
        "parameters": {"type": "object", "properties": {}} if parameters is None else parameters,
        "strict": function.get("strict") if function.get("strict") is not None else False,
    }


def _choice(choice: Any) -> Any:
    function = choice.get("function") if isinstance(choice, Mapping) else None
    return {"type": choice.get("type"), **function} if isinstance(function, Mapping) else choice
