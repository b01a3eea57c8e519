"""The command that a report gives to repeat its run repeats it: the same requests, whatever shaped the first run."""

from __future__ import annotations

import html
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import Cli

from records import recorded_lines
from trueweight.fleet.child import running_fleet

BAR = '[[require]]\nmetric = "success_rate"\nat_least = 0.5\nside = "value"\n'


@pytest.fixture(scope="module")
def providers() -> Iterator[Path]:
    """The ``providers.toml`` of two running providers."""
    with running_fleet(["reference", "twin"]) as path:
        yield path


def again_of(directory: Path) -> list[str]:
    """The words of the command on the page, as a shell reads them."""
    page = (directory / "report.html").read_text(encoding="utf-8")
    found = re.search(r"<dt>again</dt><dd><code>(.*?)</code>", page, re.DOTALL)
    assert found is not None
    return shlex.split(html.unescape(found[1]))


def sent(directory: Path) -> list[tuple[Any, ...]]:
    """Trials and bodies on record."""
    return sorted((one["trial"], one["provider"], one["request"]["body"]) for one in recorded_lines(directory))


def manifest(directory: Path) -> dict[str, Any]:
    """The manifest without its time."""
    found: dict[str, Any] = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    return {key: value for key, value in found.items() if key != "started_at"}


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(
            ["--limit", "2", "--repeats", "2", "--seed", "7", "--thinking-allowance", "64"], marks=pytest.mark.slow
        ),
        ["--limit", "1", "--no-probe", "--profile", "none", "--sampling", "as-written", "--bar", "a bar 1.0",
         "--max-requests", "500", "--budget", "3.5", "--retries", "1", "--concurrency", "3"],
        ["--limit", "1", "--thinking", "off", "--thinking", "as-served", "--transport", "httpx", "--rate", "50",
         "--arrivals", "constant", "--max-response", "2"],
    ],
    ids=["repeats", "limits", "thinking"],
)  # fmt: skip
def test_the_command_on_the_page_repeats_the_run(cli: Cli, tmp_path: Path, providers: Path, options: list[str]) -> None:
    """Every option that shapes a run is in it, quoted, also with a space or a quote in a file's name."""
    (tmp_path / "my providers' list 2.0").write_text(providers.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "a bar 1.0").write_text(BAR, encoding="utf-8")
    (tmp_path / "my $suite.jsonl").write_text(
        json.dumps({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 8}) + "\n", encoding="utf-8"
    )
    files = ["--providers", "my providers' list 2.0", "--suite", "structured-output", "--suite", "my $suite.jsonl"]
    first = cli("run", *files, *options, "--out", "RUN", "--quiet")
    assert first.returncode in (0, 4), first.stderr
    words = again_of(tmp_path / "RUN")
    assert words[0] == "trueweight"
    second = cli(*words[1:])
    assert second.returncode == first.returncode, second.stderr
    assert words[-2:] == ["--out", "AGAIN"]
    assert sent(tmp_path / "AGAIN") == sent(tmp_path / "RUN")
    assert manifest(tmp_path / "AGAIN") == manifest(tmp_path / "RUN")
    for option in options:
        assert option in words


@pytest.mark.slow
def test_drift_is_repeated_too(cli: Cli, tmp_path: Path, providers: Path) -> None:
    """The page of `drift` names its own command, with its options."""
    cli("drift", "--providers", providers, "--max-requests", 40, "--mode", "greedy", "--out", "B")
    words = again_of(tmp_path / "B")
    assert words[:2] == ["trueweight", "drift"]
    assert words[words.index("--mode") + 1] == "greedy"
    assert words[words.index("--max-requests") + 1] == "40"
