"""An API that trueweight does not know is one folder: this one. It is found by its entry point and used end to end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server import LEAK, PIECES, Server, serving

from records import raw_lines

pytestmark = pytest.mark.slow  # processes in which another package is installed

INSTALLED = Path(__file__).parent / "installed"
"""Not beside the tests, which pytest puts on the path of every test."""

PROVIDERS = """
[[provider]]
name = "whole"
role = "reference"
api = "text-completions"
base_url = "{url}/v1"
model = "m"
api_key_env = "TEXT_KEY"
price = {{ input = 1.0, output = 2.0 }}

[[provider]]
name = "leaking"
api = ["text-completions"]
base_url = "{url}/leaking/v1"
model = "m"
"""

SUITE = """
suite: capitals
title: Capitals
version: 1
cases:
  - id: capital
    why: A plain question.
    severity: MUST
    request: {messages: [{role: user, content: What is the capital of Norway?}], max_tokens: 20}
    checks: {content-matches: {pattern: Oslo}}
  - id: weather
    why: It offers a tool, which text completions do not have.
    request:
      messages: [{role: user, content: Weather?}]
      tools: [{type: function, function: {name: now, parameters: {type: object}}}]
"""

MANY = "suite: capitals\ntitle: Capitals\nversion: 1\ncases:\n" + "".join(
    f"""
  - id: capital-{n}
    why: A plain question.
    severity: MUST
    request: {{messages: [{{role: user, content: "{n}. What is the capital of Norway?"}}], max_tokens: 20}}
    checks: {{content-matches: {{pattern: Oslo}}}}
"""
    for n in range(6)
)

BAR = "[findings]\nMUST = 0\n"


PROGRAM = """
import json, sys
from in_process import trueweight
done = [trueweight(*words, cwd=sys.argv[1]) for words in json.loads(sys.argv[2])]
json.dump([(one.returncode, one.stdout, one.stderr) for one in done], sys.stdout)
"""
TESTS = Path(__file__).parents[2]


def commands(*lines: tuple[str, ...], cwd: Path) -> list[subprocess.CompletedProcess[str]]:
    """Run the CLI several times in one new process, in which this folder's package is installed."""
    path = os.pathsep.join([str(INSTALLED), str(TESTS)])
    environ = {**os.environ, "PYTHONPATH": path, "TEXT_KEY": "sk-text", "PYTHONIOENCODING": "utf-8"}
    words = [sys.executable, "-c", PROGRAM, str(cwd), json.dumps(lines)]
    process = subprocess.run(words, cwd=cwd, env=environ, capture_output=True, encoding="utf-8", check=False)
    assert process.returncode == 0, process.stderr
    done = [
        subprocess.CompletedProcess(line, *one) for line, one in zip(lines, json.loads(process.stdout), strict=True)
    ]
    assert all(one.returncode in (0, 1, 4) for one in done), [one.stderr for one in done]
    return done


