"""Runs in two modes of thinking are measured apart; runs with different room for thoughts are compared all the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from in_process import trueweight
from trueweight.core import Provider
from trueweight.core.probe import Probe, ProviderProbe, Thinking
from trueweight.core.thinking import MOST_ALLOWANCE, enough_for
from trueweight.fleet.child import running_fleet
from trueweight.workflow.thinking import allowance_for

PROFILE = """\
title = "Warm"
models = ["*tiny*"]
sources = ["https://example.org"]
[sampling]
zero = "not-advised"
thinking = { temperature = 0.6 }
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """``both`` in two modes, ``roomy`` with twice the allowance, ``warm`` with recommended sampling, two shards."""
    folder = tmp_path_factory.mktemp("modes")
    (folder / "warm.toml").write_text(PROFILE, encoding="utf-8")
    with running_fleet(["reference", "thinks-long"]) as providers:
        command = ("run", "--providers", providers, "--suite", "structured-output", "--limit", 3, "--no-probe")
        room = ("--thinking-allowance", 1024)
        for out, *more in (
            ("both", *room, "--thinking", "as-served", "--thinking", "off"),
            ("roomy", "--thinking-allowance", 2048),
            ("warm", *room, "--profile", "warm.toml"),
            ("s1", *room, "--shard", "1/2"),
            ("s2", "--thinking-allowance", 2048, "--shard", "2/2"),
        ):
            done = trueweight(*command, "--out", out, *more, cwd=folder)
            assert done.returncode == 0, done.stderr
        yield folder


