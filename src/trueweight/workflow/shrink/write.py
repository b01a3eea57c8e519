"""Write the smallest case as a YAML suite that reproduces the failure."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from trueweight.core import Case, Finding, Mode, way
from trueweight.core.json_value import JsonObject
from trueweight.core.shrunk_case import Shrunk
from trueweight.redaction import for_people
from trueweight.suites import read_suite
from trueweight.suites.request_fields import as_written, with_extra_body
from trueweight.suites.strict_yaml import json_as_yaml

_HEAD = """\
# Found on {provider}, {mode}: {check} failed in {failed} of {sent} replies.
# {message}
# Run it: trueweight run --providers providers.toml --suite {name} --out out
"""


def write_case(shrunk: Shrunk, path: Path) -> Path:
    """Write the smallest case; returns the path.

    Raises:
        ValueError: if there is no failing case.
        OSError: if the file cannot be written.
    """
    if shrunk.case is None or shrunk.finding is None:
        raise ValueError("no failing case to write")
    head = _HEAD.format(
        provider=_line(shrunk.failure.provider.name),
        mode=way(shrunk.failure.mode, shrunk.failure.thinking),
        check=shrunk.finding.check,
        failed=shrunk.failed,
        sent=shrunk.sent,
        message=_line(shrunk.finding.message),
        name=path.name,
    )
    document = _document(shrunk.case, shrunk.finding, shrunk.failure.mode)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    path.write_text(for_people(head + text), encoding="utf-8")
    if _reads_back(path, document):
        return path
    try:
        # JSON can spell values that YAML's own notation cannot, and JSON is YAML too.
        path.write_text(for_people(head + json_as_yaml(document)), encoding="utf-8")
    except ValueError:
        # Half of a surrogate pair: only a JSON escape in a bare request can express it.
        path.unlink()
        path = path.with_suffix(".jsonl")
        path.write_text(for_people(json.dumps(_plain(as_written(shrunk.case.request))) + "\n"), encoding="utf-8")
    return path


def _document(case: Case, finding: Finding, mode: Mode) -> JsonObject:
    entry: JsonObject = {
        "id": re.sub(r"[^a-z0-9._-]+", "-", case.id.lower()).strip("-._")[:80] or "case",
        "why": f"Smallest request of {case.key} that breaks {finding.check}. {_line(case.why)}".strip(),
        "severity": finding.severity.value,
    }
    if case.source:
        entry["source"] = case.source
    if case.request:
        entry |= {"tags": ["shrunk"], "modes": [mode.value], "request": _plain(as_written(case.request))}
    else:  # nothing is sent, so nothing was shrunk
        entry |= {"tags": ["shrunk"], "api": case.api}
    entry["checks"] = {**_plain(case.checks), finding.check: _plain(case.checks.get(finding.check, {}))}
    if case.answer is not None:
        entry["answer"] = _plain(case.answer)
    return {"suite": f"shrunk-{case.suite}"[:80], "title": f"Shrunk from {case.key}", "version": 1, "cases": [entry]}


def _plain(value: Any) -> Any:
    """A copy without shared parts, which YAML would write as aliases."""
    return json.loads(json.dumps(value))


def _reads_back(path: Path, document: JsonObject) -> bool:
    reading = read_suite(str(path))
    if reading.problems or len(reading.cases) != 1:
        return False
    return json.dumps(reading.cases[0].request) == json.dumps(with_extra_body(document["cases"][0].get("request", {})))


def _line(text: str) -> str:
    return " ".join(text.encode("ascii", "backslashreplace").decode().split())[:300]
