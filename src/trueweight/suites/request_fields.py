"""The fields of a written request: those that the API defines, and those of ``extra_body``, which some servers take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from trueweight.core import DEFAULT_API, PROTOCOLS, near_miss
from trueweight.core.json_value import JsonObject
from trueweight.suites.request_lines import ADDED_BY_PROTOCOL

EXTRA_BODY: Final = "extra_body"
"""The key of a written request whose fields are sent although the API does not define them."""


class FieldProblem(NamedTuple):
    """A field that a written request may not have: its place in the request, what is wrong, what would be valid."""

    path: tuple[str, ...]
    message: str
    hint: str


def field_problems(body: Mapping[str, Any], api: str | None = None) -> Iterator[FieldProblem]:
    """A problem for each field that the API does not define and ``extra_body`` does not name.

    Args:
        api: of a case about one API: its fields are valid beside those of chat completions, and are sent as they are.
    """
    extra = body.get(EXTRA_BODY, {})
    if not isinstance(extra, Mapping):
        hint = "Valid: an object with the fields that only some servers take, e.g. {top_k: 20}."
        yield FieldProblem((EXTRA_BODY,), f"{EXTRA_BODY!r} is not an object", hint)
        extra = {}
    for name in extra:
        if name in ADDED_BY_PROTOCOL or name in ("messages", EXTRA_BODY):
            yield FieldProblem((EXTRA_BODY, str(name)), f"{EXTRA_BODY!r} may not set {name!r}", "")
    own = PROTOCOLS.all().get(api or DEFAULT_API)
    fields = PROTOCOLS.get(DEFAULT_API).fields | (own.fields if own is not None else frozenset())
    for name in body:
        if name not in fields and name not in extra and name != EXTRA_BODY:
            hint = f"{near_miss(str(name), fields)} A field that only some servers take goes into {EXTRA_BODY}."
            yield FieldProblem((str(name),), f"unknown key {name!r}", hint)


def with_extra_body(body: Mapping[str, Any]) -> JsonObject:
    """A written request as it is sent: the fields of ``extra_body`` follow the others."""
    return {**{key: value for key, value in body.items() if key != EXTRA_BODY}, **body.get(EXTRA_BODY, {})}


def as_written(request: Mapping[str, Any]) -> JsonObject:
    """A request as a suite writes it: the fields that the API does not define are in ``extra_body``."""
    fields = PROTOCOLS.get(DEFAULT_API).fields
    extra = {key: value for key, value in request.items() if key not in fields}
    written = {key: value for key, value in request.items() if key in fields}
    return {**written, EXTRA_BODY: extra} if extra else written
