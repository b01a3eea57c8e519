"""The probe in a run: who is stopped, what is on record, what it costs, and what a resume repeats."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hosts import Answer, Behaviour, Host, Request, error, healthy, page, serve

from in_process import trueweight
from trueweight.core import Provider
from trueweight.report.words import probe_lines
from trueweight.wire import WireSettings, run_loop
from trueweight.workflow.probe import probe_providers

SUITE = """\
suite: s
title: t
version: 1
cases:
- id: chat
  why: test
  modes: [plain]
  severity: INFO
  source: https://e.example
  request: {messages: [{role: user, content: chat}], max_tokens: 9}
"""


def write(directory: Path, *hosts: tuple[str, str], lines: str = "") -> None:
    """A suite and a ``providers.toml``."""
    entries = [
        f'[[provider]]\nname = "{name}"\nbase_url = "{url}"\nmodel = "m"\n'
        f"price = {{ input = 1.0, output = 1.0 }}\n{lines}"
        for name, url in hosts
    ]
    (directory / "providers.toml").write_text("\n".join(entries), "utf-8")
    (directory / "s.yaml").write_text(SUITE, "utf-8")


def run(directory: Path, *more: object, env: dict[str, str] | None = None) -> Any:
    """``trueweight run`` in the directory."""
    fixed = ("run", "--providers", "providers.toml", "--suite", "s.yaml", "--out", "out")
    return trueweight(*fixed, *more, cwd=directory, env=env)


def of_suite(host: Host) -> int:
    """Requests of the suite that a host received."""
    return sum(r.method == "POST" and r.body["messages"][0]["content"] == "chat" for r in host.requests)


def test_a_wrong_setup_stops_that_provider_and_no_other(tmp_path: Path) -> None:
    """The others run; the fault is on the screen, in the summary and on the page, with words and cure; exit 3."""
    with serve(healthy) as good, serve(lambda _: error(402, "Insufficient <b>Balance</b>")) as poor:
        write(tmp_path, ("good", good.url()), ("poor", poor.url()))
        done = run(tmp_path)
    assert done.returncode == 3, done.stderr
    assert "poor: stopped before the run. Setup fault: no credit or quota is left (HTTP 402)" in done.stderr
    assert (of_suite(good), of_suite(poor)) == (1, 0)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert summary["providers"]["poor"]["probe"][0]["fault"] == "no-credit"
    assessment = summary["providers"]["poor"]["assessment"]
    assert (assessment["recommendation"], assessment["reasons"][0]["code"]) == ("undecided", "setup-fault")
    assert assessment["blame"] == "client"
    table = " ".join(done.stdout.split())
    assert "poor: Setup fault: no credit or quota is left (HTTP 402); see above. Nothing else was sent to it." in table
    assert "Add credit" in done.stderr
    assert "Add credit" not in table, "words and cure are printed once"
    assert "Add credit" in trueweight("show", "out", cwd=tmp_path).stdout
    html = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "no credit or quota is left" in html
    assert "<b>Balance" not in html
    assert (tmp_path / "out" / "probe.jsonl").read_text("utf-8").count("\n") == len(good.requests) - 1 + len(
        poor.requests
    )


def test_exit_3_and_nothing_sent_if_no_provider_is_left(tmp_path: Path) -> None:
    """The old way: 60 requests, exit 0."""
    with serve(lambda r: healthy(r) if r.path.startswith("/v1") else page(404, "404 Not Found")) as host:
        write(tmp_path, ("p", host.url("")))
        done = run(tmp_path)
    assert done.returncode == 3
    assert f'Set base_url = "{host.url("/v1")}"' in done.stderr
    assert of_suite(host) == 0


def test_a_provider_that_may_answer_later_is_asked_and_named_with_its_words(tmp_path: Path) -> None:
    """503 while a model is loaded is no setup fault: its words are on the screen before the run, and exit 3 after."""
    with serve(lambda _: error(503, "Loading model")) as host:
        write(tmp_path, ("p", host.url()))
        done = run(tmp_path, "--retries", 0)
    assert done.returncode == 3
    assert "p: No answer (HTTP 503), and no setup fault: Loading model" in done.stderr
    assert of_suite(host) == 1


def test_the_key_is_nowhere_even_if_the_server_echoes_it(tmp_path: Path) -> None:
    """Law 7, in each file of the run and on the screen."""
    key = "sk-abcdefghijklmnop"
    with serve(lambda _: error(401, f"Incorrect API key provided: {key}")) as host:
        write(tmp_path, ("p", host.url()), lines='api_key_env = "A_KEY"\n')
        done = run(tmp_path, env={"A_KEY": key})
        shown = trueweight("ping", "--providers", "providers.toml", cwd=tmp_path, env={"A_KEY": key})
    assert host.requests[0].headers["authorization"] == f"Bearer {key}"
    for text in (done.stdout, done.stderr, shown.stdout, *(f.read_text("utf-8") for f in (tmp_path / "out").iterdir())):
        assert key not in text
    assert "Incorrect API key provided: ***" in shown.stdout


def test_a_resume_probes_only_those_that_did_not_answer(tmp_path: Path) -> None:
    """After the fault is repaired, its provider is probed and run; the other gets no request at all."""
    fixed: list[bool] = []
    with serve(healthy) as good, serve(lambda r: healthy(r) if fixed else error(401, "no key")) as bad:
        write(tmp_path, ("good", good.url()), ("bad", bad.url()))
        assert run(tmp_path).returncode == 3
        first = len(good.requests)
        fixed.append(True)
        done = run(tmp_path)
        assert done.returncode == 0, done.stderr
        assert len(good.requests) == first
        assert of_suite(bad) == 1
        again = len(bad.requests)
        assert run(tmp_path).returncode == 0
        assert len(bad.requests) == again
    probe = json.loads((tmp_path / "out" / "probe.json").read_text("utf-8"))
    assert [one.get("fault") for one in probe["providers"]] == [None, None]
    assert probe["requests"] == len(good.requests) + len(bad.requests) - 2


def test_the_probe_counts_towards_the_limits_and_the_forecast(tmp_path: Path) -> None:
    """Requests and cost; ``--dry-run`` names them, ``--no-probe`` sends none."""
    with serve(healthy) as host:
        write(tmp_path, ("p", host.url()))
        planned = run(tmp_path, "--dry-run").stdout
        assert [line.split()[:2] for line in planned.splitlines() if line.startswith(("probe", "all"))] == [
            ["probe", "3"],
            ["all", "4"],
        ]
        assert host.requests == []
        run(tmp_path, "--max-requests", 3, "--fresh")
        assert (len(host.requests), of_suite(host)) == (3, 0)
        host.requests.clear()
        run(tmp_path, "--no-probe", "--fresh")
        assert (len(host.requests), of_suite(host)) == (1, 1)
        assert "\nprobe " not in run(tmp_path, "--dry-run", "--no-probe").stdout


def _with_logprobs(request: Request) -> Answer:
    answer = healthy(request)
    if "logprobs" in request.body:
        answer.body["choices"][0]["logprobs"] = {"content": [{"token": "OK", "logprob": -0.1, "top_logprobs": []}]}
    return answer


def _refuses_logprobs(request: Request) -> Answer:
    return error(400, "logprobs is not supported") if "logprobs" in request.body else healthy(request)


def _too_busy(request: Request) -> Answer:
    return error(500, "busy") if "logprobs" in request.body else healthy(request)


@pytest.mark.parametrize(
    ("behaviour", "sent", "said"),
    [
        (_with_logprobs, True, "Log-probabilities: sent."),
        (healthy, False, "Log-probabilities: none; drift is measured from texts."),
        (_refuses_logprobs, False, "Log-probabilities: none; drift is measured from texts."),
        (_too_busy, None, ""),
    ],
)
def test_ping_says_whether_log_probabilities_are_sent(behaviour: Behaviour, sent: bool | None, said: str) -> None:
    """By one more request, of ping alone. A host that refuses it has no setup fault; a lost one shows nothing."""
    with serve(behaviour) as host:
        provider = Provider("p", host.url(), "m")
        found = run_loop(
            partial(probe_providers, [provider], keys={}, settings=WireSettings(backoff_base=0.001), logprobs=True)
        ).probe.providers[0]
    lines = [line for line in probe_lines(found) if line.startswith("Log-probabilities")]
    assert (found.fault, found.logprobs, "".join(lines)) == (None, sent, said)


def test_ping_prints_the_probe_and_ends_with_its_exit_code(tmp_path: Path) -> None:
    """A line for each provider and request; JSON is the run's ``probe.json``; 3 if one cannot run."""
    with serve(healthy) as good, serve(lambda _: Answer(200, {"status": "ok"})) as odd:
        write(tmp_path, ("good", good.url()), ("odd", odd.url()))
        both = trueweight("ping", "--providers", "providers.toml", cwd=tmp_path)
        one = trueweight("ping", "--providers", "providers.toml", "--provider", "good", "--json", cwd=tmp_path)
    assert both.returncode == 3
    assert "✓ good, chat: m at" in both.stdout
    assert "✕ odd, chat: m at" in both.stdout
    assert "Setup fault: what answers is not this API (HTTP 200)" in both.stdout
    assert one.returncode == 0
    assert json.loads(one.stdout)["providers"][0]["answers"][2]["calls"] == 1


