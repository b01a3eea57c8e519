"""What a chat-completions request must look like before anyone thinks about an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from trueweight.fleet.constrain import UnsatisfiableError, validator_of
from trueweight.fleet.errors import RefusedError

ROLES = ("system", "developer", "user", "assistant", "tool", "function", "_input")
"""``_input`` is how recorded K2 Vendor Verifier requests name the user; it is rendered like any other role."""

_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
}
_COUNTS: Mapping[str, tuple[int, int]] = {
    "max_tokens": (1, 1_000_000),
    "max_completion_tokens": (1, 1_000_000),
    "n": (1, 128),
    "top_logprobs": (0, 20),
}
_FLAGS = ("stream", "logprobs", "parallel_tool_calls")


def check_request(body: Any) -> Mapping[str, Any]:
    """The body, if it is a request.

    Raises:
        RefusedError: with status 400 and the field at fault.
    """
    if not isinstance(body, Mapping):
        raise RefusedError("The request body must be a JSON object.")
    if not isinstance(body.get("model"), str):
        raise RefusedError("You must provide a model parameter.", param="model")
    for check in (_messages, _numbers, _flags, _logprobs, _stop, _bias, _tools, _tool_choice, _response_format):
        check(body)
    return body


def _fail(param: str, message: str) -> None:
    raise RefusedError(f"Invalid value for '{param}': {message}", param=param, code="invalid_value")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _messages(body: Mapping[str, Any]) -> None:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise RefusedError("'messages' must be a non-empty list.", param="messages", code="missing_required_parameter")
    for at, message in enumerate(messages):
        param = f"messages[{at}]"
        if not isinstance(message, Mapping):
            _fail(param, "expected an object.")
        if message.get("role") not in ROLES:
            _fail(f"{param}.role", f"{message.get('role')!r} is not one of {', '.join(ROLES[:-1])}.")
        _content(message, param)
        if message["role"] == "tool" and not isinstance(message.get("tool_call_id"), str):
            _fail(f"{param}.tool_call_id", "a tool message must name the call it answers.")


def _content(message: Mapping[str, Any], param: str) -> None:
    content = message.get("content")
    if content is None and (message["role"] == "assistant" or message.get("tools")):
        return
    if isinstance(content, list):
        if all(isinstance(part, Mapping) and isinstance(part.get("type"), str) for part in content):
            return
        _fail(f"{param}.content", "each part must be an object with a type.")
    if not isinstance(content, str):
        _fail(f"{param}.content", "expected a string or a list of parts.")


def _numbers(body: Mapping[str, Any]) -> None:
    for name, (low, high) in _RANGES.items():
        value = body.get(name)
        if value is not None and not (_is_number(value) and low <= value <= high):
            _fail(name, f"expected a number from {low:g} to {high:g}, got {value!r}.")
    for name, (least, most) in _COUNTS.items():
        value = body.get(name)
        if value is not None and not (isinstance(value, int) and _is_number(value) and least <= value <= most):
            _fail(name, f"expected an integer from {least} to {most}, got {value!r}.")
    seed = body.get("seed")
    if seed is not None and not (isinstance(seed, int) and _is_number(seed)):
        _fail("seed", f"expected an integer, got {seed!r}.")


def _flags(body: Mapping[str, Any]) -> None:
    for name in _FLAGS:
        if body.get(name) is not None and not isinstance(body[name], bool):
            _fail(name, f"expected a boolean, got {body[name]!r}.")
    options = body.get("stream_options")
    if options is not None:
        if not isinstance(options, Mapping):
            _fail("stream_options", "expected an object.")
        if not body.get("stream"):
            _fail("stream_options", "only allowed when 'stream' is true.")


def _logprobs(body: Mapping[str, Any]) -> None:
    if body.get("top_logprobs") is not None and not body.get("logprobs"):
        _fail("top_logprobs", "'logprobs' must be true if 'top_logprobs' is given.")


def _stop(body: Mapping[str, Any]) -> None:
    stop = body.get("stop")
    if stop is None or isinstance(stop, str):
        return
    if not isinstance(stop, list) or len(stop) > 4 or not all(isinstance(item, str) for item in stop):
        _fail("stop", "expected a string or up to 4 strings.")


def _bias(body: Mapping[str, Any]) -> None:
    bias = body.get("logit_bias")
    if bias is None:
        return
    if not isinstance(bias, Mapping):
        _fail("logit_bias", "expected an object from token id to bias.")
    for token, value in bias.items():
        if not str(token).isascii() or not str(token).isdigit() or not (_is_number(value) and -100 <= value <= 100):
            _fail("logit_bias", "expected token ids as keys and numbers from -100 to 100.")


def _tools(body: Mapping[str, Any]) -> None:
    tools = body.get("tools")
    if tools is None:
        return
    if not isinstance(tools, list):
        _fail("tools", "expected a list.")
    if len(tools) > 128:
        _fail("tools", f"at most 128 tools are allowed, got {len(tools)}.")
    names = [_tool(tool, f"tools[{at}]") for at, tool in enumerate(tools)]
    for name in names:
        if names.count(name) > 1:
            _fail("tools", f"duplicate function name {name!r}.")


def _tool(tool: Any, param: str) -> str:
    """The tool's name, if it is well formed."""
    if not isinstance(tool, Mapping) or tool.get("type") != "function":
        _fail(f"{param}.type", "expected an object of type 'function'.")
    function = tool.get("function")
    if not isinstance(function, Mapping):
        raise RefusedError(f"Missing required parameter: '{param}.function'.", param=f"{param}.function")
    name = function.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        _fail(f"{param}.function.name", "expected 1 to 64 letters, digits, '_', '.' or '-'.")
    parameters = function.get("parameters")
    if parameters is not None:
        if not isinstance(parameters, Mapping):
            _fail(f"{param}.function.parameters", "expected a JSON Schema object.")
        _schema(parameters, f"{param}.function.parameters")
    return str(name)


