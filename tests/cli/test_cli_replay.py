"""``trueweight replay``: one exchange again, to the same provider or to another, and never a key to a stranger."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Cli

from in_process import trueweight
from records import record_bytes, recorded_lines
from trueweight.fleet.child import running_fleet


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """``providers.toml`` of a running fleet, and a small run of it."""
    with running_fleet(["reference", "leaky-parser"]) as providers:
        cwd = tmp_path_factory.mktemp("replay")
        done = trueweight(
            "run", "--providers", providers, "--suite", "tool-calls", "--limit", 4, "--out", "run", cwd=cwd
        )
        assert done.returncode == 0, done.stderr
        yield providers, cwd / "run"


def _leaking(run: Path) -> str:
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    findings = summary["providers"]["leaky-parser"]["findings"]
    return str(next(one for one in findings if one["check"] == "markers-in-content")["example"])


def test_the_same_provider_fails_the_same_way(served: tuple[Path, Path], cli: Cli, tmp_path: Path) -> None:
    """The same bytes go out, the check fails still, the old record stays and the new one is a whole run."""
    _, run = served
    before = record_bytes(run)
    done = cli("replay", run, _leaking(run)[:8], "--out", "again")
    assert done.returncode == 0, done.stderr
    assert re.search("still fails: .*markers-in-content", done.stdout)
    assert "not the recorded one" not in done.stdout
    assert record_bytes(run) == before
    old = next(record for record in recorded_lines(run) if record["trial"] == _leaking(run))
    [new] = recorded_lines(tmp_path / "again")
    assert new["request"]["body"] == old["request"]["body"]
    assert (tmp_path / "again" / "report.html").exists()


def test_a_dry_run_of_one_request_sends_nothing(served: tuple[Path, Path], cli: Cli, tmp_path: Path) -> None:
    """``replay``, ``shrink`` and ``ping``: requests, the highest cost and the expected time, without a key."""
    providers, run = served
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    case = next(one["cases"][0] for one in summary["providers"]["leaky-parser"]["findings"] if one["cases"])
    shrink = ("shrink", run, case, "--provider", "leaky-parser")
    for command, requests in (
        (("replay", run, _leaking(run)[:8], "--times", 5), "5"),
        (shrink, "50"),
        ((*shrink, "--budget", 0.001), None),
        (("ping", "--providers", providers), "8"),  # log-probabilities are asked by ping alone
    ):
        done = cli(*command, "--dry-run")
        assert done.returncode == 0, done.stderr
        (total,) = (line.split() for line in done.stdout.splitlines() if line.startswith("all "))
        assert requests in {None, total[1]}
        assert "≤ $" in done.stdout and "Expected time: " in done.stdout and "Nothing was sent." in done.stdout
    assert not list(tmp_path.iterdir())


def test_against_the_reference_it_holds_and_the_divergence_is_shown(served: tuple[Path, Path], cli: Cli) -> None:
    """Asking another provider shows which checks hold there, and where the two replies part."""
    providers, run = served
    done = cli("replay", run, _leaking(run), "--against", "reference", "--providers", providers, "--out", "other")
    assert done.returncode == 0, done.stderr
    assert re.search("holds now: .*markers-in-content", done.stdout)
    assert "First divergence: call 1" in done.stdout  # the reference calls, the other leaks the call into text
    assert "leaky-parser then" in done.stdout
    assert "reference now" in done.stdout


def test_a_key_is_never_sent_where_a_run_directory_says(served: tuple[Path, Path], cli: Cli, tmp_path: Path) -> None:
    """A crafted manifest names a variable of mine and an address of its own: refused, nothing sent, nothing made."""
    _, run = served
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    for path in run.iterdir():
        (stranger / path.name).write_bytes(path.read_bytes())
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    for provider in manifest["providers"]:
        provider["api_key_env"] = "MY_SECRET"
    (stranger / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    done = cli("replay", "stranger", _leaking(run), env={"MY_SECRET": "sk-very-secret"})
    assert done.returncode == 2
    assert "replay-key" in done.stderr
    assert "--providers" in done.stderr
    assert "sk-very-secret" not in done.stderr + done.stdout
    assert not list(tmp_path.glob("stranger-replay*"))


@pytest.mark.parametrize(
    ("arguments", "word"),
    [(("ffffffff",), "no trial"), (("{trial}", "--against", "referense"), "'reference'"), (("ab",), "no trial")],
)
def test_what_is_not_there_is_refused(
    served: tuple[Path, Path], cli: Cli, arguments: tuple[str, ...], word: str
) -> None:
    """A trial or a provider that is not there: exit 2, in words."""
    _, run = served
    done = cli("replay", run, *(argument.format(trial=_leaking(run)) for argument in arguments))
    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_what_one_request_shows_is_also_json(served: tuple[Path, Path], cli: Cli) -> None:
    """``replay``, its dry run, ``shrink`` and ``show --failing``: JSON alone on standard output."""
    _, run = served
    planned = json.loads(cli("replay", run, _leaking(run)[:8], "--times", 5, "--dry-run", "--json").stdout)
    assert planned["all"]["requests"] == planned["rows"][0]["requests"] == 5
    assert 0 < planned["seconds"]["least"] <= planned["seconds"]["most"]
    replayed = json.loads(cli("replay", run, _leaking(run)[:8], "--out", "again", "--json").stdout)
    assert replayed["same_request"] is True and len(replayed["replies"]) == 1
    assert "markers-in-content" in replayed["checks"][0]["still"]
    causes = json.loads(cli("show", run, "--failing", "--json").stdout)
    leak = next(one for one in causes if one["check"] == "markers-in-content")
    assert list(leak["providers"]) == ["leaky-parser"] and leak["cases"]
    words = ("shrink", run, leak["cases"][0], "--provider", "leaky-parser", "--check", "markers-in-content")
    shrunk = json.loads(cli(*words, "--max-requests", 6, "--out", "small", "--json").stdout)
    assert shrunk["check"] == "markers-in-content" and shrunk["requests"] <= 6
    assert shrunk["bytes_after"] <= shrunk["bytes_before"] and json.loads(shrunk["request"])["messages"]


def test_a_budget_ends_a_replay(served: tuple[Path, Path], cli: Cli) -> None:
    """No request that could exceed it is sent, so nothing answered."""
    _, run = served
    done = cli("replay", run, _leaking(run)[:8], "--out", "again", "--budget", 0.000001, "--quiet")
    assert done.returncode == 3
    assert done.stdout == "run: again\n"
