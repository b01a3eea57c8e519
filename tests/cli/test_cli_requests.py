"""``trueweight run --profile`` and the keys of providers.toml that change requests, against a host that needs them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Cli

from records import recorded_lines
from trueweight.fleet.child import running_fleet

PROFILE = """\
title = "At one"
models = ["*tiny*"]
sources = ["https://example.org"]
[thinking]
thinks = "by-default"
places = ["reasoning_content"]
[sampling]
zero = "refused"
thinking = { temperature = 1.0 }
"""


@pytest.fixture(scope="module")
def fleet() -> Iterator[Path]:
    """``providers.toml`` of the reference and of a healthy provider that accepts no temperature but 1."""
    with running_fleet(["reference", "thinks-at-one"]) as providers:
        yield providers


def bodies(directory: Path) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {}
    for record in recorded_lines(directory):
        found.setdefault(record["provider"], []).append(json.loads(record["request"]["body"]))
    return found


def statuses(directory: Path, provider: str) -> set[int]:
    return {one["attempts"][-1]["status"] for one in recorded_lines(directory) if one["provider"] == provider}


def test_a_host_at_one_temperature_is_measured_with_a_profile(cli: Cli, fleet: Path, tmp_path: Path) -> None:
    """With it every provider gets the recommended temperature, and terminal, manifest and summary say so."""
    (tmp_path / "mine.toml").write_text(PROFILE, encoding="utf-8")
    command = ("run", "--providers", fleet, "--suite", "structured-output", "--limit", 2)
    cli(*command, "--out", "cold", "--no-probe", "--sampling", "as-written")
    assert statuses(tmp_path / "cold", "thinks-at-one") == {400}
    done = cli(*command, "--out", "hot", "--profile", "mine.toml")
    assert done.returncode == 0, done.stderr
    assert statuses(tmp_path / "hot", "thinks-at-one") == {200}
    sent = bodies(tmp_path / "hot")
    assert {body["temperature"] for rows in sent.values() for body in rows} == {1.0}
    assert not any("seed" in body for rows in sent.values() for body in rows)
    assert "Profile mine." in done.stderr
    assert "in place of temperature 0, which is refused by thinks-at-one: the same for all" in " ".join(
        done.stderr.split()
    )
    manifest = json.loads((tmp_path / "hot" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["options"]["profile"]["facts"]["title"] == "At one"
    summary = json.loads((tmp_path / "hot" / "summary.json").read_text(encoding="utf-8"))
    assert {"profile", "sampling"} <= {note["code"] for note in summary["run"]["notes"]}
    page = (tmp_path / "hot" / "report.html").read_text(encoding="utf-8")
    assert "in place of temperature 0" in page


def test_a_probe_that_shows_it_is_enough(cli: Cli, fleet: Path, tmp_path: Path) -> None:
    """Without a profile the probe finds that temperature 0 is refused; the run then sends temperature 1 to all, and
    a resumed one goes on so."""
    command = ("run", "--providers", fleet, "--suite", "structured-output", "--limit", 2, "--out", "out")
    done = cli(*command)
    assert done.returncode == 0, done.stderr
    assert "refused by thinks-at-one" in " ".join(done.stderr.split())
    assert statuses(tmp_path / "out", "thinks-at-one") == {200}
    sent = bodies(tmp_path / "out")
    assert {body["temperature"] for rows in sent.values() for body in rows} == {1.0}
    again = cli(*command)
    assert again.returncode == 0, again.stderr
    assert bodies(tmp_path / "out") == sent
    ping = cli("ping", "--providers", fleet)
    assert "Refused parameters: temperature." in ping.stdout


def test_a_field_that_a_host_does_not_take_is_changed_for_it_alone(cli: Cli, fleet: Path, tmp_path: Path) -> None:
    """``drop`` and ``rename`` reach the wire for that provider, and the report says that its requests differ."""
    text = fleet.read_text(encoding="utf-8").replace(
        'name = "thinks-at-one"',
        'name = "thinks-at-one"\ndrop = ["temperature"]\nrename = { max_tokens = "max_completion_tokens" }',
    )
    (tmp_path / "p.toml").write_text(text, encoding="utf-8")
    done = cli("run", "--providers", "p.toml", "--suite", "structured-output", "--limit", 2, "--out", "out")
    assert done.returncode == 0, done.stderr
    assert statuses(tmp_path / "out", "thinks-at-one") == {200}
    sent = bodies(tmp_path / "out")
    assert all("temperature" not in body and "max_completion_tokens" in body for body in sent["thinks-at-one"])
    assert all(body["temperature"] == 0 and "max_tokens" in body for body in sent["reference"])
    assert "thinks-at-one: its requests differ in 2 cases of 2" in " ".join(done.stderr.split())
    assert "temperature is left out" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_markers_of_a_users_profile_are_looked_for(cli: Cli, fleet: Path, tmp_path: Path) -> None:
    """A dialect that no shipped check knows: where its marker reaches the content, the run has a finding."""
    (tmp_path / "mine.toml").write_text('markers = ["{", "<tool_call>"]\n' + PROFILE, encoding="utf-8")
    done = cli(
        *("run", "--providers", fleet, "--suite", "structured-output", "--limit", 2),
        *("--out", "out", "--profile", "mine.toml"),
    )
    assert done.returncode == 4, done.stderr  # the reference has the marker in each reply, so it is no measure
    cases = [json.loads(line) for line in (tmp_path / "out" / "cases.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {str(case["checks"]["profile-markers-in-content"]["markers"]) for case in cases} == {"['{']"}
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    findings = summary["providers"]["thinks-at-one"]["findings"]
    assert "profile-markers-in-content" in {found["check"] for found in findings}


def test_an_unknown_profile_sends_nothing(cli: Cli, fleet: Path, tmp_path: Path) -> None:
    """Exit 2 with the near miss; a mistake in a file has its line."""
    command = ("run", "--providers", fleet, "--suite", "structured-output", "--out", "out", "--profile")
    unknown = cli(*command, "gpt-os")
    assert (unknown.returncode, "Did you mean 'gpt-oss'?" in unknown.stderr) == (2, True)
    (tmp_path / "mine.toml").write_text(PROFILE.replace("zero", "zeroo"), encoding="utf-8")
    broken = cli(*command, "mine.toml")
    assert broken.returncode == 2
    assert "mine.toml:8" in broken.stderr
    assert not (tmp_path / "out").exists()


FREE_TEXT = """\
  - id: free-{number}
    why: "A sampled text has a letter or not."
    severity: SHOULD
    source: "https://example.org"
    request: {{messages: [{{role: user, content: "Tell me story {number}."}}], temperature: 0, max_tokens: 24}}
    checks: {{content-matches: {{contains: ["q"]}}}}
    answer: {{content: "q"}}
