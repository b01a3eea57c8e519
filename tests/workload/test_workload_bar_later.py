"""A bar is on record before the first request; one that is changed after results is shown as such in every output."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from logs import ticket_row
from runs import as_recorded, record, workload_of

from in_process import trueweight
from trueweight.assess import parse_bar
from trueweight.core import Price, Provider
from trueweight.store import RunFile

BAR = "[workload]\nagreement_at_least = {}\n"
LABELS = ("billing", "outage")
FORMATS = {
    "html": "set or changed after the run had begun",
    "markdown": "The bar was changed after the run was recorded",
    "junit": "The bar was changed after the run was recorded",
    "json": '"bar-changed"',
    "badge": "bar changed after the run had begun",
    "csv": "set or changed after the run had begun",
}
"""Words of the change, by format of report."""
COMMANDS = {
    ("judge",): "The bar was changed after the run was recorded",
    ("gate",): "The bar was changed after the run was recorded",
    ("gate", "--json"): "The bar was changed after the run was recorded",
    ("decide",): "the bar was set or changed after the run had begun",
    ("decide", "--json"): '"bar-changed"',
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run whose bar is as it was, and a copy of it whose bar was made easier."""
    folder = tmp_path_factory.mktemp("bar")
    tickets = workload_of((ticket_row(n, LABELS[n % 2]) for n in range(60)), folder)
    host = Provider("host", "https://host.invalid/v1", "open-1", price=Price(1, 1))
    bar = parse_bar(BAR.format(0.9), "bar.toml")
    before = record(tickets, folder / "before", {"host": (host, as_recorded)}, bar=bar)
    after = folder / "after"
    shutil.copytree(before, after)
    RunFile.BAR.of(after).write_text(BAR.format(0.8), encoding="utf-8")
    return before, after


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_says_that_the_bar_was_changed(form: str, runs: tuple[Path, Path], tmp_path: Path) -> None:
    """And says nothing of the kind where it was not."""
    texts = []
    for run in runs:
        assert trueweight("report", run, "--format", form, "-o", tmp_path / "out", cwd=tmp_path).returncode == 0
        texts.append((tmp_path / "out").read_text(encoding="utf-8"))
    assert FORMATS[form] not in texts[0]
    assert FORMATS[form] in texts[1]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_command_says_that_the_bar_was_changed(words: tuple[str, ...], runs: tuple[Path, Path]) -> None:
    """In its own text, and in its JSON."""
    said = [" ".join(trueweight(words[0], run, *words[1:], cwd=run).stdout.split()) for run in runs]
    assert COMMANDS[words] not in said[0]
    assert COMMANDS[words] in said[1]


def test_digest_and_time_of_the_bar_are_shown(runs: tuple[Path, Path]) -> None:
    """The digest, and when it was put on record, before the first request."""
    done = trueweight("decide", runs[0], cwd=runs[0])
    assert (
        f"{parse_bar(BAR.format(0.9), 'x').digest()[:12]}, on record before the first request, 2026-11-29 12:00 UTC"
        in (done.stdout)
    )
