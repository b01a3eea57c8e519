"""``trueweight rollout``: two deployments in one command, and an attestation that others verify."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Cli

from trueweight.config import load_providers
from trueweight.core import Role
from trueweight.fleet.child import running_fleet

LINE = '{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4}\n'


def test_one_command_compares_two_deployments_and_attests_to_it(cli: Cli, tmp_path: Path) -> None:
    """The one before is the reference; the same command goes on; other deployments need another directory."""
    (tmp_path / "mine.jsonl").write_text(LINE, encoding="utf-8")
    with running_fleet(["reference", "twin"]) as file:
        first, second = (one.base_url for one in load_providers(file, environ={}))
        words = ["rollout", "--before", first, "--model", "trueweight-tiny", "--suite", "mine.jsonl", "-o", "runs/r"]
        planned = cli(*words, "--after", second, "--dry-run")
        assert planned.returncode == 0, planned.stderr
        assert "Expected time" in planned.stdout and not (tmp_path / "runs").exists()
        assert "Next: trueweight rollout --before" in planned.stderr and planned.stderr.rstrip().endswith(
            "--out runs/r"
        )
        planned = cli(*words, "--after", second, "--dry-run", "--json", "--budget", 2)
        assert json.loads(planned.stdout)["budget_usd"] == 2
        (tmp_path / "a,b.jsonl").write_text(LINE.replace("Hi", "Ho"), encoding="utf-8")
        both = json.loads(cli(*words, "--suite", "a,b.jsonl", "--after", second, "--dry-run", "--json").stdout)
        assert both["all"]["requests"] > json.loads(planned.stdout)["all"]["requests"]
        done = cli(*words, "--after", second, "--attest", "r.json")
        assert done.returncode == 0, done.stderr
        again = cli(*words, "--after", second, "--quiet")
        assert again.returncode == 0, again.stderr
        other = cli(*words, "--after", first.replace("127.0.0.1", "localhost"))
        assert other.returncode == 2 and "rollout-exists" in other.stderr
    before, after = load_providers(tmp_path / "runs" / "r.toml", environ={})
    assert (before.name, before.role, after.name) == ("before", Role.REFERENCE, "after")
    summary = json.loads((tmp_path / "runs" / "r" / "summary.json").read_text(encoding="utf-8"))
    assert set(summary["providers"]) == {"before", "after"}
    assert cli("verify", "r.json", "runs/r").returncode == 0


@pytest.mark.slow
def test_a_deployment_that_became_worse_ends_with_exit_code_one(cli: Cli, tmp_path: Path) -> None:
    """Calls that leak into the text, without any bar."""
    with running_fleet(["reference", "leaky-parser"]) as file:
        first, second = (one.base_url for one in load_providers(file, environ={}))
        words = ("--before", first, "--after", second, "--model", "trueweight-tiny", "--suite", "tool-calls")
        done = cli("rollout", *words, "-o", "r", "--quiet")
    assert done.returncode == 1, done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--key-env", "sk-0123456789abcdef0123456789abcdef"), "key"), (("--before", "no address"), "base_url")],
)
def test_what_does_not_fit_is_said_and_nothing_is_written(
    cli: Cli, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    """A key in place of its variable is never shown; an address that is none is named."""
    given = ["rollout", "--before", "http://127.0.0.1:9/v1", "--after", "http://127.0.0.1:9/v1", "--model", "m"]
    done = cli(*given, *words, "-o", "runs/r")
    assert done.returncode == 2
    assert said in done.stderr and "0123456789abcdef" not in done.stderr
    assert not list(tmp_path.iterdir())
