"""The catalogue against a real llama.cpp server: it runs to its end, and what it finds is true of that server.

The model is tiny, so what it chooses is often wrong; what no model can break is what counts here. Every MUST finding
was confirmed by hand with ``curl``; those that a new server version may change are not listed here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from command_line import trueweight
from running_lab import RunningLab

from trueweight.checks import all_checks
from trueweight.core import Case
from trueweight.suites import find_suite, shipped_suites

pytestmark = pytest.mark.lab

EVERY = 31
"""One case in so many of each suite; the whole catalogue takes two cores half an hour."""
ALWAYS = frozenset({"models", "stream-usage-unasked", "refuse-temperature-negative"})
"""Sent in any case: no other case has what they have."""
KNOWN = frozenset({"stream-created-once"})
"""What each stream of this server fails: it stamps every chunk with the second in which it was written."""
LONGEST = 24
"""Tokens of an answer: a small model that does not end would write thousands. Limits that are the point are lower."""


def short(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request with a limit on its answer, if it has none or a high one."""
    name = "max_completion_tokens" if "max_completion_tokens" in request else "max_tokens"
    limit = request.get(name, LONGEST)
    return {**request, name: min(limit, LONGEST) if isinstance(limit, int) else limit}


def asked(case: Case) -> dict[str, Any]:
    """What a case asks, as a suite says it."""
    if case.api is not None:
        return {"api": case.api}
    return {"request": short(case.request), "modes": [mode.value for mode in case.modes]}


def part(name: str) -> str:
    """Cases from all over a shipped suite, with those that they are compared with, as a suite of their own."""
    suite = find_suite(name)
    sent = [case for case in suite.cases if case.api in (None, "chat", "models")]
    wanted = {case.id for case in sent[::EVERY]} | (ALWAYS & {case.id for case in sent})
    for case in sent[::EVERY]:
        wanted |= {
            str(params[key]) for params in case.checks.values() for key in ("than", "as", "control") if key in params
        }
    cases = [
        {
            "id": case.id,
            "why": case.why,
            "severity": case.severity.value,
            "checks": dict(case.checks),
            **asked(case),
        }
        for case in sent
        if case.id in wanted
    ]
    return json.dumps({"suite": name, "title": suite.title, "version": 1, "cases": cases}, ensure_ascii=False)


@pytest.fixture(scope="module")
def summary(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A part of every shipped suite, at F16."""
    cwd = tmp_path_factory.mktemp("catalogue")
    suites: list[str] = []
    for name in shipped_suites():
        if all(case.api not in (None, "chat") for case in find_suite(name).cases):
            continue  # of an API that this server is not asked through
        (cwd / f"{name}.yaml").write_text(part(name), "utf-8")
        suites += ["--suite", f"./{name}.yaml"]
    providers = cwd / "providers.toml"
    # As a candidate it is asked once; there is nobody to compare it with.
    providers.write_text(
        lab.only("f16").read_text("utf-8").replace('role = "reference"', 'role = "candidate"'), "utf-8"
    )
    process = trueweight("run", "--providers", providers, *suites, "--out", "run", cwd=cwd, timeout=1800)
    assert process.returncode == 0, process.stderr
    found: dict[str, Any] = json.loads((Path(cwd) / "run" / "summary.json").read_text("utf-8"))
    return found


def test_the_catalogue_runs_through(summary: dict[str, Any]) -> None:
    """Every trial is on record; what did not arrive is the server's own 5xx, which some malformed requests get."""
    found = summary["providers"]["f16"]
    assert found["counts"]["recorded"] == found["counts"]["trials"] > 0
    assert set(found["failures"]) <= {"server-error"}


def test_a_sound_protocol_is_left_alone(summary: dict[str, Any]) -> None:
    """llama.cpp's events, JSON, ids and usage are as clients need them: no check of form fails at MUST."""
    form = {
        "http-json", "body-utf8", "sse-shape", "chunk-shape", "response-shape", "stream-honoured", "stream-complete",
        "error-in-stream", "tool-index-present", "tool-index-unique", "tool-arguments-once", "call-id-present",
        "text-whole-characters",
    }  # fmt: skip
    found = {f["check"]: f["message"] for f in summary["providers"]["f16"]["findings"] if f["severity"] == "MUST"}
    assert not form & set(found), found


def test_what_is_known_of_this_server_is_found(summary: dict[str, Any]) -> None:
    """A negative temperature is accepted with 200: the catalogue says so, and blames the server."""
    findings = {f["check"]: f for f in summary["providers"]["f16"]["findings"]}
    assert "request-refused" in findings
    assert findings["request-refused"]["blame"] == "serving"
    assert set(findings) <= {info.id for info in all_checks()}


def test_what_is_asked_in_any_case_holds(summary: dict[str, Any]) -> None:
    """It lists its model as clients read it, and a stream that did not ask for usage has no chunk for it alone."""
    cells = {row["case"]: row["cells"]["f16"] for row in summary["cases"]}
    for case in ALWAYS - {"refuse-temperature-negative"}:
        assert {check for cell in cells[f"protocol/{case}"].values() for check in cell.get("fails", ())} <= KNOWN
        assert {cell["outcome"] for cell in cells[f"protocol/{case}"].values()} <= {"pass", "fail"}
