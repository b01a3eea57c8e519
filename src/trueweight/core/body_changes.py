"""What a provider's entry changes in the body of each request: fields dropped, renamed, or sent with another value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trueweight.core.digest import compact_json
from trueweight.core.json_value import JsonObject


@dataclass(frozen=True, slots=True)
class BodyChanges:
    """Changes for a host that does not take every field of the API.

    Attributes:
        drop: fields to leave out; ``tools.function.strict`` is a field inside each element of a list.
        rename: field → the name that the host has for it.
        set: field → the value that replaces a request's own. A request without the field stays without it.
    """

    drop: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    set: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.drop or self.rename or self.set)

    def in_case(self, request: Mapping[str, Any]) -> JsonObject:
        """A case's request as the provider gets it, with fields under the names of the case: ``set`` and ``drop``."""
        changed = {name: self.set.get(name, value) for name, value in request.items()}
        for path in self.drop:
            changed = _without(changed, path.split("."))
        return changed

    def in_body(self, text: str) -> str:
        """The JSON text of a body with all changes."""
        changed = self.in_case(json.loads(text))
        sent = compact_json({self.rename.get(name, name): value for name, value in changed.items()})
        # Half a surrogate pair, which a case may send, has no UTF-8.
        return sent if _encodes(sent) else json.dumps(json.loads(sent), separators=(",", ":"))

    def fields_in(self, request: Mapping[str, Any]) -> tuple[str, ...]:
        """The fields of a request that change, by their names in the request, sorted."""
        named = {*self.rename, *self.set, *(path.split(".")[0] for path in self.drop)}
        return tuple(sorted(named & request.keys()))


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
