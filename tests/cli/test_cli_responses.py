"""Every command that sends works through Responses: ping, run, load, drift, shrink and replay."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from in_process import trueweight
from records import recorded_lines
from trueweight.fleet.child import running_fleet

FAULTY = "responses-no-call-id"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the providers of a fleet that are asked through Responses alone, and a recorded run of them."""
    folder = tmp_path_factory.mktemp("responses")
    with running_fleet(["reference", "twin", FAULTY], apis=["responses"]) as file:
        shutil.copy(file, folder / "providers.toml")
        done = trueweight(
            *("run", "--providers", "providers.toml", "--suite", "tool-calls", "--limit", 3, "--out", "run"), cwd=folder
        )
        assert done.returncode == 0, done.stderr
        yield folder


def test_a_run_asks_and_judges_through_responses(here: Path) -> None:
    """Each request went to that address, and the faulty host fails what its API requires."""
    rows = recorded_lines(here / "run")
    assert {str(row["request"]["url"]).rsplit("/", 1)[1] for row in rows} == {"responses"}  # type: ignore[index]
    summary = json.loads((here / "run" / "summary.json").read_text(encoding="utf-8"))
    failed = {name: {one["check"] for one in found["findings"]} for name, found in summary["providers"].items()}
    assert failed == {"reference": set(), "twin": set(), FAULTY: {"call-id-present"}}
    assert summary["providers"]["twin"]["metrics"]["ttft"]["of"] > 0  # a busy machine may leave all of them out


def test_ping_says_how_it_answers(here: Path) -> None:
    """The probe's requests are written for the API."""
    done = trueweight("ping", "--providers", "providers.toml", "--provider", "twin", cwd=here)
    assert done.returncode == 0, done.stderr
    assert "✓ twin, responses" in done.stdout
    assert "finish completed" in done.stdout


CONTINUED = """\
suite: state
title: "Two turns"
version: 1
defaults: {tags: [state], source: "https://example.com"}
cases:
  - id: first
    why: "A turn."
    severity: SHOULD
    api: responses
    modes: [plain]
    request: {store: true, messages: [{role: user, content: Hi}]}
    checks: {request-accepted: {}}
    answer: {content: Hi}
  - id: second
    why: "The next turn."
    severity: SHOULD
    api: responses
    modes: [plain]
    follows: first
    request: {messages: [{role: user, content: "And?"}]}
    checks: {request-accepted: {}}
    answer: {content: Hi}
"""


def test_a_case_that_continues_another_one_is_shown_as_sent(here: Path) -> None:
    """It is shown by itself, and the record has the one before: nothing is said to be not applicable."""
    (here / "state.yaml").write_text(CONTINUED, encoding="utf-8")
    sent = ("run", "--providers", "providers.toml", "--suite", "state.yaml", "--out", "state", "--no-probe")
    assert trueweight(*sent, cwd=here).returncode == 0
    shown = trueweight("show", "state", "second", cwd=here)
    assert shown.stdout.count("✓") >= 2
    assert "not applicable" not in shown.stdout
    cases = here / "state" / "cases.jsonl"
    first, second = map(json.loads, cases.read_text(encoding="utf-8").splitlines())
    cases.write_text("".join(json.dumps(one) + "\n" for one in ({**first, "follows": "second"}, second)))
    assert "continues the response of" in trueweight("show", "state", "second", cwd=here).stdout  # and it ends