def _schema(schema: Any, param: str) -> None:
    try:
        validator_of(schema)
    except UnsatisfiableError as error:
        raise RefusedError(f"Invalid schema for '{param}': {error}", param=param, code="invalid_schema") from error


def _tool_choice(body: Mapping[str, Any]) -> None:
    choice = body.get("tool_choice")
    if choice is None or choice in ("none", "auto"):
        return
    names = [tool["function"]["name"] for tool in body.get("tools") or ()]
    if not names:
        _fail("tool_choice", "only allowed when 'tools' are given.")
    if choice == "required":
        return
    function = choice.get("function") if isinstance(choice, Mapping) and choice.get("type") == "function" else None
    if not isinstance(function, Mapping) or "name" not in function:
        _fail("tool_choice", "expected 'none', 'auto', 'required' or a named function.")
    elif function["name"] not in names:
        _fail("tool_choice", f"tool {function['name']!r} is not among the tools.")


def _response_format(body: Mapping[str, Any]) -> None:
    wanted = body.get("response_format")
    if wanted is None:
        return
    kinds: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
        "text": lambda _: None,
        "json_object": lambda _: None,
        "json_schema": _json_schema,
    }
    kind = wanted.get("type") if isinstance(wanted, Mapping) else None
    if not isinstance(kind, str) or kind not in kinds:
        _fail("response_format.type", "expected 'text', 'json_object' or 'json_schema'.")
    else:
        kinds[kind](wanted)


def _json_schema(wanted: Mapping[str, Any]) -> None:
    param = "response_format.json_schema"
    spec = wanted.get("json_schema")
    if not isinstance(spec, Mapping):
        raise RefusedError(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")
    name = spec.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        _fail(f"{param}.name", "expected 1 to 64 letters, digits, '_', '.' or '-'.")
    if not isinstance(spec.get("schema"), Mapping):
        _fail(f"{param}.schema", "expected a JSON Schema object.")
    _schema(spec["schema"], f"{param}.schema")
