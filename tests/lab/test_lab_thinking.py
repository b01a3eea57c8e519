"""A real model that thinks aloud on a real server: the probe sees it, the answers have room, both modes are measured.

The texts are the model's own; the tests need only that its thoughts end, which they do at temperature 0.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import trueweight
from running_lab import RunningLab

from records import recorded_lines
from trueweight.core import Mode, ThinkingMode
from trueweight.store import RunDir
from trueweight.workflow.judge import judge_run

pytestmark = pytest.mark.lab

ANSWER_TOKENS = 32
SUITE = f"""\
suite: small
title: An answer in words and a call
version: 1
cases:
  - id: words
    why: A thought stands before an answer in words.
    severity: MUST
    request:
      messages: [{{role: user, content: "What is 2+2?"}}]
      max_tokens: {ANSWER_TOKENS}
      temperature: 0
    checks: {{think-tags-in-content: {{}}, reply-not-empty: {{}}}}
  - id: call
    why: A thought stands before a call.
    severity: MUST
    request:
      messages: [{{role: user, content: "What is the weather in Paris?"}}]
      max_tokens: {ANSWER_TOKENS}
      temperature: 0
      tools:
        - type: function
          function:
            name: get_weather
            parameters: {{type: object, properties: {{city: {{type: string}}}}, required: [city]}}
    checks: {{think-tags-in-content: {{}}}}
"""


@pytest.fixture(scope="module")
def run(thinking_lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The suite as served and with thinking off, at the server that parses the thought and at the one that does not."""
    cwd = tmp_path_factory.mktemp("thinking")
    (cwd / "small.yaml").write_text(SUITE, "utf-8")
    modes = ("--thinking", "as-served", "--thinking", "off")
    command = ("run", "--providers", thinking_lab.providers, "--suite", "./small.yaml", *modes, "--out", "run")
    process = trueweight(*command, cwd=cwd, timeout=900)
    assert process.returncode == 0, process.stderr
    return cwd / "run"


def providers_of(run: Path) -> dict[str, Any]:
    """Each provider's part of the summary."""
    found: dict[str, Any] = json.loads((run / "summary.json").read_text("utf-8"))["providers"]
    return found


def test_the_probe_sees_where_it_thinks_and_what_turns_it_off(run: Path) -> None:
    """In ``reasoning_content``, or between tags; the switch that the lab's ``providers.toml`` names works."""
    probes = {one["provider"]: one for one in json.loads((run / "probe.json").read_text("utf-8"))["providers"]}
    assert probes["f16-thinking"]["thinking"]["place"] == "reasoning_content"
    assert probes["f16-thinking-tags"]["thinking"]["place"] == "content"
    off = {"chat_template_kwargs": {"enable_thinking": False}}
    assert not any(probe["thinking"]["cut"] for probe in probes.values())
    assert [(one["fields"], one["works"]) for one in probes["f16-thinking"]["switches"]] == [(off, True)]


def test_its_answers_have_room_after_its_thoughts(run: Path) -> None:
    """Every request has the tokens of its answer and the allowance, so that no reply is cut in its thought."""
    allowance = json.loads((run / "manifest.json").read_text("utf-8"))["thinking_allowance"]
    assert allowance > 0
    bodies = [line["request"]["body"] for line in recorded_lines(run)]
    assert {json.loads(body)["max_tokens"] for body in bodies} == {ANSWER_TOKENS + allowance}
    for found in providers_of(run).values():
        assert found["counts"]["arrived"] == found["counts"]["trials"] > 0
        assert found["counts"]["cut_in_thought"] == 0
        assert found["counts"]["longest_thought"] > 0


def test_its_thinking_time_is_measured_and_none_with_thinking_off(run: Path) -> None:
    """The first token of a thought comes before the first of the answer; with thinking off there is no thought.

    Of each stream by itself: metrics leave out the times of a machine that is too busy, as one with a model may be.
    """
    with RunDir.open(run) as opened:
        seen = judge_run(opened).observations
    for one in seen:
        off = one.thinking is ThinkingMode.OFF and one.provider == "f16-thinking"
        assert bool(one.thinking_tokens) is not off
        if one.mode is Mode.STREAM and one.timing is not None and one.timing.ttft is not None:
            assert (one.timing.thinking is None) is off
            assert off or (one.timing.ttfo is not None and one.timing.ttfo > one.timing.ttft)
    assert {one.thinking for one in seen if one.provider == "f16-thinking"} == {
        ThinkingMode.AS_SERVED,
        ThinkingMode.OFF,
    }


def test_tags_in_the_content_are_a_finding_of_the_server_that_leaves_them(run: Path) -> None:
    """The same model on the same engine, told apart by one setting."""
    found = {name: {one["check"] for one in provider["findings"]} for name, provider in providers_of(run).items()}
    assert "think-tags-in-content" in found["f16-thinking-tags"]
    assert "think-tags-in-content" not in found["f16-thinking"]


def test_the_page_has_both_modes(run: Path) -> None:
    """Both rungs and the row of the mode are on the page."""
    page = (run / "report.html").read_text("utf-8")
    for text in ("f16-thinking", "f16-thinking-tags", "with thinking off"):
        assert text in page
