"""``run --bar``: on record before anything is sent, recomputed to the same bytes, and a late change said plainly."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest
from gating import GOOD, STRICT, summary_of

from in_process import trueweight
from trueweight.assess import load_bar
from trueweight.core.schemas import load_schema


@pytest.fixture(scope="module")
def barred(tmp_path_factory: pytest.TempPathFactory, fleet: Path) -> Path:
    """A folder with a run made against a bar that everyone meets."""
    folder = tmp_path_factory.mktemp("barred")
    (folder / "bar.toml").write_text(GOOD, encoding="utf-8")
    done = trueweight(*command(fleet), "--bar", "bar.toml", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def command(fleet: Path, limit: int = 4) -> tuple[object, ...]:
    """A short run."""
    return ("run", "--providers", fleet, "--suite", "structured-output", "--limit", limit, "--out", "run")


def copy_of(folder: Path, tmp_path: Path) -> Path:
    """The same folder again, to spoil."""
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def test_digest_text_and_verdicts_are_in_the_run(barred: Path) -> None:
    """The manifest has the bar's digest, the directory its text, the summary a verdict for each candidate."""
    manifest = json.loads((barred / "run" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["bar_digest"] == load_bar(barred / "bar.toml").digest()
    assert (barred / "run" / "bar.toml").read_text(encoding="utf-8") == GOOD
    summary = summary_of(barred / "run")
    bars = {name: one["assessment"].get("bar") for name, one in summary["providers"].items()}
    verdicts = {name: bar and bar["outcome"] for name, bar in bars.items()}
    assert verdicts == {"reference": None, "twin": "pass", "no-strict": "pass"}
    assert summary["run"]["notes"] == []
    jsonschema.validate(summary, load_schema("summary"))
    assert "Meets the bar" in (barred / "run" / "report.html").read_text(encoding="utf-8")


def test_judging_again_elsewhere_gives_the_same_bytes(barred: Path, tmp_path: Path) -> None:
    """The run's own copy of the bar is enough: the user's file is not looked at again."""
    copy = copy_of(barred, tmp_path)
    (copy / "bar.toml").unlink()
    before = (copy / "run" / "summary.json").read_bytes()
    (copy / "run" / "summary.json").unlink()
    assert trueweight("judge", "run", cwd=copy).returncode == 0
    assert (copy / "run" / "summary.json").read_bytes() == before


def test_exit_codes_tell_failed_from_open(fleet: Path, tmp_path: Path) -> None:
    """1 for a bar that is missed, 4 for one that these replies do not decide."""
    bars = {
        "open.toml": STRICT,
        "missed.toml": '[[require]]\nmetric = "success_rate"\nat_most = 0.001\nside = "value"\n',
    }
    for name, text in bars.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert trueweight(*command(fleet), "--bar", "missed.toml", cwd=tmp_path).returncode == 1
    done = trueweight(*command(fleet), "--bar", "open.toml", "--fresh", cwd=tmp_path)
    assert done.returncode == 4, done.stderr
    rule = summary_of(tmp_path / "run")["providers"]["no-strict"]["assessment"]["bar"]["rules"][0]
    assert rule["code"] == "more-needed"
    assert rule["more_trials"] >= rule["decides_at"] - rule["estimate"]["n"] > 0


def test_a_bar_changed_in_the_directory_is_said(barred: Path, tmp_path: Path) -> None:
    """Someone lowers the bar after the run: verdicts follow, and every report says so."""
    copy = copy_of(barred, tmp_path)
    (copy / "run" / "bar.toml").write_text(STRICT, encoding="utf-8")
    assert trueweight("judge", "run", cwd=copy).returncode == 0
    (note,) = summary_of(copy / "run")["run"]["notes"]
    assert note["code"] == "bar-changed"
    for form in ("markdown", "html"):
        assert (
            "changed after the run was recorded"
            in trueweight("report", "run", "--format", form, "-o", "-", cwd=copy).stdout
        )
    (copy / "run" / "bar.toml").unlink()
    trueweight("judge", "run", cwd=copy)
    assert summary_of(copy / "run")["run"]["notes"][0]["code"] == "bar-missing"


def test_a_bar_that_comes_or_changes_while_a_run_goes_on_is_said(barred: Path, fleet: Path, tmp_path: Path) -> None:
    """Resumed without a bar, it keeps its own; under another, that one counts and the change stays on record."""
    copy = copy_of(barred, tmp_path)
    again = trueweight(*command(fleet), cwd=copy)
    assert again.returncode == 0, again.stderr
    assert summary_of(copy / "run")["run"]["notes"] == []
    (copy / "bar.toml").write_text(STRICT, encoding="utf-8")
    changed = trueweight(*command(fleet), "--bar", "bar.toml", cwd=copy)
    assert "The bar changed after the run began" in changed.stderr
    (note,) = summary_of(copy / "run")["run"]["notes"]
    assert note["code"] == "bar-earlier"
    assert note["recorded"]
    (copy / "bar.toml").write_text(GOOD, encoding="utf-8")
    trueweight(*command(fleet), "--bar", "bar.toml", cwd=copy)
    assert len(summary_of(copy / "run")["run"]["notes"]) == 2


def test_a_bar_about_nobody_is_refused_before_anything_is_sent(fleet: Path, tmp_path: Path) -> None:
    """A rule names a provider that is not asked: exit 2, the near miss, and no directory."""
    text = '[[require]]\nmetric = "ttft"\nat_most = 800\nproviders = ["twinn"]\n'
    (tmp_path / "bar.toml").write_text(text, encoding="utf-8")
    done = trueweight(*command(fleet), "--bar", "bar.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert "'twin'" in done.stderr
    assert not (tmp_path / "run").exists()