"""


@pytest.mark.slow
def test_repeats_are_chosen_after_a_first_pass(cli: Cli, tmp_path: Path) -> None:
    """At temperature 1 the reference disagrees with itself, so cases are repeated; the choice is on record, and the
    same command again sends nothing. At temperature 0 it agrees, and once is enough."""
    with running_fleet(["reference", "twin"]) as fleet:
        (tmp_path / "mine.toml").write_text(PROFILE, encoding="utf-8")
        cases = [FREE_TEXT.format(number=number) for number in range(12)]
        (tmp_path / "free.yaml").write_text(
            "suite: free\ntitle: Free\nversion: 1\ncases:\n" + "".join(cases), encoding="utf-8"
        )
        command = ("run", "--providers", fleet, "--suite", "free.yaml", "--repeats", "auto")
        hot = (*command, "--out", "hot", "--profile", "mine.toml", "--max-requests", 400)
        assert cli(*hot).returncode == 0
        manifest = json.loads((tmp_path / "hot" / "manifest.json").read_text(encoding="utf-8"))
        choice = manifest["options"]["auto_repeats"]
        assert choice["disagreements"] > 0
        assert 1 < manifest["repeats"] == choice["repeats"] <= choice["wanted"]
        sent = bodies(tmp_path / "hot")
        assert len(sent["reference"]) == 2 * len(sent["twin"])
        notes = json.loads((tmp_path / "hot" / "summary.json").read_text(encoding="utf-8"))["run"]["notes"]
        assert "repeats" in {note["code"] for note in notes}
        again = cli(*hot)
        assert "Resuming" in again.stderr
        assert bodies(tmp_path / "hot") == sent
        cold = cli(*command, "--out", "cold")
        assert cold.returncode == 0
        assert "Repeats: 1, because two passes over the reference differ in 0 of" in " ".join(cold.stderr.split())


@pytest.mark.parametrize(
    ("value", "more", "code"),
    [
        ("many", (), "repeats-value"),
        ("0", (), "repeats-value"),
        ("auto", ("--shard", "1/2"), "repeats-shard"),
    ],
)
def test_repeats_that_cannot_be_chosen_are_refused(
    cli: Cli, fleet: Path, value: str, more: tuple[str, ...], code: str
) -> None:
    """Before anything is sent, with what would be valid."""
    done = cli("run", "--providers", fleet, "--suite", "text", "--out", "out", "--repeats", value, *more)
    assert done.returncode == 2
    assert code in done.stderr
    assert "Valid:" in done.stderr
