"""Kimi Vendor Verifier: folders of ``valid.jsonl``. Each line is the parameters schema of a tool."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from trueweight.core import Case, Severity
from trueweight.suites.importers.importer import Malformed, Numbered, importer, json_lines, make_case

SOURCE = "https://github.com/MoonshotAI/Kimi-Vendor-Verifier"
_PROMPT = "Call the tool `submit` once, with arguments of your own that its schema accepts."


@importer("kvv-schemas", "schemas of the Kimi Vendor Verifier: a folder of */valid.jsonl, or one such file")
def convert(path: Path, suite: str) -> Iterator[Case | Malformed]:
    """One case per schema: a forced, strict call. ``tool-arguments-schema`` judges the arguments of every reply."""
    files = [path] if path.is_file() else sorted(path.rglob("valid.jsonl"))
    if not files:
        yield Malformed(path, 0, "no valid.jsonl in this folder")
    for file in files:
        for item in json_lines(file):
            yield item if isinstance(item, Malformed) else _case(item, suite)


def _case(item: Numbered, suite: str) -> Case:
    function = {"name": "submit", "strict": True, "parameters": item.value}
    request = {
        "messages": [{"role": "user", "content": _PROMPT}],
        "tools": [{"type": "function", "function": function}],
        "tool_choice": "required",
        "temperature": 0,
        "max_tokens": 2048,
    }
    folder = re.sub(r"[^a-z0-9]+", "-", item.path.parent.name.lower()).strip("-") or "schema"
    return make_case(
        suite,
        f"{folder}-{item.line:03d}",
        request,
        why=f"Arguments obey schema {item.line} of {item.path.parent.name}, which the server accepted as strict.",
        source=SOURCE,
        tags=("imported", "kvv", "schemas"),
        severity=Severity.MUST,
        checks={"tool-call-expected": {"call": "must"}},
    )
