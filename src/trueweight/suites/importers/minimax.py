"""MiniMax Provider Verifier: requests, each with what its reply is tested for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from trueweight.core.json_value import JsonObject
from trueweight.suites.importers.importer import (
    Item,
    Malformed,
    NotSent,
    Numbered,
    chat_request,
    importer,
    json_lines,
    make_case,
)

SOURCE = "https://github.com/MiniMax-AI/MiniMax-Provider-Verifier"
_ANY_BUT_CYRILLIC = ["latin", "greek", "han", "kana", "hangul", "arabic", "hebrew", "devanagari", "thai"]
_TESTS = frozenset({"check_type", "expected_tool_call", "scenario_check"})

# Checks that need no case validate the calls of every reply, so "tool_calls" needs no other check.
_CHECKS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "tool_calls": {},
    "contains_russian_characters": {"text-script": {"only": _ANY_BUT_CYRILLIC}},
    "contains_russian_characters_unicode": {"text-script": {"only": _ANY_BUT_CYRILLIC}},
    "repeat_ngram": {"text-repetition": {}},
    "repeat_n_gram": {"text-repetition": {}},
    "silence_output": {"content-matches": {"pattern": r"\[SILENCE\]\s*$"}},
    "scenario_check": {},  # made of the request's tool
}
_RESULTS: Mapping[str, str] = {
    "language_following_checked": "contains_russian_characters_unicode",
    "error_repeating_checked": "repeat_n_gram",
    "silence_output_checked": "silence_output",
    "scenario_check_checked": "scenario_check",
}
"""Field of a recorded reply → the check type that wrote it. Results do not keep the check types."""


@importer("minimax", "requests of the MiniMax Provider Verifier, with check_type and expected_tool_call (JSONL)")
def convert(path: Path, suite: str) -> Iterator[Item]:
    """One case per line, with the checks that its ``check_type`` and its ``expected_tool_call`` name."""
    for item in json_lines(path):
        if isinstance(item, Malformed):
            yield item
        else:
            yield from _items(item, suite)


def expected_call(value: Any) -> dict[str, JsonObject]:
    """The check that an ``expected_tool_call`` of true or false requires; none for null.

    Raises:
        ValueError: for any other value.
    """
    if value is None:
        return {}
    if not isinstance(value, bool):
        raise ValueError("expected_tool_call is neither true nor false nor null")
    return {"tool-call-expected": {"call": "must" if value else "must-not"}}


def recorded_checks(rows: Iterable[Mapping[str, Any]], body: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The checks that the result fields of recorded replies to a request name, such as ``silence_output_checked``."""
    names = {name for row in rows for name in row}
    types = [kind for field, kind in _RESULTS.items() if field in names]
    try:
        return _checks_of(types, body)
    except ValueError:
        return {}


def _checks_of(types: Collection[str], body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The checks of check types.

    Raises:
        ValueError: if the request has no tool whose parameters a scenario could repeat.
    """
    checks = {check: params for name in types for check, params in _CHECKS[name].items()}
    if "scenario_check" in types:
        checks["content-matches"] = {"first_in_order": _parameters(body)}
    return checks


def _items(item: Numbered, suite: str) -> Iterator[Item]:
    given = item.value.get("check_type") or []
    types = given if isinstance(given, list) else [given]
    unknown = [name for name in types if not isinstance(name, str) or name not in _CHECKS]
    request = chat_request(item, {key: value for key, value in item.value.items() if key not in _TESTS})
    if unknown:
        reason = f"unknown check_type {unknown[0]!r}; known: {', '.join(_CHECKS)}"
        yield Malformed(item.path, item.line, reason)
        return
    if isinstance(request, Malformed):
        yield request
        return
    try:
        checks = _checks_of(types, request.body) | expected_call(item.value.get("expected_tool_call"))
    except ValueError as error:
        yield Malformed(item.path, item.line, str(error))
        return
    if request.not_sent:
        yield NotSent(item.path, item.line, request.not_sent)
    why = f"Line {item.line} of {item.path.name}, check_type {', '.join(types) or 'none'}."
    tags = ("imported", "minimax")
    yield make_case(suite, f"line-{item.line:04d}", request.body, why=why, source=SOURCE, tags=tags, checks=checks)


def _parameters(body: Mapping[str, Any]) -> list[str]:
    """The parameters of the first tool, in the order of its definition, which the reply has to repeat.

    Raises:
        ValueError: if there are none.
    """
    try:
        names = list(body["tools"][0]["function"]["parameters"]["properties"])
    except (KeyError, IndexError, TypeError):
        names = []
    if len(names) < 2:
        raise ValueError("scenario_check needs a first tool with two parameters or more")
    return names
