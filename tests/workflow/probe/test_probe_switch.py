"""Of several ways to turn thinking off, a run uses the one that the probe sees working; words in a message are one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fleet_replies import without_thinking
from in_process import trueweight
from trueweight.core import BodyChanges, Case, Mode, Provider, Severity, ThinkingControl, ThinkingMode, Trial
from trueweight.fleet.child import running_fleet

PROFILE = """\
title = "Many switches"
models = ["*tiny*"]
sources = ["https://example.org"]
[thinking]
thinks = "by-default"
places = ["reasoning_content"]
[thinking.switches.vendor]
off = { thinking = { type = "disabled" } }
[thinking.switches.template]
off = { chat_template_kwargs = { enable_thinking = false } }
[thinking.switches.word]
off = { message = "/no_think" }
"""
MEMBERS = ("reference", "thinks-word", "thinks-template", "thinks-short", "thinks-always")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run with thinking off of providers whose entries say nothing of it."""
    folder = tmp_path_factory.mktemp("switch")
    (folder / "mine.toml").write_text(PROFILE, encoding="utf-8")
    with running_fleet(MEMBERS) as providers:
        (folder / "providers.toml").write_text(without_thinking(providers), encoding="utf-8")
        done = trueweight(
            *("run", "--providers", "providers.toml", "--suite", "structured-output", "--limit", 2),
            *("--profile", "mine.toml", "--thinking", "off", "--out", "out"),
            cwd=folder,
        )
        assert done.returncode == 0, done.stderr
        yield folder / "out"


def load(run: Path, name: str) -> Any:
    """A JSON file of the run."""
    return json.loads((run / name).read_text(encoding="utf-8"))


def rows_of_probe(forecast: str) -> list[str]:
    """The rows of a forecast with the requests of a probe."""
    return [line for line in forecast.splitlines() if line.split()[:1] == ["probe"]]


def test_the_way_that_works_is_used(run: Path) -> None:
    """For each provider its own; where none works, and where there is no thought, the first."""
    off = {one["name"]: one["thinking"]["off"] for one in load(run, "manifest.json")["providers"]}
    vendor = {"thinking": {"type": "disabled"}}
    assert off == {
        "reference": vendor,
        "thinks-word": {"message": "/no_think"},
        "thinks-template": {"chat_template_kwargs": {"enable_thinking": False}},
        "thinks-short": vendor,
        "thinks-always": vendor,
    }


def test_ways_are_tried_until_one_works(run: Path) -> None:
    """One small request each, and none to a provider without a thought."""
    tried = {one["provider"]: [way["works"] for way in one["switches"]] for one in load(run, "probe.json")["providers"]}
    assert tried == {
        "reference": [],
        "thinks-word": [False, False, True],
        "thinks-template": [False, True],
        "thinks-short": [True],
        "thinks-always": [False, False, False],
    }


def test_no_thought_is_left_but_of_the_host_that_ignores_all(run: Path) -> None:
    """And that one has a finding."""
    providers = load(run, "summary.json")["providers"]
    thoughts = {name: one["counts"]["thinking_tokens"] for name, one in providers.items()}
    assert [name for name, tokens in thoughts.items() if tokens] == ["thinks-always"]
    found = {name for name, one in providers.items() if any(f["check"] == "thinking-switch" for f in one["findings"])}
    assert found == {"thinks-always"}
    rates = {one["metrics"]["must_pass_rate"]["value"] for one in providers.values()}
    assert rates == {1.0}