RUN = (
    "run", "--providers", "providers.toml", "--suite", "capitals.yaml", "--repeats", "2", "--bar", "bar.toml",
    "--no-probe", "--out", "out",
)  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def run(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the suite at both providers, in both modes."""
    root = tmp_path_factory.mktemp("text")
    (root / "providers.toml").write_text(PROVIDERS.format(url=server.url))
    (root / "capitals.yaml").write_text(SUITE)
    (root / "bar.toml").write_text(BAR)
    commands(RUN, cwd=root)
    return root


def exchanges(run: Path) -> list[dict[str, Any]]:
    return raw_lines(run / "out")


def summary(run: Path) -> dict[str, Any]:
    return json.loads((run / "out" / "summary.json").read_text())


def test_requests_are_written_by_the_protocol(run: Path, server: Server) -> None:
    """A prompt goes to /completions, with the key where there is one; the tool case is never sent."""
    assert {path for path, _, _ in server.heard} == {"/v1/completions", "/leaking/v1/completions"}
    assert {key for path, key, _ in server.heard if path.startswith("/v1/")} == {"Bearer sk-text"}
    assert all(body["prompt"] == "What is the capital of Norway?" for _, _, body in server.heard)
    assert {bool(body.get("stream")) for _, _, body in server.heard} == {False, True}
    assert len(server.heard) == 2 * 2 * 2 + 2 * 2  # modes x repeats x passes of the reference, and the candidate


def test_exchanges_name_their_api_and_hold_no_key(run: Path) -> None:
    """The record says in which protocol it is read."""
    assert {one["api"] for one in exchanges(run)} == {"text-completions"}
    assert "sk-text" not in str(exchanges(run))


def test_replies_are_read_timed_and_priced(run: Path) -> None:
    """Content, usage, cost and token times come out of plain and streamed bodies alike."""
    whole = summary(run)["providers"]["whole"]
    assert whole["metrics"]["success_rate"]["value"] == 1
    assert whole["metrics"]["ttft"]["n"] > 0
    assert whole["metrics"]["cost_per_1000"]["value"] == pytest.approx((9 * 1 + len(PIECES) * 2) / 1e6 * 1000)
    assert not whole["findings"]


def test_checks_that_hold_for_any_api_judge_it(run: Path) -> None:
    """The leaked marker fails its check in every trial; no check of the chat wire format has a word in it."""
    found = {one["check"]: one for one in summary(run)["providers"]["leaking"]["findings"]}
    assert found["turn-markers"]["fails"] == found["turn-markers"]["of"] == 4
    assert LEAK in found["turn-markers"]["message"]
    assert not {"chunk-shape", "response-shape", "choice-index"} & found.keys()


def test_what_it_cannot_express_is_on_record(run: Path) -> None:
    """The case with tools is not applicable, in a note with the reason and in the forecast; and no trial is missing."""
    result = summary(run)
    found = [(note["providers"], note["api"], note["count"], note["reason"]) for note in result["run"]["notes"]]
    assert found == [(["whole", "leaking"], "text-completions", 1, "it has no tools")]
    [row] = [row for row in result["cases"] if row["case"] == "capitals/weather"]
    assert {cell["outcome"] for modes in row["cells"].values() for cell in modes.values()} == {"n/a"}
    assert result["run"]["trials"]["planned"] == result["run"]["trials"]["recorded"] == 12
    limits = {
        one["code"] for provider in result["providers"].values() for one in provider["assessment"].get("limits", ())
    }
    assert "not-answered" not in limits  # every request that could be sent has a reply
    _, forecast = commands(
        ("report", "out", "--format", "markdown", "--out", "page.md"),
        ("run", "--providers", "providers.toml", "--suite", "capitals.yaml", "--out", "dry", "--dry-run"),
        cwd=run,
    )
    words = "1 case is not applicable through text-completions: it has no tools."
    assert f"whole, leaking: {words}" in forecast.stdout
    assert words in (run / "page.md").read_text()


def test_judge_report_gate_and_resume_use_the_same_folder(run: Path) -> None:
    """Judged again the numbers are the same; the page shows the protocol's preview; the gate leaves a leak in one case
    open, because a model can cause one; nothing is sent twice."""
    before = summary(run)
    _, _, shown, gate, again = commands(
        ("judge", "out"),
        ("report", "out", "--format", "html", "--out", "page.html"),
        ("show", "out", "capital", "--provider", "leaking"),
        ("gate", "out"),
        RUN,
        cwd=run,
    )
    assert summary(run) == before
    assert "capitals/capital" in (run / "page.html").read_text()
    assert f'text "{LEAK}"' in shown.stdout
    assert gate.returncode == 4
    assert "? at most 0 failing MUST checks" in gate.stdout
    assert "turn-markers" in gate.stdout
    assert "0 are left" in again.stderr


@pytest.mark.slow
def test_the_gate_fails_a_leak_in_many_cases(tmp_path: Path) -> None:
    """In six cases, of which the reference fails none, the leak is beyond what the model causes."""
    (tmp_path / "capitals.yaml").write_text(MANY)
    (tmp_path / "bar.toml").write_text(BAR)
    with serving() as server:
        (tmp_path / "providers.toml").write_text(PROVIDERS.format(url=server.url))
        sent, gate = commands(RUN, ("gate", "out"), cwd=tmp_path)
    assert (sent.returncode, gate.returncode) == (1, 1)
    assert "leaking: fail" in gate.stdout
    assert "turn-markers" in gate.stdout
    assert gate.stdout.splitlines()[-1].startswith("1 fail; bar")


@pytest.mark.slow
def test_without_the_package_the_name_is_an_error(run: Path) -> None:
    """A provider whose API is not installed is refused by file, line and name, with what would be valid."""
    words = [sys.executable, "-m", "trueweight", "run", "--providers", "providers.toml", "--suite", "capitals.yaml"]
    environ = {**os.environ, "TEXT_KEY": "k"}
    done = subprocess.run([*words, "--out", "o"], cwd=run, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "providers.toml:5" in done.stderr
    assert "api = 'text-completions' is not known" in done.stderr
    assert "Valid: chat" in done.stderr
