"""The answer, the model and the usage in a recorded response of chat completions, Responses or Messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from trueweight.core import DEFAULT_API, PROTOCOLS, TokenCount
from trueweight.core.json_value import JsonObject
from trueweight.core.task import Answer
from trueweight.suites.importers.parts import MESSAGES_PARTS, kind_of, object_in, parts_in, text_of
from trueweight.suites.importers.recorded_stream import response_of_stream

_OUTPUT: Final = {"completion_tokens", "output_tokens"}
_MESSAGES_CACHE: Final = {"cache_read_input_tokens", "cache_creation_input_tokens"}


def response_in(value: Any) -> Mapping[str, Any]:
    """A response, which the output of a batch has under ``body``, and some gateways' streams under ``streamed_data``.

    A stream, as the text of its server-sent events or as a list of them, is a response in the shape of chat
    completions. Empty if the value is none of these.
    """
    if not isinstance(value, Mapping):
        return response_of_stream(value)
    inner = next((value[name] for name in ("body", "streamed_data") if value.get(name)), None)
    return inner if isinstance(inner, Mapping) else response_of_stream(inner) or value


def answer_in(response: Any) -> Answer | None:
    """The answer in a response of any of the three APIs, or in a message of chat completions; None if there is none."""
    response = response_in(response)
    if isinstance(response.get("choices"), list):
        choice = response["choices"][0] if response["choices"] else None
        return _of_message(choice.get("message")) if isinstance(choice, Mapping) else None
    if isinstance(response.get("output"), list):
        return _of_items(response["output"])
    blocks = parts_in(response.get("content"))
    if response.get("type") == "message" or any(kind_of(one) in MESSAGES_PARTS for one in blocks):
        return _of_blocks(blocks)
    return _of_message(response) if "role" in response or "tool_calls" in response else None


def model_in(response: Any) -> str:
    """The model that a response names; "" if it names none."""
    found = response_in(response).get("model")
    return found if isinstance(found, str) else ""


def usage_in(response: Any) -> TokenCount | None:
    """What a response reports for its bill, as the protocol reads it; None without counts of prompt and output."""
    usage = response_in(response).get("usage")
    if not isinstance(usage, Mapping) or not (_OUTPUT & usage.keys()):
        return None
    api = "messages" if _MESSAGES_CACHE & usage.keys() else "responses"
    api = DEFAULT_API if "prompt_tokens" in usage else api
    return PROTOCOLS.get(api).tokens_in(json.dumps({"usage": usage}).encode())


def _of_message(message: Any) -> Answer | None:
    """The answer of a message of chat completions; None if it is empty or has a malformed call."""
    if not isinstance(message, Mapping):
        return None
    functions = [object_in(call.get("function")) for call in parts_in(message.get("tool_calls"))]
    calls = [_call(function.get("name"), function.get("arguments")) for function in functions]
    return _answer(calls, text_of(message.get("content")))


def _of_items(items: Iterable[Any]) -> Answer | None:
    """The answer of the output items of the Responses API."""
    found = [item for item in items if isinstance(item, Mapping)]
    calls = [_call(one.get("name"), one.get("arguments")) for one in found if one.get("type") == "function_call"]
    return _answer(calls, "".join(text_of(one.get("content")) for one in found if one.get("type") == "message"))


def _of_blocks(blocks: Iterable[Any]) -> Answer | None:
    """The answer of the content blocks of the Messages API."""
    found = parts_in(list(blocks))
    calls = [_call(one.get("name"), one.get("input")) for one in found if one.get("type") == "tool_use"]
    return _answer(calls, text_of([one for one in found if one.get("type") == "text"]))


def _call(name: Any, arguments: Any) -> JsonObject | None:
    try:
        read = json.loads(arguments or "{}") if isinstance(arguments, str) else (arguments or {})
    except (ValueError, RecursionError):
        return None
    return {"name": name, "arguments": read} if isinstance(name, str) and name and isinstance(read, dict) else None


def _answer(calls: Sequence[JsonObject | None], text: str) -> Answer | None:
    if not all(calls):
        return None
    found: JsonObject = {"calls": list(calls)} if calls else {}
    return found | ({"content": text} if text.strip() else {}) or None
