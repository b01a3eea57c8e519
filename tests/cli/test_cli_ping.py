"""``trueweight ping``: which profile fits, whether a model thinks, where and how long, and what switches it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet_replies import without_thinking
from in_process import trueweight
from trueweight.core import Provider
from trueweight.fleet.child import running_fleet
from trueweight.profiles import find_profile, ways_to_switch

MEMBERS = ("reference", "thinks-with-tools", "thinks-nothing", "thinks-always", "thinks-at-one", "thinks-in-new-limits")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """``providers.toml`` of providers whose entries say nothing of thinking."""
    home = tmp_path_factory.mktemp("ping")
    with running_fleet(MEMBERS) as providers:
        (home / "p.toml").write_text(without_thinking(providers), encoding="utf-8")
        yield home


def ping(folder: Path, name: str, *more: str) -> str:
    """What ping says of one provider."""
    done = trueweight("ping", "--providers", "p.toml", "--provider", name, *more, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_switches_it_costs_three_completions(folder: Path) -> None:
    """It says that a thought was seen, how long it was, and how to find a switch; no switch is tried."""
    said = ping(folder, "thinks-with-tools")
    assert "Thinking, with a tool only: in reasoning_content, 200 tokens." in said
    assert "Switches: not tried." in said
    assert "Profile: none fits the model id." in said
    assert "In a run each answer gets its own limit of tokens and 1,024 more for a thought" in said
    found = json.loads(ping(folder, "thinks-with-tools", "--json"))
    assert [one["question"] for one in found["providers"][0]["answers"]] == [
        "models",
        "plain",
        "tool",
        "log-probabilities",
    ]


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("thinks-with-tools", 'thinking = { off = { reasoning_effort = "none" } }'),
        ("thinks-nothing", "thinking = { off = { enable_thinking = false } }"),
        ("thinks-at-one", 'thinking = { off = { reasoning_effort = "none" } }'),
        ("thinks-in-new-limits", 'thinking = { off = { reasoning_effort = "none" } }'),
    ],
)
def test_the_switch_that_works_is_found(folder: Path, name: str, entry: str) -> None:
    """Although it thinks with tools only, leaves an empty thought, or refuses the temperature or the limit of the
    probe: the request that was answered is sent again with each way."""
    assert f"turns it off. In providers.toml: {entry}." in ping(folder, name, "--switches")


def test_a_host_that_ignores_every_switch_is_named(folder: Path) -> None:
    """Each known way was tried once; those of a profile alone if one is named."""
    tried = len(ways_to_switch(Provider("p", "http://127.0.0.1", "m"), None).off)
    assert f"It was not turned off: none of {tried} switches works." in ping(folder, "thinks-always", "--switches")
    said = ping(folder, "thinks-always", "--switches", "--profile", "deepseek-v4")
    assert 'It was not turned off by {"thinking": {"type": "disabled"}}, {"chat_template_kwargs"' in said
    assert "Profile: deepseek-v4 (DeepSeek V4), by --profile." in said


def test_a_profile_that_the_answers_contradict_is_said(folder: Path) -> None:
    """One that always thinks did not, and one that never does did."""
    assert "It says that the model thinks always; no thought was seen." in ping(
        folder, "reference", "--profile", "gpt-oss"
    )
    assert "It says that the model never thinks; a thought was seen." in ping(
        folder, "thinks-always", "--profile", "kimi-k2"
    )


def test_the_profile_is_in_the_json(folder: Path) -> None:
    """By its label; a model that does not think is asked to, where the profile knows how."""
    found = json.loads(ping(folder, "reference", "--switches", "--profile", "qwen3", "--json"))["providers"][0]
    assert found["profile"] == "qwen3"
    assert {one["mode"] for one in found["switches"]} == {"on"}
    assert not any(one["works"] for one in found["switches"])


@pytest.mark.slow
def test_each_way_is_published_once() -> None:
    """Without a profile all of them, the profile's own alone with one, the entry's own before both."""
    ways = ways_to_switch(Provider("p", "http://127.0.0.1", "m"), None)
    for side in ways:
        assert len(side) == len({json.dumps(dict(one), sort_keys=True) for one in side}) > 4
    _, profile = find_profile("qwen3/3.5")
    own = ways_to_switch(Provider("p", "http://127.0.0.1", "m"), profile)
    assert own.off == ({"chat_template_kwargs": {"enable_thinking": False}}, {"enable_thinking": False})
