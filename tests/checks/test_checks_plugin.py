"""Checks, graders, metrics, formats and APIs of another package are declared as ours, and listed beside ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from endpoint import endpoint

PLUGIN = """
from trueweight.core.check import Fail, Pass, check
from trueweight.core.example import Example, says
from trueweight.core.grader import Score, grader
from trueweight.metrics import Share, share_metric
from trueweight.report.formats import Format, register


@check("no-full-stop", "The content has no full stop.", source="https://example.org", why="Taste.", fix="Leave it out.",
       example=Example(says("Well."), ".", says("Well")))
def no_full_stop(case, reply):
    return Fail("a full stop") if "." in (reply.content or "") else Pass()


@grader("length", "1 if the content has the expected number of characters.", expected={"type": "integer"})
def length(case, reply, expected):
    got = len(reply.content or "")
    return Score(1.0) if got == expected else Score(0.0, f"{got} characters")


@share_metric("arrivals", "Arrivals", "Of the trials, the share with a reply.", source="https://example.org", place=701)
def arrivals(sample):
    return Share(sample.own.case >= 0, sample.own.arrived, sample.own.arrived, "", "nothing was sent")


register(Format("names", ".txt", lambda summary, evidence: ", ".join(summary.providers)))
"""
GROUPS = ("checks", "graders", "metrics", "formats")
API = Path(__file__).parents[1] / "protocols" / "text_completions" / "installed"
SUITE = """
suite: mine
title: Mine
version: 1
cases:
  - id: one
    why: A case for the package's check and grader.
    severity: MUST
    source: https://example.org
    modes: [plain]
    request: {messages: [{role: user, content: Say yes}]}
    checks: {graded: {grader: length, expected: 3}}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with the package as an installed distribution."""
    info = tmp_path / "site" / "taste-1.0.dist-info"
    info.mkdir(parents=True)
    (info.parent / "taste.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: taste\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("\n".join(f"[trueweight.{group}]\nt = taste\n" for group in GROUPS))
    return info.parent


def run(site: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The command line in another process: a process looks for packages only once."""
    return subprocess.run(
        [sys.executable, "-m", "trueweight", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(API)]), "NO_COLOR": "1", "COLUMNS": "200"},
        timeout=120,
        check=False,
        cwd=site.parent,
    )


@pytest.mark.slow
def test_they_are_listed_and_explained_with_their_package(site: Path) -> None:
    """In the table, in the JSON, and by ``explain`` with the declared example."""
    table = run(site, "checks").stdout
    assert "The content has no full stop.  [taste]" in table
    assert "expected number of characters.  [taste]" in table
    for kind in ("Arrivals", "*.txt"):
        assert any(kind in line and line.endswith("  [taste]") for line in table.splitlines()), kind
    assert "POST /completions  [text-completions-api]" in table
    listed = json.loads(run(site, "checks", "--json").stdout)
    packages = {(kind, one["id"]): one["package"] for kind in listed for one in listed[kind]}
    assert {name: package for name, package in packages.items() if package != "trueweight"} == {
        ("checks", "no-full-stop"): "taste",
        ("graders", "length"): "taste",
        ("metrics", "arrivals"): "taste",
        ("formats", "names"): "taste",
        ("apis", "text-completions"): "text-completions-api",
    }
    explained = run(site, "explain", "no-full-stop").stdout
    assert "package:      taste" in explained
    assert "finding:      a full stop" in explained


@pytest.mark.slow
def test_a_run_is_judged_by_them(site: Path) -> None:
    """The endpoint says "Yes.": one check of the package fails it, and one of ours by the package's grader."""
    (site.parent / "mine.yaml").write_text(SUITE)
    with endpoint() as place:
        (site.parent / "providers.toml").write_text(
            f'[[provider]]\nname = "p"\nbase_url = "{place.url}"\nmodel = "m"\nrole = "candidate"\n'
        )
        made = run(
            site, "run", "--providers", "providers.toml", "--suite", "mine.yaml", "--out", "out", "--repeats", "1"
        )
    assert (site.parent / "out" / "summary.json").exists(), made.stderr
    shown = run(site, "judge", "out")
    assert shown.returncode == 0, shown.stderr
    summary = json.loads((site.parent / "out" / "summary.json").read_text())
    messages = {finding["check"]: finding["message"] for finding in summary["providers"]["p"]["findings"]}
    assert messages["no-full-stop"] == "a full stop"
    assert messages["graded"] == "score 0.00 by length: 4 characters"


def test_an_expected_answer_that_the_grader_cannot_take_is_an_error_of_the_suite(site: Path) -> None:
    """Before anything is sent, with the place in the file."""
    (site.parent / "mine.yaml").write_text(SUITE.replace("expected: 3", "expected: three"))
    refused = run(site, "suites", "check", "mine.yaml")
    assert refused.returncode == 2
    assert "mine.yaml:12" in refused.stderr + refused.stdout
    assert "grader length: expected: 'three' is not of type 'integer'" in refused.stderr + refused.stdout


def test_a_broken_package_is_one_clear_error(site: Path) -> None:
    """It names the package and what went wrong, without a traceback."""
    (site / "taste.py").write_text("import nothing_of_that_name\n")
    broken = run(site, "checks")
    assert broken.returncode == 2
    assert "taste" in broken.stderr and "No module named 'nothing_of_that_name'" in broken.stderr
    assert "Traceback" not in broken.stderr


@pytest.mark.slow
def test_a_name_that_is_taken_is_one_clear_error(site: Path) -> None:
    """The error names the package that was added, not ours."""
    (site / "taste.py").write_text(PLUGIN.replace("no-full-stop", "http-json"))
    taken = run(site, "checks")
    assert taken.returncode == 2
    assert "two checks are named 'http-json'" in taken.stderr
