"""Cases whose own subject a provider's entry changes: what is sent to it then tests nothing that the case is about."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from trueweight.core.body_changes import BodyChanges
from trueweight.core.case import DEFAULT_API, Case
from trueweight.core.provider import Provider
from trueweight.core.thinking import LIMITS

if TYPE_CHECKING:
    from trueweight.core.protocol import Protocol

_SAMPLING: Final = frozenset({"temperature", "top_p", "seed"})
_NEUTRAL: Final = frozenset({"stream_options", "user", "metadata"})
"""Fields that no answer depends on."""
_SEED_CHECK: Final = "seed-repeats"
_LEAST_PLAIN, _MOST_PLAIN = 16, 100_000
"""A limit between these is valid in every API."""


def as_sent(case: Case, provider: Provider) -> Case:
    """The case with the request that a provider gets: without the fields that its entry drops, with those it sets."""
    if not provider.changes.fields_in(case.request):
        return case
    return replace(case, request=provider.changes.in_case(case.request))


def body_of(protocol: Protocol, case: Case, provider: Provider) -> str:
    """JSON text of the body of a case's request in its first mode, as the provider's entry changes it."""
    text = protocol.body(as_sent(case, provider), provider, case.modes[0])
    changes = provider.changes if protocol.name == DEFAULT_API else replace(provider.changes, rename={})
    return changes.in_body(text) if text and changes else text


def why_untested(protocol: Protocol, case: Case, provider: Provider) -> str:
    """Why a case tests nothing of a provider: a phrase that names the field that the provider's entry changes, and that
    the case is about; "" if its entry changes no such field.

    A malformed request is about every field that is not evidently well-formed. A case with an expectation (a check that
    runs on request) is about the values of its fields; a name or a field inside another one (``tools.function.strict``)
    may change.
    """
    changes = provider.changes
    if not changes and not provider.extra_body:
        return ""
    if case.must_be_refused:
        kept, compared = BodyChanges(), provider
    elif any(name in case.checks for name in _expecting()):
        kept = BodyChanges(drop=tuple(path for path in changes.drop if "." in path))
        compared = replace(provider, changes=replace(changes, rename={}))
    else:
        return ""
    text = body_of(protocol, case, replace(provider, changes=kept, extra_body={}))
    # A field of the case may have another name in the body of this API.
    if not any(name in case.request or f'"{name}"' in text for name in _named(provider)):
        return ""
    limits = frozenset({*LIMITS, protocol.names.get("limit", "")})
    before, after = json.loads(text), json.loads(body_of(protocol, case, compared))
    for name, value in before.items():
        if name in after and _same(after[name], value):
            continue
        if not _is_beside(name, value, case, limits):
            return f"the provider's entry {_what(name, after, provider)} {name}, which the case is about"
    return ""


@cache
def _expecting() -> tuple[str, ...]:
    """The checks that run on request only: what they expect follows from the case."""
    from trueweight.core.check import CHECKS

    return tuple(name for name, entry in CHECKS.all().items() if entry.info.on_request)


def _named(provider: Provider) -> Iterator[str]:
    """The names of the fields that an entry changes."""
    changes = provider.changes
    yield from changes.rename
    yield from changes.set
    yield from (path.split(".")[0] for path in changes.drop)
    yield from provider.extra_body


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _is_beside(name: str, value: Any, case: Case, limits: Set[str]) -> bool:
    """Whether a case is about something else than this field."""
    if name in _NEUTRAL and not case.must_be_refused:
        return True
    if case.must_be_refused:
        return _is_plain(name, value, case.request, limits)
    if name in limits:
        return not case.keeps_limit
    if name in _SAMPLING:
        return "sampling" not in case.tags and not (name == "seed" and _SEED_CHECK in case.checks)
    return name == "tool_choice" and value in ("auto", {"type": "auto"})


def _is_plain(name: str, value: Any, request: Mapping[str, Any], limits: Set[str]) -> bool:
    """Whether a field of a malformed request is evidently not what is wrong with it."""
    if isinstance(value, bool):
        return False
    if name == "seed":
        return isinstance(value, int) and value >= 0
    if name == "temperature":
        return isinstance(value, int | float) and 0 <= value <= 1
    one_limit = len(limits & request.keys()) == 1
    return name in limits and one_limit and isinstance(value, int) and _LEAST_PLAIN <= value <= _MOST_PLAIN


def _what(name: str, after: Mapping[str, Any], provider: Provider) -> str:
    if name in after:
        return "sets"
    return "renames" if name in provider.changes.rename else "leaves out"
