"""``trueweight suites from-run``: the failing cases of a run, as suites that can be checked and sent again."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from command_line import Cli, Demo

from trueweight.suites import find_suite


@pytest.mark.slow
def test_failing_cases_are_suites_that_load_and_run(whole: Demo, cli: Cli, tmp_path: Path) -> None:
    """Each failing case is there with the request of the run's suite; the suites are valid, and a run takes them."""
    done = cli("suites", "from-run", whole.directory, "-o", "failing")
    assert done.returncode == 0, done.stderr
    files = done.stdout.split()
    failing = {
        row["case"]
        for row in whole.summary["cases"]
        for modes in row["cells"].values()
        for cell in modes.values()
        if cell["outcome"] in {"fail", "flaky"}
    }
    written = {
        f"{suite.name.removesuffix('-failing')}/{case.id}": case
        for suite in (find_suite(str(tmp_path / file)) for file in files)
        for case in suite.cases
    }
    assert failing and failing <= set(written)
    shipped = {case.key: case for name in ("tool-calls", "structured-output") for case in find_suite(name).cases}
    for key in failing:
        assert written[key].request == shipped[key].request
        assert written[key].checks == shipped[key].checks
    checked = cli("suites", "check", *files)
    assert checked.returncode == 0, checked.stderr
    (tmp_path / "p.toml").write_text(
        '[[provider]]\nname = "a"\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n', encoding="utf-8"
    )
    planned = cli("run", "--providers", "p.toml", "--suite", ",".join(files), "-o", "again", "--no-probe", "--dry-run")
    assert planned.returncode == 0, planned.stderr


@pytest.mark.usefixtures("kept_judgements")
def test_one_check_of_one_provider(first_cases: Demo, cli: Cli, tmp_path: Path) -> None:
    """Narrowed by check and provider; a wrong name is met with the near one, and nothing is written."""
    chosen = ("--check", "markers-in-content", "--provider", "leaky-parser")
    done = cli("suites", "from-run", first_cases.directory, "-o", "leaks", *chosen)
    assert done.returncode == 0, done.stderr
    finding = next(
        one
        for one in first_cases.summary["providers"]["leaky-parser"]["findings"]
        if one["check"] == "markers-in-content"
    )
    keys = {f"tool-calls/{case.id}" for file in done.stdout.split() for case in find_suite(str(tmp_path / file)).cases}
    assert set(finding["cases"]) <= keys
    wrong = cli("suites", "from-run", first_cases.directory, "-o", "none", "--check", "marker-in-content")
    assert wrong.returncode == 2
    assert "markers-in-content" in wrong.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("kept_judgements")
def test_failures_by_cause_lead_to_their_suites(first_cases: Demo, cli: Cli, tmp_path: Path) -> None:
    """``show --failing``: requirement, how often, cases; the command that it prints last writes the suites."""
    shown = cli("show", first_cases.directory, "--failing", "--provider", "leaky-parser")
    assert shown.returncode == 0, shown.stderr
    assert "MUST markers-in-content: " in shown.stdout and "no-strict" not in shown.stdout
    findings = first_cases.summary["providers"]["leaky-parser"]["findings"]
    finding = next(one for one in findings if one["check"] == "markers-in-content")
    assert f"leaky-parser: {finding['fails']} of {finding['of']}" in shown.stdout
    assert min(finding["cases"]) in shown.stdout
    (line,) = re.findall(r"^Next, .+?: trueweight (.+)$", shown.stdout, flags=re.M)
    written = cli(*shlex.split(line))
    assert written.returncode == 0, written.stderr
    assert list((tmp_path / "failing").glob("*.yaml"))
    assert "no-strict" in cli("show", first_cases.directory, "--failing").stdout
    assert cli("show", first_cases.directory, "tool-calls/single", "--failing").returncode == 2
