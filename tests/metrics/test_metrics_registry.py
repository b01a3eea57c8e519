"""One registry of metrics: each declares all that is shown of it, and another package's metric is one like ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from recorded import write_run

from trueweight.core import ConfigError
from trueweight.metrics import all_metrics, compared_metrics, describe, in_order, metric_origin, register, trial_metrics

PLUGIN = '''
"""A metric of another package."""

from trueweight.metrics import Share, share_metric


@share_metric(
    "short_rate",
    "Short <replies>",
    "Of the trials, the share with a reply.",
    source="https://example.org/short",
    place=700,
    compared=True,
    column=True,
)
def short_rate(sample):
    table = sample.own
    return Share(table.case >= 0, table.arrived, table.arrived, "", "nothing was sent")
'''


def test_each_metric_declares_everything_that_is_shown_of_it() -> None:
    """Title, unit, definition, source and method are there, in sentences; what stands beside it exists."""
    for name, metric in all_metrics().items():
        assert metric.id == name
        assert all((metric.title, metric.unit, metric.source, metric.method)), name
        assert metric.definition.endswith("."), name
        assert not metric.beside or metric.beside in trial_metrics(), name
        assert metric.estimate or name in ("drift", "agreement_with_others", "workload"), name
        assert metric_origin(name) == "trueweight"


def test_titles_are_unique() -> None:
    """Two metrics never share the name that a reader sees."""
    titles = [metric.title for metric in all_metrics().values()]
    assert len(titles) == len(set(titles))


def test_the_promised_metrics_are_there() -> None:
    """Those that the documentation names, the columns of the page in their order, and those that compare compares."""
    promised = (
        "success_rate first_attempt_success_rate schema_accuracy schema_accuracy_unconditional tool_call_precision "
        "tool_call_recall tool_call_f1 trigger_accuracy structured_output_accuracy must_pass_rate ttft ttft_p95 e2e "
        "output_speed cost_per_1000"
    )
    assert set(promised.split()) <= set(trial_metrics())
    columns = [metric.id for metric in in_order(all_metrics()) if metric.column]
    assert columns == [
        "workload",
        "schema_accuracy_unconditional",
        "same_through_apis",
        "agreement_with_others",
        "tool_call_f1",
        "structured_output_accuracy",
        "drift",
        "ttft",
        "thinking_time",
        "output_speed",
        "success_rate",
        "cost_per_1000",
    ]
    compared = (
        "must_pass_rate schema_accuracy schema_accuracy_unconditional tool_call_f1 trigger_accuracy "
        "structured_output_accuracy success_rate first_attempt_success_rate ttft ttfo e2e output_speed"
    )
    assert set(compared_metrics()) == set(compared.split())
    assert all(all_metrics()[name].difference for name in compared_metrics())


def test_an_id_is_taken_once() -> None:
    """A second metric of the same id is refused, with the package that has it."""
    with pytest.raises(ConfigError) as refused:
        register(all_metrics()["ttft"])
    assert refused.value.code == "registry-duplicate"


def test_a_metric_that_is_not_installed_is_shown_under_its_id() -> None:
    """A summary can come from a machine with a package that is missing here."""
    assert describe("their_metric").title == "their metric"
    assert [metric.id for metric in in_order(["their_metric", "ttft"])] == ["ttft", "their_metric"]


@pytest.fixture
def other_package(tmp_path: Path) -> Path:
    """A folder that holds another package's metric as an installed distribution."""
    site = tmp_path / "site"
    info = site / "short_metrics-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "short_metrics.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: short-metrics\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[trueweight.metrics]\nshort = short_metrics\n")
    return site


def _run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, because a process finds packages once."""
    return subprocess.run(
        [sys.executable, "-m", "trueweight", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(site), "NO_COLOR": "1", "COLUMNS": "200"},
        timeout=120,
        check=False,
    )


@pytest.mark.slow
def test_a_metric_of_another_package_is_one_like_ours(tmp_path: Path, other_package: Path) -> None:
    """It is measured, it is a column of the page with its definition, escaped, and a bar can name it."""
    run = write_run(tmp_path / "run", "2026-01-02T03:04:05+00:00")
    bar = tmp_path / "bar.toml"
    bar.write_text('[[require]]\nmetric = "short_rate"\nat_least = 0.1\nside = "value"\n')
    judged = _run(other_package, "gate", str(run), "--bar", str(bar), "--json")
    assert judged.returncode == 0, judged.stderr
    assert json.loads(judged.stdout)["counts"]["pass"] == 1
    shown = _run(other_package, "report", str(run))
    assert shown.returncode == 0, shown.stderr
    summary = json.loads((run / "summary.json").read_text())
    assert summary["providers"]["cand"]["metrics"]["short_rate"]["value"] == 1
    page = (run / "report.html").read_text()
    assert "Short &lt;replies&gt;" in page
    assert "Of the trials, the share with a reply." in page


@pytest.mark.slow
def test_a_broken_package_is_one_clear_error(tmp_path: Path, other_package: Path) -> None:
    """The error names the package and the module, and the exit code is that of a configuration error."""
    (other_package / "short_metrics.py").write_text("import nowhere_to_be_found\n")
    run = write_run(tmp_path / "run", "2026-01-02T03:04:05+00:00")
    judged = _run(other_package, "judge", str(run))
    assert judged.returncode == 2
    assert "error[plugin-broken]" in judged.stderr
    assert "short-metrics" in judged.stderr
    assert "Traceback" not in judged.stderr
