"""A hand-built run: eight providers, eighty cases, both modes, with the outcomes that a real run has.

No number in it was measured. It has the shape of ``summary.json`` and of exchanges, and one defect per provider.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

from trueweight.assess import assess
from trueweight.core import (
    Anomaly,
    Attempt,
    Choice,
    Event,
    Exchange,
    Failure,
    FailureKind,
    Finding,
    Mode,
    Outcome,
    Reply,
    RequestRecord,
    Severity,
    Span,
    Stamp,
    ToolCall,
    Usage,
)
from trueweight.core.summary import Summary
from trueweight.core.summary_json import decode_summary, well_formed
from trueweight.report import Evidence

PROVIDERS = ("flaky", "int4", "leaky-parser", "no-strict", "other-stack", "reference", "slow", "twin")
SENTENCES = {
    "reference": "The reference: asked twice, it agrees with itself in 98.7% of the cases.",
    "twin": "Nothing found against it: it calls, answers and fails like the reference.",
    "other-stack": "Nothing found against it; its ids, chunking and extra fields differ, which no law forbids.",
    "slow": "Nothing wrong with what it says, but the median first token takes 3.4 times the reference's time.",
    "leaky-parser": "Tool calls leak into the text as raw markers in 29 of 48 cases, and finish_reason says stop.",
    "no-strict": "Strict schemas are accepted and not enforced: 21 of 32 structured replies are fenced or miss keys.",
    "int4": "Calls a tool where the reference does not in 5 cases and picks enum values outside the schema in 4.",
    "flaky": "21% of requests never got an answer (resets, 502); what arrives is right.",
}
TOOLS = ("get_weather", "search_flights", "create_ticket", "send_email", "run_query", "set_alarm")
TOPICS = ("single", "parallel", "nested", "unicode", "no-argument", "enum", "number-as-text", "marker-in-argument",
          "whitespace", "not-needed", "forced", "after-result")  # fmt: skip
SHAPES = ("flat", "nested", "enum-pull", "array", "optional", "ref", "numbers", "long")


def _trial(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]


def cases(count: int = 80) -> list[dict[str, Any]]:
    """Case heads: three of five about tools, the rest about structured output."""
    out = []
    for i in range(count):
        tool = i % 5 < 3
        name = f"tc-{TOPICS[i % 12]}-{TOOLS[i % 6].replace('_', '-')}-{i}" if tool else f"so-{SHAPES[i % 8]}-{i}"
        topic = TOPICS[i % 12] if tool else SHAPES[i % 8]
        law = "call must arrive as a call" if tool else "schema must be obeyed"
        out.append(
            {
                "case": f"{'tool-calls' if tool else 'structured-output'}/{name}",
                "severity": ("MUST", "MUST", "SHOULD", "MUST", "INFO")[i % 5 if i % 3 else 0],
                "tags": [topic, "tools" if tool else "json"],
                "why": f"A {topic.replace('-', ' ')} {law}.",
                "source": "https://github.com/vllm-project/vllm/issues/10395" if tool else "",
                "tool": tool,
            }
        )
    return out


def kind(name: str) -> str:
    """Whose defect a provider has: that of the sample provider with which its name begins."""
    return next((one for one in PROVIDERS if name.startswith(one)), name)


TWENTY = (
    *PROVIDERS,
    "twin.eu-central.example",
    "twin/bf16",
    "other-stack/fp8-turbo",
    "other-stack-of-a-long-name.us-east-1.cloud.example",
    "slow/batch",
    "leaky-parser/nightly",
    "no-strict.example",
    "int4/groupwise-awq",
    "flaky/spot",
    "twin/second-region",
    "int4.example",
    "twin-7",
)
"""Twenty names, some of them long."""


def _fails(provider: str, case: dict[str, Any], mode: str, i: int, rng: random.Random) -> list[str]:
    if kind(provider) == "leaky-parser" and case["tool"] and i % 5 != 2:
        return ["markers-in-content", "tool-call-expected"] + (["finish-reason-agrees"] if mode == "plain" else [])
    if kind(provider) == "no-strict" and not case["tool"] and i % 3:
        return ["structured-output"]
    if kind(provider) == "int4" and rng.random() < 0.15:
        return ["tool-arguments-schema"] if case["tool"] else ["structured-output"]
    return []


def _cell(provider: str, case: dict[str, Any], mode: str, i: int, rng: random.Random) -> dict[str, Any]:
    trials = [_trial(provider, case["case"], mode, k) for k in range(2)]
    fails = _fails(provider, case, mode, i, rng)
    outcome = "fail" if fails else "pass"
    if kind(provider) == "flaky" and rng.random() < 0.21:
        outcome = "transport"
    elif kind(provider) == "other-stack" and "ref" in case["tags"] and mode == "plain":
        outcome = "unsupported"
    elif kind(provider) == "int4" and fails and rng.random() < 0.4:
        outcome = "flaky"
    passed = {"pass": 2, "flaky": 1}.get(outcome, 0)
    judged = 0 if outcome == "unsupported" else 2  # as in a run: no trial of it is a pass or a failure
    return {"outcome": outcome, "fails": fails, "trials": trials, "passed": passed, "of": judged}


def wilson(k: int, n: int) -> tuple[float, float]:
    """Only to give the fixture intervals of a likely width."""
    p, z = k / n, 1.96
    mid, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, (mid - half) / (1 + z * z / n)), min(1.0, (mid + half) / (1 + z * z / n))


def _share(k: int, n: int, of: int) -> dict[str, Any]:
    if not n:
        return {"value": None, "low": None, "high": None, "n": 0, "unit": "proportion", "method": "n/a", "of": of}
    low, high = wilson(k, n)
    out: dict[str, Any] = {
        "value": k / n,
        "low": low,
        "high": high,
        "n": n,
        "unit": "proportion",
        "method": "Wilson 95%",
    }
    out["of"] = of
    if of > n:
        out["missing"] = {"transport": of - n}
    return out


def _number(value: float, spread: float, unit: str, n: int = 80) -> dict[str, Any]:
    return {"value": value, "low": value * (1 - spread), "high": value * (1 + spread), "n": n, "unit": unit,
            "method": "median, bootstrap BCa 95%, clustered by case"}  # fmt: skip


def _metrics(provider: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    def tally(tool: bool) -> tuple[int, int, int]:
        cells = [c for row in rows if row["tool"] is tool for c in row["cells"][provider].values()]
        judged = [c for c in cells if c["outcome"] not in {"transport", "unsupported"}]
        return sum(c["outcome"] == "pass" for c in judged), len(judged), len(cells)

    every = [c["outcome"] for row in rows for c in row["cells"][provider].values()]
    lost = every.count("transport")
    ttft = {"slow": 712.0, "int4": 118.0, "other-stack": 187.0, "flaky": 231.0}.get(kind(provider), 209.4)
    f1 = {"leaky-parser": (0.531, 0.43, 0.62), "int4": (0.951, 0.91, 0.98), "reference": (0.987, 0.96, 1.0)}
    value, low, high = f1.get(provider, (0.987, 0.958, 1.0))
    n = tally(True)[1]
    return {
        "schema_accuracy": _share(*tally(True)),
        "schema_accuracy_unconditional": _share(*tally(True)),
        "tool_call_f1": {"value": value, "low": low, "high": high, "n": n, "unit": "proportion", "method": "BCa 95%"},
        "structured_output_accuracy": _share(*tally(False)),
        "success_rate": _share(len(every) - lost, len(every), len(every)),
        "first_attempt_success_rate": _share(len(every) - lost - 3, len(every), len(every)),
        "ttft": _number(ttft, 0.06, "ms"),
        "ttft_p95": _number(ttft * 2.3, 0.2, "ms"),
        "e2e": _number(ttft * 3.1, 0.07, "ms"),
        "output_speed": _number(21_000 / ttft, 0.05, "tokens/s"),
        "cost_per_1000": _number({"int4": 0.6, "leaky-parser": 0.9}.get(kind(provider), 1.92), 0.02, "USD"),
    }


def _versus(provider: str, metrics: dict[str, Any]) -> dict[str, Any]:
    d = metrics["tool_call_f1"]["value"] - 0.987
    half = 0.09 if d < -0.1 else 0.03
    return {"tool_call_f1": {"value": d, "low": d - half, "high": d + half, "n": 48, "unit": "difference",
                             "method": "paired bootstrap BCa 95%"}}  # fmt: skip


def _findings(provider: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        for cell in row["cells"][provider].values():
            for check in cell["fails"]:
                entry = found.setdefault(
                    check,
                    {"check": check, "severity": "MUST", "outcome": "fail", "fails": 0, "of": 160, "cases": [],
                     "law": LAWS[check], "source": "https://github.com/vllm-project/vllm/issues/10395",
                     "example": cell["trials"][0], "message": MESSAGES[check]},
                )  # fmt: skip
                entry["fails"] += 1
                if row["case"] not in entry["cases"]:
                    entry["cases"].append(row["case"])
    return sorted(found.values(), key=lambda entry: -entry["fails"])


def _spread(median: float, n: int) -> dict[str, Any]:
    return {"n": n, "percentiles": [round(median * math.exp((p - 50) / 40), 2) for p in range(101)]}


def _course(median: float, lost: int) -> dict[str, Any]:
    """Twenty stretches of a minute with a gap in the middle; what is lost is lost in the third."""
    bins = [{"at": 60.0 * i, "trials": 16, "first_failed": 3 if i == 2 and lost else 0, "lost": lost if i == 2 else 0,
             "ttft": median / 3, "e2e": median * (1 + i / 40)} for i in range(24) if not 9 < i < 14]  # fmt: skip
    return {"seconds": 60.0, "bins": bins}


def make_drift(verdict: str = "drift") -> dict[str, Any]:
    """What a provider's ``drift`` holds."""
    return {
        "verdict": verdict, "mode": "logprobs", "e_value": 480.0, "e_equal": 900.0, "alpha": 0.01, "tau": 0.02,
        "effect": {"value": 0.11, "low": 0.06, "high": 0.17, "n": 24, "unit": "difference", "method": "betting"},
        "words": "Its answers differ by more than honest stacks do.", "findings": ["logprobs are capped at 5"],
        "requests": 26, "reference_requests": 30, "prompts": 24, "missing": {"refused": 2}, "cost": 0.0031,
        "rung": "Q4_0", "rung_interval": ["Q5_K_M", "Q4_0"], "rungs": ["Q5_K_M", "Q4_0"],
        "ladder": [{"rung": r, "effect": {"value": v, "low": v / 2, "high": 2 * v, "unit": "difference"}}
                   for r, v in (("Q8_0", 0.005), ("Q5_K_M", 0.07), ("Q4_0", 0.12), ("Q2_K", 0.4))],
        "wealth": [1.2, 2.0, 7.0, 33.0, 480.0], "details": {"floor": 0.01},
    }  # fmt: skip


