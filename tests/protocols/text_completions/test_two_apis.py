"""Several APIs of one provider: each is sent, judged, shown and compared by itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server import Server, serving
from test_another_protocol import commands, exchanges

pytestmark = pytest.mark.slow  # APIs that are ours are sent side by side in the default tests

PROVIDERS = """
[[provider]]
name = "whole"
role = "reference"
api = ["chat", "text-completions"]
base_url = "{url}/v1"
model = "m"

[[provider]]
name = "leaking"
api = ["text-completions", "chat"]
base_url = "{url}/{leaking}/v1"
model = "m"

[[provider]]
name = "miscounting"
api = ["chat", "text-completions"]
base_url = "{url}/miscounting/v1"
model = "m"

[[provider]]
name = "text-only"
api = "text-completions"
base_url = "{url}/v1"
model = "m"
"""

SUITE = """
suite: capitals
title: Capitals
version: 1
cases:
  - id: capital
    why: A plain question.
    severity: MUST
    request: {messages: [{role: user, content: What is the capital of Norway?}], max_tokens: 20, temperature: 0}
    checks: {content-matches: {pattern: Oslo}}
  - id: weather
    why: It offers a tool, which text completions do not have.
    request:
      messages: [{role: user, content: Weather?}]
      tools: [{type: function, function: {name: now, parameters: {type: object}}}]
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def _run(root: Path, url: str, leaking: str) -> Path:
    root.mkdir()
    (root / "providers.toml").write_text(PROVIDERS.format(url=url, leaking=leaking))
    (root / "capitals.yaml").write_text(SUITE)
    commands(
        (
            "run",
            "--providers",
            "providers.toml",
            "--suite",
            "capitals.yaml",
            "--repeats",
            "2",
            "--no-probe",
            "--out",
            "out",
        ),
        cwd=root,
    )
    return root / "out"


@pytest.fixture(scope="module")
def run(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run through both APIs; one provider leaks a marker through text completions only."""
    return _run(tmp_path_factory.mktemp("two") / "a", server.url, "leaking")


def summary(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "summary.json").read_text())
    return found


def test_each_api_has_its_own_row(run: Path) -> None:
    """A case through two APIs has two rows, whose cells hold the trials of their API alone; a case that only one API
    can express has one row without a name of an API."""
    rows = {(row["case"], row.get("api")): row["cells"] for row in summary(run)["cases"]}
    assert set(rows) == {
        ("capitals/capital", "chat"),
        ("capitals/capital", "text-completions"),
        ("capitals/weather", None),
    }
    api_of = {one["trial"]: one.get("api", "chat") for one in exchanges(run.parent)}
    for (case, api), cells in rows.items():
        trials = [trial for modes in cells.values() for cell in modes.values() for trial in cell.get("trials", ())]
        assert {api_of[trial] for trial in trials} == {api or "chat"}, case
    chat, text = rows["capitals/capital", "chat"], rows["capitals/capital", "text-completions"]
    assert {cell["outcome"] for cell in text["leaking"].values()} == {"fail"}
    assert {cell["outcome"] for cell in chat["leaking"].values()} == {"pass"}
    assert {cell["outcome"] for cell in text["text-only"].values()} == {"pass"}
    assert {cell["outcome"] for cell in chat["text-only"].values()} == {"n/a"}


def test_paired_checks_compare_replies_of_one_api(run: Path) -> None:
    """Streamed chat reports 9 prompt tokens and plain chat 12. That text completions report 9 as well is no excuse."""
    found = {one["check"]: one for one in summary(run)["providers"]["miscounting"]["findings"]}
    of_chat, of_text = 2 * 2, 2  # cases x repeats
    assert found["usage-same-streamed"]["fails"] == of_chat
    assert found["usage-same-streamed"]["of"] == of_chat + of_text
    api_of = {one["trial"]: one.get("api", "chat") for one in exchanges(run.parent)}
    assert api_of[found["usage-same-streamed"]["example"]] == "chat"
    for healthy in ("whole", "text-only"):
        assert not summary(run)["providers"][healthy]["findings"]


def test_trials_are_paired_by_the_name_of_the_api(run: Path) -> None:
    """The order of a provider's APIs in its file plays no part: every trial has its pair at the reference."""
    providers = summary(run)["providers"]
    leaking, text_only = (providers[name]["versus_reference"]["must_pass_rate"] for name in ("leaking", "text-only"))
    # Half of the trials of one of two cases fail; text-only is compared over the one case that it can be sent.
    assert (leaking["value"], leaking["n"]) == (pytest.approx(-0.25), 2)
    assert (text_only["value"], text_only["n"]) == (0, 1)


def test_reports_name_the_api_of_a_row(run: Path) -> None:
    """Page, JUnit and terminal tell the two rows of a case apart."""
    *_, shown = commands(
        ("report", "out", "--format", "html", "--out", "page.html"),
        ("report", "out", "--format", "junit", "--out", "junit.xml"),
        ("show", "out", "capital"),
        cwd=run.parent,
    )
    page, junit = ((run.parent / name).read_text() for name in ("page.html", "junit.xml"))
    for api in ("chat", "text-completions"):
        assert f"capitals/capital ({api}) [plain]" in junit
        assert f'"k":"capitals/capital ({api})"' in page.replace('": "', '":"')
        assert f'"c":"capitals/capital ({api})"' in page.replace('": "', '":"')
    assert "text-completions stream" in shown.stdout
    assert "chat             stream" in shown.stdout


@pytest.mark.slow
def test_compare_says_through_which_api_a_cell_changed(run: Path, server: Server, tmp_path: Path) -> None:
    """The leak is mended: the cells of text completions are fixed, and no cell of chat has changed."""
    after = _run(tmp_path / "b", server.url, "mended")
    shutil.copytree(run, tmp_path / "b" / "before")
    (done,) = commands(("compare", "before", "out", "--json"), cwd=after.parent)
    leaking = json.loads(done.stdout)["providers"]["leaking"]
    assert [(flip["case"], flip["api"], flip["mode"]) for flip in leaking["fixed"]] == [
        ("capitals/capital", "text-completions", "plain"),
        ("capitals/capital", "text-completions", "stream"),
    ]
    assert not leaking["new_failures"]


def test_replay_sends_through_the_recorded_api_alone(run: Path, server: Server) -> None:
    """One trial of text completions is one request to /completions."""
    cells = next(row for row in summary(run)["cases"] if row.get("api") == "text-completions")["cells"]
    before = len(server.heard)
    commands(("replay", "out", cells["leaking"]["plain"]["trials"][0]), cwd=run.parent)
    assert [path for path, _, _ in server.heard[before:]] == ["/leaking/v1/completions"]
