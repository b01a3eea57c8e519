"""A request of chat completions, Responses or Messages in the shape of chat completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from trueweight.core.json_value import JsonObject
from trueweight.suites.importers import from_messages, from_responses
from trueweight.suites.importers.parts import NotInChatError

_OTHER_APIS: Final = {"prompt": "legacy completions", "contents": "Gemini", "inputs": "an inference endpoint"}
_NO_TEXT: Final = ("embeddings", "/audio", "/images", "/moderations", "/count_tokens", "/input_tokens")
"""Parts of the path of a request that answers no text."""
_KEPT: Final = ("temperature", "top_p", "parallel_tool_calls", "seed", "top_logprobs", "verbosity")
"""Fields that have one name and one meaning in all three APIs."""


class ChatShape(NamedTuple):
    """A request as chat completions; ``dropped`` are fields that have no counterpart there."""

    body: JsonObject
    dropped: tuple[str, ...] = ()


def path_of(url: str) -> str:
    """The path of a request's URL, without its query."""
    return url.partition("?")[0].rstrip("/")


def as_chat(body: Any, url: str = "") -> ChatShape | str:
    """A request body in the shape of chat completions; or why it cannot have it."""
    if not isinstance(body, Mapping):
        return "no request is stored"
    path = path_of(url)
    if any(part in path for part in _NO_TEXT):
        return f"a request to {path}, which answers no text"
    if isinstance(body.get("prompt"), Mapping):
        return "a request with a prompt that the server keeps"
    try:
        return _converted(body, path)
    except NotInChatError as reason:
        return str(reason)


def _converted(body: Mapping[str, Any], path: str) -> ChatShape | str:
    if path.endswith("/responses") or ("input" in body and not body.get("messages")):
        if "embed" in str(body.get("model", "")).lower() or "encoding_format" in body:
            return "a request for embeddings, which answers no text"
        return _with_common(*from_responses.from_responses(body), body, from_responses.TAKEN)
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        other = next((f"a request of {kind}" for name, kind in _OTHER_APIS.items() if name in body), "")
        return other or "no messages are stored"
    if from_messages.is_messages_api(body, path):
        return _with_common(*from_messages.from_messages(body), body, from_messages.TAKEN)
    # A stored completion lists every field, and null is what an absent one is.
    return ChatShape({name: value for name, value in body.items() if value is not None})


def _with_common(out: JsonObject, left: list[str], body: Mapping[str, Any], taken: frozenset[str]) -> ChatShape:
    kept = {name: body[name] for name in _KEPT if body.get(name) is not None}
    extra = {name: body[name] for name in ("model", "stream") if name in body}
    dropped = (name for name in body if name not in taken and name not in _KEPT)
    return ChatShape({**extra, **out, **kept}, (*dropped, *left))
