"""K2 Vendor Verifier: requests with long agent histories, one per line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trueweight.suites.importers.importer import Item, Malformed, NotSent, chat_request, importer, json_lines, make_case

SOURCE = "https://github.com/MoonshotAI/K2-Vendor-Verifier"


@importer("k2vv", "requests of the K2 Vendor Verifier (JSONL)")
def convert(path: Path, suite: str) -> Iterator[Item]:
    """One case per line, without an expected answer: the reference decides whether a call is right.

    Of a line of results, which has a request and a response, the request is read.
    """
    for item in json_lines(path):
        request = item if isinstance(item, Malformed) else chat_request(item, _request_of(item.value))
        if isinstance(request, Malformed):
            yield request
            continue
        if request.not_sent:
            yield NotSent(path, item.line, request.not_sent)
        why = f"Line {item.line} of {path.name}: the reference decides whether to call, the schema how."
        yield make_case(suite, f"line-{item.line:04d}", request.body, why=why, source=SOURCE, tags=("imported", "k2vv"))


def _request_of(line: Mapping[str, Any]) -> Any:
    inner = line.get("request")
    return inner if isinstance(inner, dict) and "response" in line else line
