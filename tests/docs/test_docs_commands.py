"""README and docs are run: every command of a code block and of the README's table, against simulated providers."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import pytest

from in_process import trueweight
from trueweight.fleet import MODEL
from trueweight.fleet.child import running_fleet

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted({*(ROOT / "docs").glob("*.md")} - {ROOT / "docs" / "workload.md"})]
NOT_RUN = {
    "pytest": "tests/packaging and tests/api run pytest with a recorded run",
    "pip install '.[test]'": ".ci/run runs the README's second command in a fresh environment",
    "pip install '.[lab]'": "tests/lab runs real engines",
    "trueweight lab": "tests/lab runs real engines",
    "trueweight workload": "tests/workload/test_workload_docs.py runs docs/workload.md, which has this command",
    "trueweight run … --bar": "the same as the whole command above it",
    "trueweight load --help": "tests/cli/test_cli_help.py",
    "--engine ray": "tests/cluster runs it on a cluster, as it does the commands of docs/cluster.md",
}
NAMES = {"reference": "official", "twin": "cheap-host", "leaky-parser": "other-host"}
CASE, CHECK = "tool-calls/single", "tool-index-present"
ENDS = {0, 1, 4}
"""Done, a threshold is missed, or the few cases of this test are too few: what a run of faulty providers may say."""


@pytest.fixture(scope="module")
def providers() -> Iterator[str]:
    """A ``providers.toml`` of three running hosts, with the names that the pages use."""
    with running_fleet(list(NAMES)) as path:
        text = path.read_text(encoding="utf-8")
        for fault, name in NAMES.items():
            text = text.replace(f'name = "{fault}"', f'name = "{name}"')
        yield text


@pytest.fixture(autouse=True)
def no_browser_and_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """``--open`` opens nothing here, and ``init`` without options gets one host for its questions."""
    monkeypatch.setattr(webbrowser, "open", lambda *_: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("https://one.example.net/v1\nm\nONE_API_KEY\n\n\n"))


def commands(page: Path) -> list[str]:
    """The command lines of a page's blocks for the shell; of the README those of its table too."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"^ *```sh\n(.*?)^ *```", text, flags=re.S | re.M)
    lines = [line.strip() for block in found for line in block.replace("\\\n", " ").splitlines() if line.strip()]
    rows = [line for line in text.splitlines() if line.startswith("|")] if page == PAGES[0] else []
    return lines + [code for row in rows for code in re.findall(r"`([^`]+)`", row) if " " in code]


def is_run(line: str) -> bool:
    """Whether no entry of `NOT_RUN` is about this line."""
    return not any(line.startswith(beginning) for beginning in NOT_RUN)


def run_on(page: Path) -> list[str]:
    """The lines of a page that are run here. Two pages are about the lab and about a cluster."""
    return [] if page.name in ("lab.md", "cluster.md") else list(filter(is_run, commands(page)))


def prepared(line: str) -> list[str]:
    """The words of a command with one case of each suite, and with names in place of capitals."""
    words = shlex.split(line.removeprefix("pip install . && "), comments=True)[1:]
    words = [{"CASE": CASE, "NAME": "other-host", "CHECK": CHECK, "METRIC": "ttft"}.get(word, word) for word in words]
    words = [{"OUR_KEY": "PATH"}.get(word, word) for word in words]  # any variable that there is
    small = {
        "demo": ["--limit", "1", "--no-drift"],
        "run": ["--limit", "1"],
        "load": ["--requests", "2"],
        "rollout": ["--suite", "mine.jsonl"],
    }
    return [*words, *small.get(words[0], [])]


def test_what_is_not_run_is_on_some_page() -> None:
    """No reason outlives its command."""
    lines = [line for page in PAGES for line in commands(page)]
    assert [one for one in NOT_RUN if not any(line.startswith(one) for line in lines)] == []


@pytest.mark.parametrize("page", list(filter(run_on, PAGES)), ids=lambda page: page.stem)
def test_the_commands_of_a_page_run_in_its_order(page: Path, providers: str, tmp_path: Path) -> None:
    """In an empty folder with ``providers.toml`` and ``bar.toml``; each ends as a run of these providers may."""
    text = providers
    if page.name == "providers.md":
        text = text.replace("[[provider]]", '[[provider]]\napi = ["chat", "responses", "messages"]')
    (tmp_path / "providers.toml").write_text(text, encoding="utf-8")
    urls = re.findall(r'base_url = "([^"]+)"', text)
    addresses = {"https://old.example.net/v1": urls[0], "https://new.example.net/v1": urls[1], "qwen3-32b": MODEL}
    if page.name == "README.md":
        addresses |= {"URL": urls[0], "ID": MODEL}
    (tmp_path / "bar.toml").write_text("[findings]\nMUST = 0\n", encoding="utf-8")
    (tmp_path / "mine.jsonl").write_text('{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4}\n')
    for number, line in enumerate(run_on(page)):
        words, folder = [addresses.get(word, word) for word in prepared(line)], tmp_path
        if words[0] == "init":
            folder = tmp_path / str(number)
            folder.mkdir()
        for needed in re.findall(r"runs/(?:before|today|first)", " ".join(words)):
            if words[0] not in ("run", "load", "drift") and not (tmp_path / needed).exists():
                record(tmp_path, needed)
        # With the user's cache, as a reader has one: many commands of a page judge the same run.
        env = {"TRUEWEIGHT_CACHE": str(tmp_path.parent / "cache"), "PATH": os.environ["PATH"]}
        done = trueweight(*words, cwd=folder, env=env)
        assert done.returncode in ENDS, f"{line}\n{done.stdout}\n{done.stderr}"


def record(folder: Path, name: str) -> None:
    """A run in ``name`` with the case that a page's command is about."""
    source = folder / "runs" / "recorded"
    if not source.exists():
        words = ("run", "--providers", "providers.toml", "--suite", "tool-calls", "--limit", "3", "--out", source)
        assert trueweight(*words, "--no-probe", "--quiet", cwd=folder).returncode in ENDS
    shutil.copytree(source, folder / name)


def test_the_lines_of_python_run(providers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/python.md from the plan to the gate."""
    (tmp_path / "providers.toml").write_text(providers, encoding="utf-8")
    (tmp_path / "bar.toml").write_text("[findings]\nMUST = 0\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    first, test = re.findall(r"^```python\n(.*?)^```", text, flags=re.S | re.M)
    made: dict[str, object] = {}
    exec(first.replace("limit=20", "limit=2"), made)
    assert made["gate"].outcomes["cheap-host"].outcome == "pass"  # type: ignore[attr-defined]
    compile(test, "docs/python.md", "exec")


def test_the_suites_that_are_shown_are_suites(tmp_path: Path) -> None:
    """docs/write-a-suite.md."""
    text = (ROOT / "docs" / "write-a-suite.md").read_text(encoding="utf-8")
    for number, block in enumerate(re.findall(r"^```yaml\n(.*?)^```", text, flags=re.S | re.M)):
        (tmp_path / f"{number}.yaml").write_text(block, encoding="utf-8")
        done = trueweight("suites", "check", f"{number}.yaml", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