def test_a_host_that_stores_no_responses_is_no_worse_for_it(tmp_path: Path) -> None:
    """It refuses to continue a response, in clear words: that is said, and no number counts it."""
    checks = "checks: {responses-continued: {}}"
    more = "".join(
        f'  - {{id: more-{at}, why: "A turn.", severity: SHOULD, api: responses, modes: [plain], '
        f'request: {{messages: [{{role: user, content: "{at}?"}}]}}, checks: {{request-accepted: {{}}}}, '
        "answer: {content: Yes}}\n"
        for at in range(60)
    )
    second = CONTINUED.split("  - id: second")
    state = second[0] + more + "  - id: second" + second[1].replace("checks: {request-accepted: {}}", checks)
    (tmp_path / "state.yaml").write_text(state, encoding="utf-8")
    with running_fleet(["reference", "other-stack"], apis=["responses"]) as file:
        sent = ("run", "--providers", file, "--suite", "state.yaml", "--out", "run", "--no-probe")
        done = trueweight(*sent, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "run" / "summary.json").read_text(encoding="utf-8"))
    host = summary["providers"]["other-stack"]
    assert host["not_offered"] == {"stored-responses": 1}
    assert host["metrics"]["success_rate"]["value"] == 1.0
    assert host["assessment"]["recommendation"] == "use"
    said = " ".join(trueweight("judge", "run", cwd=tmp_path).stdout.split())
    assert "It does not offer stored responses: it refused the one request for them." in said


@pytest.mark.slow
def test_show_replay_and_shrink_keep_the_api(here: Path) -> None:
    """A recorded exchange is shown, sent again, and made smaller through the API through which it came."""
    trial = next(str(row["trial"]) for row in recorded_lines(here / "run") if row["provider"] == FAULTY)
    shown = trueweight("show", "run", trial, cwd=here)
    assert "/v1/responses" in shown.stdout
    again = trueweight("replay", "run", trial, "--providers", "providers.toml", "--out", "again", cwd=here)
    assert again.returncode == 0, again.stderr
    assert "still fails: call-id-present" in again.stdout
    small = trueweight(
        *("shrink", "run", "tool-calls/single", "--provider", FAULTY, "--max-requests", 12, "--out", "small"), cwd=here
    )
    assert small.returncode == 0, small.stdout + small.stderr
    assert {str(row["request"]["url"]).rsplit("/", 1)[1] for row in recorded_lines(here / "small")} == {"responses"}  # type: ignore[index]


@pytest.mark.slow
def test_load_and_drift_work_too(here: Path) -> None:
    """Times at a level of load, and a comparison of distributions that can be replayed to the byte."""
    load = ("load", "--providers", "providers.toml", "--suite", "structured-output", "--concurrency", "1,2")
    done = trueweight(*load, "--requests", 4, "--out", "load", cwd=here)
    assert done.returncode == 0, done.stderr
    assert "twin, concurrency 2" in " ".join([done.stdout, done.stderr])
    drift = trueweight("drift", "--providers", "providers.toml", "--max-requests", 40, "--out", "drift", cwd=here)
    assert drift.returncode in (0, 4), drift.stderr
    assert "twin: There is" in " ".join(drift.stdout.split()) or "twin: " in drift.stdout
    replayed = trueweight("drift", "replay", "drift", cwd=here)
    assert "to the byte" in " ".join((replayed.stdout + replayed.stderr).split())


def test_show_says_why_an_api_was_not_asked(here: Path) -> None:
    """A case of another API has no reply; its line names the API and the reason, for one provider and for all."""
    words = ("--suite", "tool-calls,messages", "--limit", 1, "--no-probe", "--out", "both")
    done = trueweight("run", "--providers", "providers.toml", *words, cwd=here)
    assert done.returncode == 0, done.stderr
    why = "not applicable through Messages: the case needs Messages, and the provider has Responses"
    assert (
        trueweight("show", "both", "messages/plain-text", "--provider", "twin", cwd=here).stdout == f"· twin: {why}\n"
    )
    assert trueweight("show", "both", "messages/plain-text", cwd=here).stdout.count(why) == 3
    (row,) = json.loads(
        trueweight("show", "both", "messages/plain-text", "--provider", "twin", "--json", cwd=here).stdout
    )
    assert (row["api"], why) == ("messages", f"not applicable through Messages: {row['not_applicable']}")
