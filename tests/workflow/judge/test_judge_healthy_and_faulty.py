"""From recorded exchanges to recommendations: healthy hosts are not accused, the faulty one is to be avoided."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from in_process import trueweight
from trueweight.core import Attempt, Case, Exchange, Mode, Provider, RequestRecord, Role, Severity, Stamp, Trial
from trueweight.plan import make_plan
from trueweight.protocols.sample import JSON_TYPE, SSE_TYPE, json_bytes, sse
from trueweight.store import Manifest, RunDir, SuiteRecord

CASES = 80
HEALTHY = ("host-1", "host-2", "host-3")
TOOL = {"type": "function", "function": {"name": "ping", "parameters": {"type": "object", "properties": {}}}}
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "ping", "arguments": "{}"}}


def case(number: int) -> Case:
    """A case that requires a call."""
    request = {"messages": [{"role": "user", "content": f"Ping {number}."}], "tools": [TOOL]}
    checks = {"tool-call-expected": {"call": "must"}}
    return Case("s", f"c{number}", request, severity=Severity.MUST, source="https://example.org", checks=checks)


def answered(trial: Trial, calls: bool) -> Exchange:
    """A healthy reply that calls the tool, or one that does not."""
    head = {"id": "x", "created": 1, "model": "m"}
    part: dict[str, Any] = {"content": None, "tool_calls": [CALL]} if calls else {"content": "No."}
    finish = "tool_calls" if calls else "stop"
    if trial.mode is Mode.PLAIN:
        if calls:
            part["tool_calls"] = [{key: value for key, value in CALL.items() if key != "index"}]
        choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", **part}, "finish_reason": finish}
        body = json_bytes({**head, "object": "chat.completion", "choices": [choice], "usage": USAGE})
    else:
        deltas = [({"role": "assistant", **part}, None), ({}, finish)]
        chunk = {**head, "object": "chat.completion.chunk"}
        events = [{**chunk, "choices": [{"index": 0, "delta": d, "finish_reason": end}]} for d, end in deltas]
        body = sse([*events, {**chunk, "choices": [], "usage": USAGE}])
    kind = JSON_TYPE if trial.mode is Mode.PLAIN else SSE_TYPE
    attempt = Attempt(0, 10, 20, 30, 9000, 200, "HTTP/1.1", (("Content-Type", kind),), body, (Stamp(35, 0),))
    request = RequestRecord("POST", "http://h/v1/chat/completions", (("Content-Type", JSON_TYPE),), "{}")
    at = "2026-01-02T03:00:00.000000+00:00"
    return Exchange(
        trial.id, trial.provider.name, "s", trial.case.id, trial.repeat, trial.mode, at, request, (attempt,)
    )


def record(path: Path, reference: bool) -> Path:
    """Hosts that call in 95% of trials, in some cases more often than in others; the faulty one in 20 points fewer."""
    first = Provider("first", "http://h/v1", "m", role=Role.REFERENCE if reference else Role.CANDIDATE)
    providers = (first, *(Provider(name, "http://h/v1", "m") for name in (*HEALTHY, "faulty")))
    cases = [case(number) for number in range(CASES)]
    rng = np.random.default_rng(4)
    ease = dict(zip((one.id for one in cases), rng.beta(0.95, 0.05, CASES), strict=True))
    made = Manifest(
        "0.1.0", 7, 1, 2, (SuiteRecord("s", "0" * 64, CASES),), providers, "2026-01-02T03:00:00.000000+00:00"
    )
    with RunDir.create(path, made, cases) as run:
        for trial in make_plan(cases, providers).trials:
            rate = ease[trial.case.id] * (0.79 if trial.provider.name == "faulty" else 1)
            run.append(answered(trial, bool(rng.random() < rate)))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("reference", [True, False])
def test_the_faulty_host_is_to_be_avoided_and_the_healthy_ones_are_not(tmp_path: Path, reference: bool) -> None:
    """80 cases in both modes, judged by the command line: the recommendations are in ``summary.json``."""
    run = record(tmp_path / "run", reference)
    done = trueweight("judge", run, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    seen = json.loads((run / "summary.json").read_text(encoding="utf-8"))["providers"]
    found = {name: one["assessment"]["recommendation"] for name, one in seen.items()}
    assert found["faulty"] == "avoid"
    assert "avoid" not in {found[name] for name in HEALTHY}
    assert sorted(found[name] for name in HEALTHY)[1:] == ["use", "use"]  # one may be undecided by chance