def summary(folder: Path, name: str) -> dict[str, Any]:
    """The summary of a run."""
    found: dict[str, Any] = json.loads((folder / name / "summary.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.slow
def test_metrics_of_two_modes_are_not_pooled(runs: Path) -> None:
    """The numbers of the provider are those of the mode as served; those with thinking off stand beside them."""
    found = summary(runs, "both")
    thinker = found["providers"]["thinks-long"]
    off = thinker["thinking"]["off"]
    assert thinker["metrics"]["thinking_tokens"]["value"] == 600
    assert off["thinking_tokens"]["value"] in (None, 0)
    alone = summary(runs, "roomy")["providers"]["thinks-long"]["metrics"]
    for metric in ("success_rate", "thinking_tokens"):
        assert thinker["metrics"][metric]["n"] == alone[metric]["n"]
    assert off["success_rate"]["n"] == alone["success_rate"]["n"]
    assert found["providers"]["reference"]["thinking"] == {}  # it has no switch
    assert found["run"]["trials"]["planned"] == found["run"]["trials"]["recorded"]


def test_reports_say_which_mode_a_number_is_of(runs: Path) -> None:
    """In the terminal, in markdown and on the page, a row or a table for each mode, and a sentence."""
    sentence = "numbers and times are of the model as served"
    screen = " ".join(trueweight("show", "both", cwd=runs).stdout.split())
    trueweight("report", "both", "--format", "markdown", "-o", "both.md", cwd=runs)
    markdown = (runs / "both.md").read_text(encoding="utf-8")
    page = (runs / "both" / "report.html").read_text(encoding="utf-8")
    for text in (screen, markdown, page):
        assert sentence in text
        assert "with thinking off" in text
    assert "thinks-long, with thinking off" in markdown
    assert "Every metric, with thinking off" in page
    one = trueweight("show", "roomy", cwd=runs).stdout
    assert sentence not in one and "with thinking off" not in one


def test_show_selects_a_mode_of_thinking(runs: Path) -> None:
    """``--thinking off`` shows only the replies without a thought."""
    case = summary(runs, "both")["cases"][0]["case"]
    command = ("show", "both", case, "--provider", "thinks-long", "--json")
    every, off = (json.loads(trueweight(*command, *more, cwd=runs).stdout) for more in ((), ("--thinking", "off")))
    assert len(every) == 2 * len(off) > 0
    assert {one["t"] for one in off} < {one["t"] for one in every}
    assert all('"reasoning_effort":"none"' in json.dumps(one).replace("\\", "") for one in off)


def test_two_allowances_pair_the_same_cases(runs: Path) -> None:
    """The limit of a case is its own, whatever each run added to it; the difference is said."""
    done = trueweight("compare", "both", "roomy", cwd=runs)
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    assert "3 cases with the same request in both runs" in words
    assert "Room for a thought: 1,024 tokens in the first run, 2,048 in the second" in words
    assert "Metrics are compared as served" in words
    found = json.loads(trueweight("compare", "both", "roomy", "--json", cwd=runs).stdout)
    rate = found["providers"]["thinks-long"]["metrics"]["success_rate"]
    assert rate["before"]["n"] == rate["after"]["n"] == len(summary(runs, "roomy")["cases"])


def test_another_sampling_is_another_request_and_is_said(runs: Path) -> None:
    """Recommended sampling and temperature 0 are not compared with each other."""
    done = trueweight("compare", "both", "warm", cwd=runs)
    assert done.returncode == 2
    assert "share no case with the same request" in done.stderr
    assert "the same --sampling" in done.stderr


def test_shards_with_different_room_are_refused_with_the_flag(runs: Path) -> None:
    """The error names the option that makes shards alike, with the number that will do."""
    done = trueweight("merge", "s1", "s2", "-o", "whole", cwd=runs)
    assert done.returncode == 2
    assert "adds 2,048 tokens for a thought to each limit, not 1,024" in done.stderr
    assert "--thinking-allowance 2048" in done.stderr


@pytest.mark.parametrize(
    "thought", [Thinking(place="content", characters=10**9), Thinking(place="usage", tokens=2**53)]
)
def test_one_provider_cannot_make_the_requests_of_all_very_long(thought: Thinking) -> None:
    """However long a thought it sends or counts in its probe."""
    entry = ProviderProbe(
        provider="p", api="chat", base_url="", model="m", fingerprint="", at="", thinking=thought, answers=()
    )
    provider = Provider("p", "http://127.0.0.1:9/v1", "m")
    assert allowance_for([provider], None, Probe(providers=(entry,))) == 16_384
    assert enough_for(2**53) == MOST_ALLOWANCE


@pytest.mark.slow
def test_load_gives_thoughts_room(tmp_path: Path) -> None:
    """The allowance comes from the probe; without one, replies are cut in thought, named, and not judged."""
    with running_fleet(["thinks-long"]) as providers:
        command = (
            "load",
            "--providers",
            providers,
            "--suite",
            "structured-output",
            "--concurrency",
            1,
            "--requests",
            4,
        )
        roomy = trueweight(*command, "--out", "roomy", "--slo", "ttfo=60s", cwd=tmp_path)
        narrow = trueweight(*command, "--out", "narrow", "--thinking-allowance", 0, cwd=tmp_path)
    assert roomy.returncode == 0, roomy.stderr
    assert "4,096 more for a thought" in roomy.stderr and "cut in thought" not in roomy.stderr
    points = [
        json.loads((tmp_path / name / "load.json").read_text("utf-8"))["points"][0] for name in ("roomy", "narrow")
    ]
    assert [(one["ok"], one["good"], one["cut_in_thought"], one["not_judged"]) for one in points] == [
        (4, 4, 0, 0),
        (4, 0, 4, 4),
    ]
    times = points[0]["times"]
    assert times["ttfo"]["p50"]["value"] >= times["ttft"]["p50"]["value"]
    assert "4 of 4 replies not judged: cut in thought" in narrow.stderr
    assert "nothing was judged: every reply was cut in thought" in narrow.stdout


@pytest.mark.slow
def test_a_provider_that_takes_no_max_tokens_gets_the_new_name(tmp_path: Path) -> None:
    """It refused the probe's by name; the note says what is sent in its place, and its replies are like the others'."""
    with running_fleet(["reference", "thinks-in-new-limits"]) as providers:
        command = ("run", "--providers", providers, "--suite", "structured-output", "--limit", 2, "--out", "run")
        done = trueweight(*command, cwd=tmp_path)
        again = trueweight(*command, cwd=tmp_path)
    assert (done.returncode, again.returncode) == (0, 0), done.stderr + again.stderr
    words = "because it refused the probe's: max_tokens is sent as max_completion_tokens"
    assert words in " ".join(done.stderr.split())
    assert "Resuming: 12 trials are on record, 0 are left." in again.stderr
    provider = summary(tmp_path, "run")["providers"]["thinks-in-new-limits"]
    assert provider["metrics"]["success_rate"]["value"] == provider["metrics"]["must_pass_rate"]["value"] == 1.0
