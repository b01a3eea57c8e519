"""The pytest plugin: a run as test cases, a fixture, and nothing at all for whoever does not ask."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import trueweight as tw
from trueweight.fleet import running_fleet

# An editable install from before the entry point existed does not have it.
INSTALLED = any(point.value == "trueweight.pytest_plugin" for point in entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "trueweight.pytest_plugin")


def run_pytest(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """pytest in a project of somebody who turns warnings into errors."""
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *PLUGIN, *map(str, arguments)]
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run in which no-strict fails."""
    folder = tmp_path_factory.mktemp("recorded") / "run"
    with running_fleet(["reference", "no-strict"]) as providers:
        tw.send_run(tw.plan_run(providers, ["structured-output"], limit=6), folder)
    return folder


def test_findings_are_test_cases(run: Path, tmp_path: Path) -> None:
    """One for each provider, case and mode; failures name checks and reasons, without a traceback; -k chooses."""
    summary = tw.judge_run(run)
    cells = [cell for case in summary.cases for cell in case.modes("no-strict").values()]
    failing = sum(cell.outcome in ("fail", "flaky") for cell in cells)
    assert failing
    done = run_pytest(tmp_path, "--trueweight-run", run, "-k", "no-strict", "-rf")
    assert done.returncode == 1, done.stdout + done.stderr
    counts = {word: int(count) for count, word in re.findall(r"(\d+) (passed|failed)", done.stdout.splitlines()[-1])}
    assert counts["failed"] == failing
    assert sum(counts.values()) + done.stdout.count("s") >= len(cells)
    assert "MUST: " in done.stdout
    assert "pytest_plugin.py" not in done.stdout


@pytest.mark.slow
def test_a_provider_without_findings_passes(run: Path, tmp_path: Path) -> None:
    """``-k`` chooses the reference, in whose cases nothing fails: exit code 0."""
    healthy = run_pytest(tmp_path, "--trueweight-run", run, "-k", "reference")
    assert healthy.returncode == 0, healthy.stdout


@pytest.mark.slow
def test_the_fixture_reads_the_run(run: Path, tmp_path: Path) -> None:
    """Metrics, findings, recommendations; a misspelled name is named with the near miss."""
    (tmp_path / "test_mine.py").write_text(
        """
import pytest

def test_reads(trueweight):
    assert trueweight.providers == ["reference", "no-strict"] or set(trueweight.providers) == {"reference", "no-strict"}
    assert trueweight.metric("no-strict", "success_rate").value == 1.0
    assert trueweight.findings("no-strict", "MUST")
    assert not trueweight.findings("reference", "MUST")
    assert trueweight.bar("no-strict") is None
    assert trueweight.recommendation("reference") == "reference"
    with pytest.raises(LookupError, match="Did you mean 'success_rate'"):
        trueweight.metric("no-strict", "sucess_rate")
""",
        encoding="utf-8",
    )
    done = run_pytest(tmp_path, "--trueweight-run", run, "-k", "test_reads")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_without_a_run_the_fixture_skips(tmp_path: Path) -> None:
    """And says which option it needs."""
    (tmp_path / "test_mine.py").write_text("def test_reads(trueweight):\n    pass\n", encoding="utf-8")
    skipped = run_pytest(tmp_path, "-rs")
    assert skipped.returncode == 0
    assert "needs --trueweight-run DIR" in skipped.stdout


@pytest.mark.slow
def test_lost_answers_are_errors_and_hostile_names_are_shown(run: Path, tmp_path: Path) -> None:
    """From a summary alone: no answer is an error, not a failure; an escape sequence in a name reaches no terminal."""
    summary = json.loads(tw.report_run(run, "json"))
    summary["cases"][0]["cells"]["no-strict"]["plain"]["outcome"] = "transport"
    summary["cases"][0]["case"] = "structured-output/\x1b[31mred"
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    done = run_pytest(tmp_path, "--trueweight-run", "only", "-k", "no-strict and red", "-v", "--color=no")
    assert "1 error" in done.stdout
    assert "no answer arrived" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.slow
def test_a_wrong_directory_is_a_usage_error(tmp_path: Path) -> None:
    """pytest's own way of saying so, no traceback."""
    done = run_pytest(tmp_path, "--trueweight-run", "nowhere")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "nowhere" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.slow
def test_who_does_not_ask_does_not_notice(tmp_path: Path) -> None:
    """Other people's tests run as before, with warnings as errors, and nothing of ours is imported."""
    (tmp_path / "test_other.py").write_text(
        "import sys\n\ndef test_one():\n"
        "    ours = {name for name in sys.modules if name.startswith('trueweight')}\n"
        "    assert ours <= {'trueweight', 'trueweight.pytest_plugin'}, ours\n",
        encoding="utf-8",
    )
    done = run_pytest(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_notebook_can_call_pytest_after_importing_us(tmp_path: Path) -> None:
    """pytest warns of plugins imported before it could rewrite them; ours asks not to be rewritten."""
    (tmp_path / "test_other.py").write_text("def test_one():\n    pass\n", encoding="utf-8")
    arguments = ["-W", "error", "-p", "no:cacheprovider", *PLUGIN, str(tmp_path)]
    program = f"import trueweight, trueweight.pytest_plugin, pytest; raise SystemExit(pytest.main({arguments!r}))"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
