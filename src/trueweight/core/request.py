"""What a case says, in the vocabulary of chat completions.

Tools, token limit, stop sequences, temperature, schema, finish reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trueweight.core.reply import Finish, Reply
from trueweight.core.thinking import LIMITS

_MAPPINGS: Final = (dict, Mapping)
"""To see that a value is a ``dict`` takes a fifth of the time."""
_ANY_OBJECT: Mapping[str, Any] = {"type": "object"}
FINISH_OF_WORD: Final[Mapping[str, Finish]] = {
    "stop": Finish.STOP,
    "length": Finish.LENGTH,
    "tool_calls": Finish.CALLS,
    "content_filter": Finish.FILTER,
}
"""The finish reasons of chat completions, which cases are written with, and what each means."""
WORD_OF_FINISH: Final[Mapping[str, str]] = {finish: word for word, finish in FINISH_OF_WORD.items()}
"""A finish reason of any API → the word that chat completions has for it; `Finish.OTHER` has none."""


def listed_messages(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The request's messages that are objects; none if it has no list of messages."""
    messages = request.get("messages")
    return [one for one in messages if isinstance(one, _MAPPINGS)] if isinstance(messages, list | tuple) else []


def declared_tools(request: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """The request's tools: name → the parameters schema of each declaration of that name (``{}`` where none is given).

    Tools that a message declares are included.
    """
    found: dict[str, tuple[Any, ...]] = {}
    for tool in [tool for holder in (request, *listed_messages(request)) for tool in _listed(holder.get("tools"))]:
        function = tool.get("function") if isinstance(tool, _MAPPINGS) else None
        if isinstance(function, _MAPPINGS) and isinstance(function.get("name"), str):
            found[function["name"]] = (*found.get(function["name"], ()), function.get("parameters", {}))
    return found


def custom_tools(request: Mapping[str, Any]) -> frozenset[str]:
    """The names of the request's custom tools, which take free text in place of arguments."""
    tools = [tool for tool in _listed(request.get("tools")) if isinstance(tool, Mapping)]
    named = [one.get("custom", one) for one in tools if one.get("type") == "custom"]
    return frozenset(one["name"] for one in named if isinstance(one, Mapping) and isinstance(one.get("name"), str))


def declared_types(request: Mapping[str, Any]) -> frozenset[str]:
    """The types of the request's tools, and ``function``."""
    tools = [tool for tool in _listed(request.get("tools")) if isinstance(tool, Mapping)]
    return frozenset({"function"} | {tool["type"] for tool in tools if isinstance(tool.get("type"), str)})


def _listed(tools: Any) -> list[Any]:
    return list(tools) if isinstance(tools, list | tuple) else []


def token_limit(request: Mapping[str, Any]) -> int | None:
    """The request's limit of completion tokens; None if it sets none.

    If it sets both ``max_completion_tokens`` and the older ``max_tokens``, the larger: a server may obey either, and
    the cost is bounded by that.
    """
    limits = [request.get(name) for name in LIMITS]
    return max((n for n in limits if isinstance(n, int) and not isinstance(n, bool) and n > 0), default=None)


def stop_sequences(request: Mapping[str, Any]) -> tuple[str, ...]:
    """The request's stop sequences: texts that are not empty, of one text or of a list."""
    stop = request.get("stop")
    listed = (stop,) if isinstance(stop, str) else stop if isinstance(stop, list | tuple) else ()
    return tuple(text for text in listed if isinstance(text, str) and text)


def is_hot(request: Mapping[str, Any]) -> bool:
    """Whether a request sets a temperature of 1 or more. A provider's entry may drop it, or set another."""
    temperature = request.get("temperature")
    return isinstance(temperature, int | float) and temperature >= 1


def finish_word(reply: Reply) -> str | None:
    """A reply's finish reason in the vocabulary of chat completions; as sent if that has no word for it."""
    return reply.finish_text if reply.finish is None else WORD_OF_FINISH.get(reply.finish, reply.finish_text)


def requested_schema(request: Mapping[str, Any]) -> Any:
    """The schema that a request's ``response_format`` requests; None if it requests no JSON."""
    requested = request.get("response_format")
    if not isinstance(requested, Mapping):
        return None
    if requested.get("type") == "json_object":
        return _ANY_OBJECT
    if requested.get("type") != "json_schema":
        return None
    wrapper = requested.get("json_schema")
    return wrapper.get("schema", {}) if isinstance(wrapper, Mapping) else {}
