"""What a provider's entry changes in the body of each request: fields dropped, renamed, or sent with another value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from trueweight.core.json_value import JsonObject, compact_json


@dataclass(frozen=True, slots=True)
class BodyChanges:
    """Changes for a host that does not take every field of the API.

    Attributes:
        drop: fields to leave out; ``tools.function.strict`` is a field inside each element of a list.
        rename: field of chat completions → the name that the host has for it.
        set: field → the value that replaces a request's own. A request without the field stays without it.
        words: text that is added at the end of the last user message.
    """

    drop: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    set: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""

    def __bool__(self) -> bool:
        return bool(self.drop or self.rename or self.set or self.words)

    def in_case(self, request: Mapping[str, Any]) -> JsonObject:
        """A case's request as the provider gets it, with fields under the names of the case: all but ``rename``."""
        changed = self._changed(request)
        return _with_words(changed, self.words) if self.words else changed

    def _changed(self, request: Mapping[str, Any]) -> JsonObject:
        changed = {name: self.set.get(name, value) for name, value in request.items()}
        for path in self.drop:
            changed = _without(changed, path.split("."))
        return changed

    def in_body(self, text: str) -> str:
        """The JSON text of a body, which a case with the changes of `in_case` became, with the changes of fields that
        only the body has, and with the host's names."""
        changed = self._changed(json.loads(text))
        sent = compact_json({self.rename.get(name, name): value for name, value in changed.items()})
        # Half a surrogate pair, which a case may send, has no UTF-8.
        return sent if _encodes(sent) else json.dumps(json.loads(sent), separators=(",", ":"))

    def fields_in(self, request: Mapping[str, Any]) -> tuple[str, ...]:
        """The fields of a request that change, by their names in the request, sorted."""
        if not self:
            return ()
        named = {*self.rename, *self.set, *(path.split(".")[0] for path in self.drop)}
        named |= set(_CONVERSATIONS) if self.words else set()
        return tuple(sorted(named & request.keys()))


_CONVERSATIONS: Final = ("messages", "input")
"""The fields of a body that have the user's messages; ``input`` is that of Responses."""


def _with_words(request: JsonObject, words: str) -> JsonObject:
    """The request with words at the end of its last user message; the same if it has none."""
    for name in _CONVERSATIONS:
        given = request.get(name)
        if isinstance(given, str):
            return {**request, name: f"{given} {words}"}
        if not isinstance(given, list | tuple):
            continue
        for at in reversed(range(len(given))):
            if isinstance(given[at], Mapping) and given[at].get("role") == "user":
                message = {**given[at], "content": _content_with(given[at].get("content"), words)}
                return {**request, name: [*given[:at], message, *given[at + 1 :]]}
    return request


def _content_with(content: Any, words: str) -> Any:
    """A message's content with words at the end of its text, or of the last part that has one."""
    if isinstance(content, str):
        return f"{content} {words}"
    if not isinstance(content, list | tuple):
        return content
    for at in reversed(range(len(content))):
        part = content[at]
        if isinstance(part, Mapping) and isinstance(part.get("text"), str):
            return [*content[:at], {**part, "text": f"{part['text']} {words}"}, *content[at + 1 :]]
    return content


def _without(value: Any, path: list[str]) -> Any:
    """The value without the field at the path; the same value if it has none."""
    if isinstance(value, list | tuple):
        return [_without(one, path) for one in value]
    if not isinstance(value, Mapping) or path[0] not in value:
        return value
    if len(path) == 1:
        return {key: inner for key, inner in value.items() if key != path[0]}
    return {key: _without(inner, path[1:]) if key == path[0] else inner for key, inner in value.items()}


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
