"""K2 Vendor Verifier: requests with long agent histories, one per line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from trueweight.core import Case
from trueweight.suites.importers.importer import Malformed, chat_request, importer, json_lines, make_case

SOURCE = "https://github.com/MoonshotAI/K2-Vendor-Verifier"


@importer("k2vv", "requests of the K2 Vendor Verifier (JSONL)")
def convert(path: Path, suite: str) -> Iterator[Case | Malformed]:
    """One case per line, without an expected answer: the reference decides whether a call is right."""
    for item in json_lines(path):
        if isinstance(item, Malformed):
            yield item
            continue
        request = chat_request(item, item.value)
        if isinstance(request, Malformed):
            yield request
            continue
        why = f"Line {item.line} of {path.name}: the reference decides whether to call, the schema how."
        yield make_case(suite, f"line-{item.line:04d}", request, why=why, source=SOURCE, tags=("imported", "k2vv"))