LAWS = {
    "markers-in-content": "No tool-call marker of any chat template stands in content.",
    "tool-call-expected": "A case that must bring a call brings one.",
    "finish-reason-agrees": "finish_reason is tool_calls exactly when there are calls.",
    "structured-output": "The whole content is one JSON document, valid under the schema.",
    "tool-arguments-schema": "Arguments are valid under the declared tool's schema.",
}
MESSAGES = {
    "markers-in-content": "content carries <tool_call> and there is no tool_calls",
    "tool-call-expected": "no call, one was due",
    "finish-reason-agrees": "finish_reason is stop",
    "structured-output": "content is fenced in markdown, and 'unit' is missing",
    "tool-arguments-schema": "unit: 'kelvin' is not one of ['celsius', 'fahrenheit']",
}


def make_summary(count: int = 80, providers: tuple[str, ...] = PROVIDERS) -> dict[str, Any]:
    """A whole ``summary.json``."""
    rng = random.Random(7)
    rows = cases(count)
    for i, row in enumerate(rows):
        row["cells"] = {p: {m: _cell(p, row, m, i, rng) for m in ("plain", "stream")} for p in providers}
    out: dict[str, Any] = {}
    for name in providers:
        metrics = _metrics(name, rows)
        lost = sum(c["outcome"] == "transport" for row in rows for c in row["cells"][name].values())
        out[name] = {
            "role": "reference" if name == "reference" else "candidate",
            "model": "kimi-k2-instruct",
            "precision": {"int4": "int4", "reference": "bf16"}.get(kind(name)),
            "declared": {},
            "metrics": metrics,
            "versus_reference": {} if name == "reference" else _versus(name, metrics),
            "counts": {"trials": count * 4, "attempts": count * 4 + 2 * lost, "retries": 2 * lost,
                       "count_finish_reason_tool_calls": 91, "count_successful_tool_call": 88,
                       "count_finish_reason_stop": 60, "count_finish_others": 1,
                       "schema_validation_error_count": 3, "calls_under_stop": 0},
            "failures": {"reset": lost // 2, "server-error": lost - lost // 2} if lost else {},
            "findings": _findings(name, rows),
            "latency": {m: _spread(metrics[m]["value"], n) for m, n in (("ttft", count), ("e2e", 2 * count))},
            "over_time": _course(metrics["e2e"]["value"], lost),
            "sentence": SENTENCES.get(kind(name), "Nothing found against it."),
            "verdict": None,
        }  # fmt: skip
    for row in rows:
        del row["tool"]
    return {
        "format": "trueweight.summary/1",
        "run": {"tool_version": "0.1.0", "seed": 7, "repeats": 2, "asks": 2,
                "started_at": "2026-11-22T14:02:11.000000Z",
                "finished_at": "2026-11-22T14:31:40.000000Z",
                "suites": [{"name": "tool-calls", "digest": "a" * 64, "cases": count * 3 // 5},
                           {"name": "structured-output", "digest": "b" * 64, "cases": count - count * 3 // 5}],
                "cases": count, "trials": {"planned": count * 36, "recorded": count * 36}, "reference": "reference",
                "bar_digest": None, "modes": ["plain", "stream"]},
        "noise_floor": {"tool_call_f1": {"value": 0.987, "low": 0.958, "high": 1.0, "n": 48, "unit": "proportion",
                                         "method": "reference A against B, BCa 95%"}},
        "providers": out,
        "cases": rows,
    }  # fmt: skip


_ESTIMATE: dict[str, Any] = {"value": None, "low": None, "high": None, "n": 40, "unit": "", "method": "by hand"}
_NO_DRIFT: dict[str, Any] = {
    "verdict": "drift", "mode": None, "e_value": 1.0, "e_equal": 1.0, "alpha": 0.01, "tau": 0.02, "words": "Drift.",
    "effect": {"value": 0.1, "low": 0.05, "high": 0.2, "unit": "difference"},
}  # fmt: skip


def _estimates(found: dict[str, Any]) -> dict[str, Any]:
    return {name: _ESTIMATE | one for name, one in found.items()}


def _drift(found: dict[str, Any]) -> dict[str, Any]:
    whole = _NO_DRIFT | found
    ladder = [{**one, "effect": _ESTIMATE | one["effect"]} for one in whole.get("ladder", ())]
    return whole | {"effect": _ESTIMATE | whole["effect"], "ladder": ladder}


def _provider(found: dict[str, Any], trials: int, cases_of_run: int) -> dict[str, Any]:
    counts = {"recorded": trials, "arrived": trials, "cases_answered": cases_of_run} | found["counts"]
    verdict = found.get("verdict")
    out = found | {
        "metrics": _estimates(found["metrics"]),
        "versus_reference": _estimates(found["versus_reference"]),
        "counts": counts,
        "findings": [{"outcome": "fail", "cases_judged": 48, **finding} for finding in found["findings"]],
        "verdict": None if verdict is None else {"bar": "b" * 64, "reasons": [], **verdict},
    }
    return out | ({"drift": _drift(found["drift"])} if found.get("drift") else {})


def typed(summary: dict[str, Any] | Summary) -> Summary:
    """A summary of format 1, written by hand and in part, as the typed one with its assessments."""
    if isinstance(summary, Summary):
        return summary
    cases_of_run = summary["run"]["cases"]
    providers = {name: _provider(one, 2 * cases_of_run, cases_of_run) for name, one in summary["providers"].items()}
    whole = summary | {"providers": providers, "noise_floor": _estimates(summary["noise_floor"])}
    return _assessed(json.dumps(whole))


@cache
def _assessed(text: str) -> Summary:
    """Assessed once in a process: the tests of the report draw the same few summaries many times."""
    return assess(decode_summary(json.dumps(well_formed(json.loads(text)))))


def _request(case: str, mode: str) -> RequestRecord:
    body: dict[str, Any] = {
        "model": "kimi-k2-instruct",
        "messages": [{"role": "user", "content": "Wie ist das Wetter in Zürich? It's for tomorrow."}],
        "tools": [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}],
    }
    if mode == "stream":
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    headers = (("authorization", "Bearer ***"), ("content-type", "application/json"))
    return RequestRecord(
        "POST", "http://127.0.0.1:8101/v1/chat/completions", headers, json.dumps(body, ensure_ascii=False)
    )


def sse(chunks: list[dict[str, Any]]) -> tuple[bytes, list[Span]]:
    """A stream's bytes and the span of each event."""
    body, spans = b"", []
    for chunk in [json.dumps(c, ensure_ascii=False) for c in chunks] + ["[DONE]"]:
        line = f"data: {chunk}\n\n".encode("utf-8", "surrogatepass")
        spans.append(Span(len(body), len(body) + len(line)))
        body += line
    return body, spans


def make_evidence(
    provider: str,
    case: str,
    mode: str,
    cell: dict[str, Any],
    *,
    content: str | None = None,
    index: int = 0,
) -> Evidence:
    """Evidence for one trial of a cell: a call where it passes, leaked markers or bad JSON where it does not."""
    fails = cell["fails"] if cell["outcome"] in {"fail", "flaky"} else []
    trial = cell["trials"][index]
    start = "2026-11-22T14:03:07.120000Z"
    suite, _, name = case.partition("/")
    base: dict[str, Any] = {"trial": trial, "provider": provider, "suite": suite, "case": name}
    if cell["outcome"] == "transport":
        lost = Attempt(0, 0, 200_000, None, 5_000_000, failure=Failure(FailureKind.RESET, "peer closed the connection"))
        exchange = Exchange(
            **base, repeat=index, mode=Mode(mode), started_at=start, request=_request(case, mode), attempts=(lost,)
        )
        return Evidence(trial, provider, case, Mode(mode), index, exchange, None)
    text = content
    calls: tuple[ToolCall, ...] = ()
    arguments = '{"city":"Zürich","unit":"celsius"}'
    if text is None and "markers-in-content" in fails:
        text = '<tool_call>{"name": "get_weather", "arguments": {"city": "Zürich"}}</tool_call>'
    elif text is None and "structured-output" in fails:
        text = '```json\n{"city": "Zürich"}\n```'
    elif text is None and case.startswith("structured"):
        text = '{"city": "Zürich", "unit": "celsius"}'
    elif text is None:
        if fails:
            arguments = arguments.replace("celsius", "kelvin")
        calls = (ToolCall(0, 0, f"call_{trial[:6]}", "function", "get_weather", arguments, fragments=3),)
    deltas: list[dict[str, Any]] = []
    if text is not None:
        size = max(24, len(text) // 100)
        deltas = [{"content": text[i : i + size]} for i in range(0, len(text), size)]
    else:
        deltas = [
            {"tool_calls": [{"index": 0, "id": calls[0].id, "function": {"name": "get_weather", "arguments": ""}}]}
        ]
        deltas += [
            {"tool_calls": [{"index": 0, "function": {"arguments": arguments[i : i + 12]}}]} for i in range(0, 36, 12)
        ]
    finish = "tool_calls" if calls else "stop"
    chunks = [{"id": trial, "choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas]
    chunks.append({"id": trial, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    body, spans = sse(chunks)
    sent = [*chunks, None]
    events = tuple(
        Event(
            209_000_000 + 4_100_000 * i, span, data, body[span.start : span.end].decode("utf-8", "replace").strip()[6:]
        )
        for i, (span, data) in enumerate(zip(spans, sent, strict=True))
    )
    stamps = tuple(Stamp(event.ns, event.span.start) for event in events)
    headers = (("content-type", "text/event-stream"), ("server", "uvicorn"), ("x-request-id", trial))
    attempt = Attempt(0, 100_000, 300_000, 205_000_000, events[-1].ns, 200, "HTTP/1.1", headers, body, stamps)
    exchange = Exchange(
        **base, repeat=index, mode=Mode(mode), started_at=start, request=_request(case, mode), attempts=(attempt,)
    )
    at = body.find(b"<tool_call>") if text else body.find(b"kelvin")
    marked = (Span(at, at + 11),) if at >= 0 else (spans[0],)
    broken = [
        Finding(check, Outcome.FAIL, Severity.MUST, MESSAGES.get(check, check), "a call of get_weather", "text", marked)
        for check in fails
    ]
    findings = (*broken, Finding("sse-shape", Outcome.PASS, Severity.MUST))
    reply = Reply(200, "text/event-stream", True, body, events=events,
                  choices=(Choice(0, text, calls=calls, finish_text=finish),), usage=Usage(112, 31, 143), done=True,
                  anomalies=(Anomaly("role-missing", "the first delta has no role", spans[0]),))  # fmt: skip
    return Evidence(trial, provider, case, Mode(mode), index, exchange, reply, findings)


def with_choice(reply: Reply, **changes: Any) -> Reply:
    """The reply with its only choice changed."""
    return dataclasses.replace(reply, choices=(dataclasses.replace(reply.choice, **changes),))


def make_evidences(summary: dict[str, Any]) -> Iterator[Evidence]:
    """Evidence of every trial of a summary."""
    for row in summary["cases"]:
        for provider, modes in row["cells"].items():
            for mode, cell in modes.items():
                for index in range(len(cell["trials"])):
                    yield make_evidence(provider, row["case"], mode, cell, index=index)