SAID = (
    {"messages": [{"role": "user", "content": "Hi"}]},
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}]},
    {"messages": [{"role": "user", "content": "No"}, {"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
)


@pytest.mark.parametrize("request_", SAID)
def test_words_end_the_last_user_message(request_: dict[str, Any]) -> None:
    """Of no other message, and only in the mode that switches; the trial's id depends on the words."""
    case = Case("s", "c", {**request_, "max_tokens": 9}, severity=Severity.INFO)
    bodies, ids = {}, set()
    for word in ("/no_think", "/nothink"):
        provider = Provider("p", "http://127.0.0.1", "m", thinking=ThinkingControl(off={"message": word}))
        for mode in (ThinkingMode.AS_SERVED, ThinkingMode.OFF):
            trial = Trial.of(case, provider, 0, Mode.PLAIN, thinking=mode)
            bodies[word, mode] = trial.body()
            ids.add(trial.id)
            assert trial.case_as_sent.request["messages"] == json.loads(trial.body())["messages"]
    assert len(ids) == 3  # as served, the words of a switch change nothing
    assert "think" not in bodies["/no_think", ThinkingMode.AS_SERVED]
    assert bodies["/no_think", ThinkingMode.OFF].count("Hi /no_think") == 1
    assert bodies["/no_think", ThinkingMode.OFF].count("/no_think") == 1


def test_words_end_an_input_too() -> None:
    """The field of the Responses API, a text or a list."""
    changes = BodyChanges(words="/no_think")
    assert changes.in_case({"input": "Hi"}) == {"input": "Hi /no_think"}
    listed = changes.in_case({"input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}]})
    assert listed["input"][0]["content"][0]["text"] == "Hi /no_think"
    silent = {"messages": [{"role": "system", "content": "Hi"}]}
    assert changes.in_case(silent) == silent


@pytest.mark.slow
def test_thinking_is_switched_on_by_the_way_that_works(tmp_path: Path) -> None:
    """Without a profile and without an entry: each published way is tried, and in the mode ``on`` the model thinks."""
    with running_fleet(["reference", "thinks-on-request"]) as providers:
        (tmp_path / "p.toml").write_text(without_thinking(providers), encoding="utf-8")
        modes = ("--thinking", "as-served", "--thinking", "on", "--out", "run")
        command = ("run", "--providers", "p.toml", "--suite", "structured-output", "--limit", 1)
        done = trueweight(*command, *modes, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "run"
    on = {one["name"]: one["thinking"]["on"] for one in load(run, "manifest.json")["providers"]}
    assert on == {"reference": None, "thinks-on-request": {"thinking": {"type": "enabled"}}}
    assert load(run, "manifest.json")["thinking_allowance"] == 1024  # for a thought that it has in that mode alone
    found = load(run, "summary.json")["providers"]["thinks-on-request"]
    assert found["metrics"]["thinking_tokens"]["value"] is None
    assert found["thinking"]["on"]["thinking_tokens"]["value"] == 200
    assert [one["check"] for one in found["findings"] if one["severity"] != "INFO"] == []


def test_modes_that_only_the_probe_can_switch_to(tmp_path: Path) -> None:
    """``--thinking off --thinking on`` without a switch in any entry: the probe is sent, though no trial was planned
    before it. A model needs no switch to the mode in which it is served. A dry run knows the probe."""
    with running_fleet(["reference", "thinks-long"]) as providers:
        (tmp_path / "p.toml").write_text(without_thinking(providers), encoding="utf-8")
        command = ("run", "--providers", "p.toml", "--suite", "structured-output", "--limit", 1, "--out", "run")
        before = trueweight(*command, "--dry-run", cwd=tmp_path)
        modes = ("--thinking", "off", "--thinking", "on")
        done = trueweight(*command, *modes, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "run"
    thinking = {
        one["name"]: (one["thinking"]["off"], one["thinking"]["on"]) for one in load(run, "manifest.json")["providers"]
    }
    assert thinking == {"reference": ({}, None), "thinks-long": ({"reasoning_effort": "none"}, {})}
    providers_found = load(run, "summary.json")["providers"]
    assert providers_found["thinks-long"]["thinking"]["on"]["thinking_tokens"]["value"] == 600
    assert not [
        one for found in providers_found.values() for one in found["findings"] if one["check"] == "thinking-switch"
    ]
    assert "the run adds up to 16,384 tokens" in before.stdout and rows_of_probe(before.stdout)
    after = trueweight(*command, *modes, "--dry-run", cwd=tmp_path).stdout
    assert not rows_of_probe(after) and "4,096 more for a thought" in after
