"""MiniMax Provider Verifier: requests with ``check_type``, the names of the checks of their replies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trueweight.core import Case
from trueweight.suites.importers.importer import Malformed, Numbered, chat_request, importer, json_lines, make_case

SOURCE = "https://github.com/MiniMax-AI/MiniMax-Provider-Verifier"
_ANY_BUT_CYRILLIC = ["latin", "greek", "han", "kana", "hangul", "arabic", "hebrew", "devanagari", "thai"]

# Checks that need no case validate the calls of every reply, so "tool_calls" needs no other check.
_CHECKS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "tool_calls": {},
    "contains_russian_characters": {"text-script": {"only": _ANY_BUT_CYRILLIC}},
    "contains_russian_characters_unicode": {"text-script": {"only": _ANY_BUT_CYRILLIC}},
    "repeat_ngram": {"text-repetition": {}},
    "repeat_n_gram": {"text-repetition": {}},
}


@importer("minimax", "requests of the MiniMax Provider Verifier, with check_type (JSONL)")
def convert(path: Path, suite: str) -> Iterator[Case | Malformed]:
    """One case per line, with the checks that its ``check_type`` names."""
    for item in json_lines(path):
        yield item if isinstance(item, Malformed) else _case(item, suite)


def _case(item: Numbered, suite: str) -> Case | Malformed:
    body = dict(item.value)
    types = body.pop("check_type", None) or []
    types = [types] if isinstance(types, str) else types
    unknown = [name for name in types if name not in _CHECKS] if isinstance(types, list) else [types]
    if unknown:
        return Malformed(item.path, item.line, f"unknown check_type {unknown[0]!r}; known: {', '.join(_CHECKS)}")
    request = chat_request(item, body)
    if isinstance(request, Malformed):
        return request
    checks = {check: params for name in types for check, params in _CHECKS[name].items()}
    why = f"Line {item.line} of {item.path.name}, check_type {', '.join(types) or 'none'}."
    tags = ("imported", "minimax")
    return make_case(suite, f"line-{item.line:04d}", request, why=why, source=SOURCE, tags=tags, checks=checks)
