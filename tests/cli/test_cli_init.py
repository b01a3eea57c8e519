"""From ``init`` to a first report, and to the gate: each command prints the one that comes next."""

from __future__ import annotations

import io
import re
import shlex
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Cli

from trueweight.assess import parse_bar
from trueweight.config import load_providers
from trueweight.core import Role
from trueweight.fleet.child import running_fleet


@pytest.fixture(scope="module")
def hosts() -> Iterator[list[tuple[str, str]]]:
    """Base URL and model of three running hosts; one ignores schemas."""
    with running_fleet(["reference", "twin", "no-strict"]) as providers:
        yield [(one.base_url, one.model) for one in load_providers(providers, environ={})]


def following(text: str) -> list[str]:
    """The words of the command that is printed as the next one."""
    (line,) = re.findall(r"^Next: trueweight (.+)$", text, flags=re.M)
    return shlex.split(line)


class Recording(webbrowser.BaseBrowser):
    """A browser that keeps what it is asked to open."""

    def __init__(self) -> None:
        super().__init__("recording")
        self.opened: list[str] = []

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self.opened.append(url)
        return True


def test_five_commands_from_nothing_to_a_report_and_the_gate(
    cli: Cli, hosts: list[tuple[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """init, ping, dry run, run, gate: the user types the first, and copies each other one from the one before.

    (The run is of one case of each suite here, with a bar that they can decide.)
    """
    words = ["init", "--key-env", "-"]
    for url, model in hosts:
        words += ["--base-url", url, "--model", model]
    first = cli(*words, "--reference", "local-" + hosts[0][0].rsplit(":", 1)[1].split("/")[0])
    assert first.returncode == 0, first.stderr
    (tmp_path / "bar.toml").write_text('suites = ["tool-calls", "structured-output"]\n[findings]\nMUST = 0\n')
    ping = following(first.stderr)
    assert ping == ["ping", "--providers", "providers.toml"]
    probed = cli(*ping)
    assert probed.returncode == 0, probed.stderr
    dry = following(probed.stderr)
    assert dry[-1] == "--dry-run"
    assert dry[dry.index("--bar") : dry.index("--bar") + 2] == ["--bar", "bar.toml"]
    forecast = cli(*dry, "--limit", 1)
    assert forecast.returncode == 0, forecast.stderr
    run = following(forecast.stderr)
    assert "--dry-run" not in run
    browser = Recording()
    monkeypatch.setattr(webbrowser, "open", browser.open)
    ran = cli(*run, "--open")
    report = tmp_path / "runs" / "first" / "report.html"
    assert report.is_file(), ran.stderr
    assert browser.opened == [report.as_uri()]
    gated = cli(*following(ran.stderr))
    assert gated.returncode == ran.returncode
    assert "MUST" in gated.stdout


def test_the_files_are_read_and_each_rule_can_be_decided(cli: Cli, tmp_path: Path) -> None:
    """Names, pins and roles are in providers.toml; the run accepts the bar with the suites that it names."""
    done = cli(
        *("init", "--openrouter", "qwen/qwen3-32b@one", "--openrouter", "qwen/qwen3-32b@one"),
        *("--base-url", "https://api.vendor.example/v1", "--base-url", "http://[::1]:8000/v1", "--model", "m"),
        *("--key-env", "VENDOR_KEY", "--key-env", "-", "--reference", "vendor"),
    )
    assert done.returncode == 0, done.stderr
    assert "VENDOR_KEY" in done.stderr and "OPENROUTER_API_KEY" in done.stderr
    found = load_providers(tmp_path / "providers.toml", environ={"VENDOR_KEY": "k", "OPENROUTER_API_KEY": "k"})
    assert [one.name for one in found] == ["one", "one-2", "vendor", "local-8000"]
    assert [one.api_key_env for one in found] == ["OPENROUTER_API_KEY"] * 2 + ["VENDOR_KEY", None]
    assert [one.role is Role.REFERENCE for one in found] == [False, False, True, False]
    assert found[0].extra_body == {"provider": {"only": ["one"], "allow_fallbacks": False}}
    bar = parse_bar((tmp_path / "bar.toml").read_text(encoding="utf-8"), "bar.toml")
    assert {rule.metric for rule in bar.rules} >= {
        "schema_accuracy_unconditional",
        "structured_output_accuracy",
        "tool_call_f1",
    }
    keys = {"VENDOR_KEY": "k", "OPENROUTER_API_KEY": "k"}
    run = ("run", "--providers", "providers.toml", "--bar", "bar.toml", "--suite", "tool-calls,structured-output")
    assert cli(*run, "--out", "o", "--dry-run", env=keys).returncode == 0


def test_a_bar_has_no_rule_that_its_suites_cannot_decide(cli: Cli, tmp_path: Path) -> None:
    """A suite without structured output gives no rule on it; a small one gives wider bounds."""
    request = '{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4}\n'
    (tmp_path / "mine.jsonl").write_text(request * 1, encoding="utf-8")
    done = cli("init", "--base-url", "http://127.0.0.1:9/v1", "--model", "m", "--suite", "mine.jsonl")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "bar.toml").read_text(encoding="utf-8")
    assert "structured_output_accuracy" not in text and "MUST = 0" in text
    run = ("run", "--providers", "providers.toml", "--bar", "bar.toml", "--suite", "mine.jsonl", "--out", "o")
    assert cli(*run, "--dry-run").returncode == 0


@pytest.mark.parametrize("name", ["providers.toml", "bar.toml"])
def test_it_overwrites_nothing(cli: Cli, tmp_path: Path, name: str) -> None:
    """If one of the files exists, neither is written."""
    (tmp_path / name).write_text("mine", encoding="utf-8")
    done = cli("init", "--base-url", "http://127.0.0.1:9/v1", "--model", "m")
    assert done.returncode == 2
    assert "init-exists" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("key", ["sk-or-v1-0123456789abcdef", "AIzaSyA1234567890abcdefghijklmnopqrs"])
@pytest.mark.parametrize("place", ["variable", "address"])
def test_a_key_is_never_written_or_shown(cli: Cli, tmp_path: Path, key: str, place: str) -> None:
    """In place of a variable's name, or inside an address: refused, and not quoted."""
    url, variable = ("http://h.example/v1", key) if place == "variable" else (f"http://u:{key}@h.example/v1", "-")
    done = cli("init", "--base-url", url, "--model", "m", "--key-env", variable)
    assert done.returncode == 2
    assert key not in done.stderr + done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words",
    [
        ("--base-url", "http://h.example/v1"),
        ("--model", "m"),
        ("--base-url", "http://a.example/v1", "--model", "m", "--key-env", "A", "--key-env", "B"),
        ("--base-url", "http://h.example/v1", "--model", "m", "--reference", "hh"),
        ("--base-url", "ftp://h.example/v1", "--model", "m"),
        ("--base-url", "http://h.example/v1", "--model", "m", "--suite", "no-such-suite"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_written(cli: Cli, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Exit code 2, with what would be valid."""
    done = cli("init", *words)
    assert done.returncode == 2
    assert "Valid:" in done.stderr or "Did you mean" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_without_options_it_asks(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For hosts until an empty line, then for the reference; an input that ends is an error, not a traceback."""
    answers = "https://api.vendor.example/v1\nm\nVENDOR_KEY\nopenrouter\nvendor/m\nhost\n\nvendor\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
    done = cli("init")
    assert done.returncode == 0, done.stderr
    found = load_providers(tmp_path / "providers.toml", environ={"VENDOR_KEY": "k", "OPENROUTER_API_KEY": "k"})
    assert [(one.name, one.model, one.role.value) for one in found] == [
        ("vendor", "m", "reference"),
        ("host", "vendor/m", "candidate"),
    ]
    monkeypatch.setattr(sys, "stdin", io.StringIO("https://api.vendor.example/v1\n"))
    ended = cli("init", "--out", "other")
    assert ended.returncode == 2
    assert "The input ended" in ended.stderr


def test_a_wrong_answer_is_asked_for_again(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that is none, a model without its vendor: the other answers are not lost."""
    typed = "no address\nopenrouter\nkimi\nmoonshotai/kimi-k2\n\n\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    done = cli("init")
    assert done.returncode == 0, done.stderr
    assert 'base_url = "no address"' in done.stderr and "has no vendor" in done.stderr
    assert 'model = "moonshotai/kimi-k2"' in (tmp_path / "providers.toml").read_text(encoding="utf-8")


def test_an_error_names_no_file_that_does_not_exist(cli: Cli) -> None:
    """The host is wrong before its file is written; a model of OpenRouter has a vendor."""
    done = cli("init", "--base-url", "https://api.example.com/v1/chat/completions", "--model", "m")
    assert done.returncode == 2 and "providers.toml" not in done.stderr and "/chat/completions" in done.stderr
    assert "openrouter-model" in cli("init", "--openrouter", "kimi").stderr
