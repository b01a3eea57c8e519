"""What readers of suite files share: the result of reading one, and request bodies on the lines of a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from trueweight.core import Case, ConfigError, Mode
from trueweight.core.evidence import quote
from trueweight.core.json_value import JsonObject

MAX_SHOWN = 60

ADDED_BY_PROTOCOL = frozenset({"model", "stream", "stream_options"})
"""Keys of a request that the protocol sets, so a case does not have them."""


def refuse_constant(word: str) -> NoReturn:
    """For ``json``'s ``parse_constant``.

    Raises:
        ValueError: always: NaN and Infinity are not JSON.
    """
    raise ValueError(f"{word} is not JSON")


def case_request(body: Mapping[str, Any]) -> JsonObject:
    """The request of a case: the body without the keys that the protocol adds."""
    return {key: value for key, value in body.items() if key not in ADDED_BY_PROTOCOL}


def modes_of(body: Mapping[str, Any]) -> tuple[Mode, ...]:
    """The mode that the body's ``stream`` requests; both modes if it has no boolean ``stream``."""
    stream = body.get("stream")
    return (Mode.STREAM if stream else Mode.PLAIN,) if isinstance(stream, bool) else tuple(Mode)


def with_known_roles(messages: list[JsonObject]) -> list[JsonObject]:
    """The messages, with the role ``_input`` of the K2 Vendor Verifier replaced by ``system``."""
    return [{**message, "role": "system"} if message.get("role") == "_input" else message for message in messages]


class Reading(NamedTuple):
    """The content of one suite file.

    Attributes:
        cases: those without a problem. Use them only if ``problems`` is empty.
        problems: in order of the file; each has its place, the value and what would be valid.
    """

    name: str
    title: str
    cases: tuple[Case, ...]
    problems: tuple[ConfigError, ...]


def shown(value: Any) -> str:
    """A value as short JSON text, for an error."""
    return quote(value, MAX_SHOWN)