@pytest.mark.parametrize("message", ["\x1b[31mred\x1b[0m\u202e", "\ud800", "x" * 10_000])
def test_hostile_words_of_a_server_are_shown_harmlessly(tmp_path: Path, message: str) -> None:
    """Escapes, halves of surrogate pairs and length: law 8."""

    def behaviour(_: Request) -> Answer:
        return Answer(400, json.dumps({"error": {"message": message}}))

    with serve(behaviour) as host:
        write(tmp_path, ("p", host.url()))
        done = run(tmp_path)
        shown = trueweight("ping", "--providers", "providers.toml", cwd=tmp_path)
    assert (done.returncode, shown.returncode) == (3, 3), done.stderr
    for text in (done.stdout, done.stderr, shown.stdout):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "x" * 600 not in text


def test_a_reference_that_refuses_every_request_is_named_and_no_provider_is_praised(tmp_path: Path) -> None:
    """It refuses either name of the limit: no comparison took place, so there is no ✓."""

    def picky(request: Request) -> Answer:
        for limit in ("max_tokens", "max_completion_tokens"):
            if request.method == "POST" and limit in request.body:
                return error(400, f"Unsupported parameter: '{limit}' is not supported with this model.")
        return healthy(request)

    with serve(picky) as reference, serve(healthy) as other:
        write(tmp_path, ("ref", reference.url()), ("other", other.url()))
        text = (tmp_path / "providers.toml").read_text("utf-8").replace('"ref"\n', '"ref"\nrole = "reference"\n')
        (tmp_path / "providers.toml").write_text(text, "utf-8")
        done = run(tmp_path)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert "reference-refused" in [one["code"] for one in summary["limits"]]
    assert summary["providers"]["other"]["assessment"]["recommendation"] == "undecided"
    assert "The reference, ref, refused every request" in " ".join(done.stdout.split())
    assert "✓" not in done.stdout
