"""The closed API answers a workload again: twice, in its own way, and its answers are the new baseline."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from logs import ticket_row
from runs import workload_of
from stub_server import Asked, stub_server

from in_process import trueweight
from records import text_of
from trueweight.suites import find_suite

LABELS = ("billing", "outage")
CASES = 24
ENTRY = """
[[provider]]
name = "closed"
base_url = "{url}"
model = "closed-2"
api_key_env = "CLOSED_KEY"
key_header = "api-key"
query = {{ api-version = "2026-10-01" }}
price = {{ input = 2, output = 8 }}
drop = ["temperature"]
rename = {{ max_tokens = "max_completion_tokens" }}
"""


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    """Two dozen tickets with two labels and a limit of tokens, all with golden answers kept by hand."""
    rows = [ticket_row(n, LABELS[n % 2]) for n in range(CASES)]
    folder = workload_of(rows, tmp_path)
    first = find_suite(str(folder)).cases[0].id
    (folder / "golden.yaml").write_text(f"# mine\n{first}: {{content: outage}}\n", encoding="utf-8")
    text = (folder / "workload.yaml").read_text(encoding="utf-8")
    (folder / "workload.yaml").write_text(text.replace("confirmed: false", "confirmed: true"), encoding="utf-8")
    return folder


def test_the_closed_api_is_asked_twice_in_its_own_way(tickets: Path, tmp_path: Path) -> None:
    """Without temperature, with its key header and query; every fourth second answer differs, and `bar init` takes that
    noise; graders, confirmations and golden answers stay; the old folder is as it was."""
    times: Counter[str] = Counter()

    def answer(asked: Asked) -> str | tuple[int, str]:
        if "temperature" in asked.body or asked.headers.get("api-key") != "k-123456789":
            return 400, "temperature is not supported"
        text = asked.body["messages"][-1]["content"]
        times[text] += 1
        number = int("".join(filter(str.isdigit, text)) or 0)
        return LABELS[(number + (times[text] == 2 and number % 4 == 0)) % 2]

    before = {path.name: path.read_bytes() for path in tickets.iterdir()}
    env = {"CLOSED_KEY": "k-123456789"}
    with stub_server(answer) as (url, seen):
        (tmp_path / "closed.toml").write_text(ENTRY.format(url=url), encoding="utf-8")
        line = ("workload", "reask", "tickets", "--providers", "closed.toml", "-o", "now", "--no-probe")
        dry = trueweight(*line, "--dry-run", cwd=tmp_path, env=env)
        assert dry.returncode == 0, dry.stderr
        assert not seen
        done = trueweight(*line, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert "24 of 24 cases are answered, 24 of them twice" in done.stderr
    assert len(seen) == 2 * CASES
    assert {one.path.partition("?")[2] for one in seen} == {"api-version=2026-10-01"}
    made = find_suite(str(tmp_path / "now"))
    tasks = [case.task for case in made.cases if case.task is not None and case.task.recorded is not None]
    assert len(tasks) == CASES
    assert sum(task.recorded.answer != task.recorded.others[0] for task in tasks if task.recorded) == CASES / 4
    (recorded, *_) = (task.recorded for task in tasks)
    assert recorded is not None
    assert (recorded.model, recorded.input_tokens, recorded.output_tokens) == ("closed-2", 200, 8)
    assert recorded.cost == pytest.approx((200 * 2 + 8 * 8) / 1e6)
    assert recorded.ms is not None
    assert tasks[0].golden == {"content": "outage"}
    text = (tmp_path / "now" / "workload.yaml").read_text(encoding="utf-8")
    assert "confirmed: true" in text
    assert 'model: "closed-2"' in text
    assert {path.name: path.read_bytes() for path in tickets.iterdir()} == before
    bar = trueweight("bar", "init", "now", "--candidates", "1", cwd=tmp_path)
    assert "agrees with itself, where it was asked twice: 0.750" in bar.stdout
    written = "".join(text_of(path) for path in (tmp_path / "now-run").iterdir() if path.is_file())
    assert "k-123456789" not in written + done.stdout + done.stderr


def test_an_api_that_answers_nothing_makes_no_workload(tickets: Path, tmp_path: Path) -> None:
    """The refusals are on record, and no folder is written."""
    with stub_server(lambda _: (401, "invalid key")) as (url, _):
        (tmp_path / "closed.toml").write_text(ENTRY.format(url=url), encoding="utf-8")
        line = ("workload", "reask", "tickets", "--providers", "closed.toml", "-o", "now", "--no-probe")
        done = trueweight(*line, cwd=tmp_path, env={"CLOSED_KEY": "k-123456789"})
        probed = trueweight(*line[:-1], "--run", "probed", cwd=tmp_path, env={"CLOSED_KEY": "k-123456789"})
    assert done.returncode == 3, done.stderr
    assert "closed: stopped before the run. Setup fault: " in probed.stderr
    assert not (tmp_path / "now").exists()
