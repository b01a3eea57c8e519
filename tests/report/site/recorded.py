"""Recorded runs, made by hand: one shipped case, one of the owner's own, and words that must not get out."""

from __future__ import annotations

import json
from pathlib import Path

from trueweight.core import Attempt, Case, Exchange, Mode, Price, Provider, RequestRecord, Role, Severity, Stamp, Trial
from trueweight.core.probe import Probe, ProbeAnswer, ProbeQuestion, ProviderProbe
from trueweight.plan import make_plan
from trueweight.store import Manifest, RunDir, RunFile, SuiteRecord
from trueweight.suites import find_suite
from trueweight.workflow.probe.record import encode_probe

PROMPT, REPLY, REASON, HOST, HEADER, ORG = (
    "our-secret-prompt",
    "our-secret-reply",
    "our-secret-reason",
    "internal.example",
    "x-account-name",
    "org-4711",
)
KEY_ENV = "OUR_VENDOR_KEY"
SECRETS = (PROMPT, REPLY, REASON, HOST, HEADER, ORG, KEY_ENV, "0.60", "extra-of-ours")
HOSTILE = "<script>alert(1)</script>\u202e::error::"


def cases() -> list[Case]:
    """The first case of a shipped suite, and one of the owner's."""
    own = Case(
        "ours",
        "mine",
        {"messages": [{"role": "user", "content": PROMPT}], "max_tokens": 9},
        why=REASON,
        severity=Severity.MUST,
        source="https://internal.example/812",
        checks={"json-equals": {"value": 1}},
    )
    return [find_suite("structured-output").cases[0], own]


def write_run(path: Path, started_at: str, provider: str = "cand", *, status: int = 200) -> Path:
    """A run of a reference and a candidate."""
    shipped = find_suite("structured-output")
    providers = (
        Provider("ref", f"http://{HOST}/v1", "m", role=Role.REFERENCE, price=Price(0.60, 2.50)),
        Provider(provider, f"http://{HOST}/v1", "m", extra_body={"note": "extra-of-ours"}),
    )
    suites = (SuiteRecord(shipped.name, shipped.digest(), 1), SuiteRecord("ours", "0" * 64, 1))
    made = Manifest("0.1.0", 7, 1, 2, suites, providers, started_at)
    with RunDir.create(path, made, cases()) as run:
        for trial in make_plan(cases(), providers).trials:
            run.append(_answered(trial, status))
        run.write_text(RunFile.PROBE, encode_probe(Probe(providers=tuple(map(_probed, providers)))))
    return path


def _probed(provider: Provider) -> ProviderProbe:
    """An entry of a probe in which each text names an address, a key or the account."""
    return ProviderProbe(
        provider=provider.name,
        api="chat",
        base_url=provider.base_url,
        model=provider.model,
        fingerprint="0",
        at="2026-01-01T00:00:00+00:00",
        key_env=KEY_ENV,
        said=f"unknown key of {ORG}",
        works_at=f"http://{HOST}/v1",
        similar=(f"m-of-{ORG}",),
        answers=(
            ProbeAnswer(
                question=ProbeQuestion.PLAIN, trial="0", url=f"http://{HOST}/v1", failure="status", said=f"to {ORG}"
            ),
        ),
    )


def _answered(trial: Trial, status: int) -> Exchange:
    content = REPLY if trial.case.suite == "ours" else '{"shipped": "words"}'
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
    answer = {"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}
    error = {"error": {"message": f"quota of {ORG} is exceeded"}}
    body = json.dumps(answer if status == 200 or trial.mode is Mode.STREAM else error).encode()
    head = (("content-type", "application/json"), (HEADER, "acme"))
    own = status if trial.mode is Mode.PLAIN else 200
    attempt = Attempt(0, 10, 20, 30_000_000, 40_000_000, own, "HTTP/1.1", head, body, (Stamp(35_000_000, 0),))
    provider = trial.provider
    sent = RequestRecord("POST", f"{provider.base_url}/chat/completions", (), trial.body())
    at = "2026-01-02T03:04:05.000006+00:00"
    return Exchange(
        trial.id, provider.name, trial.case.suite, trial.case.id, trial.repeat, trial.mode, at, sent, (attempt,)
    )
