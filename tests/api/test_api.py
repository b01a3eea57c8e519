"""``import trueweight``: exactly the documented names, nothing loaded before it is used, and the four steps."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import trueweight as tw
from trueweight.core.summary_json import decode_summary
from trueweight.fleet import running_fleet

NAMES = [
    "Assessment",
    "Recommendation",
    "Summary",
    "Bar",
    "Case",
    "ConfigError",
    "Exchange",
    "ExitCode",
    "Finding",
    "SendResult",
    "Gate",
    "InfrastructureError",
    "Mode",
    "Price",
    "Provider",
    "PreparedRun",
    "Role",
    "Ruling",
    "RunDir",
    "Severity",
    "Suite",
    "TransportName",
    "TrueweightError",
    "WireSettings",
    "__version__",
    "compare_runs",
    "send_run",
    "gate_run",
    "judge_run",
    "load_bar",
    "load_providers",
    "load_suite",
    "merge_runs",
    "open_run",
    "plan_run",
    "report_run",
]


@pytest.fixture(scope="module")
def providers() -> Iterator[Path]:
    """A running reference and twin."""
    with running_fleet(["reference", "twin"]) as path:
        yield path


def test_the_exported_names_are_the_documented_ones() -> None:
    """No more, no fewer; each is there, and has something to say for itself."""
    assert sorted(tw.__all__) == sorted(NAMES)
    assert dir(tw) == sorted(NAMES)
    for name in set(NAMES) - {"__version__"}:
        assert getattr(tw, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        tw.nothing  # noqa: B018


def test_names_that_types_see_are_names_that_are_there() -> None:
    """The lazy table and the imports that type checkers read are of the same objects."""
    text = Path(tw.__file__).read_text(encoding="utf-8")
    block = text.split("if TYPE_CHECKING:\n", 1)[1].split("\n__version__", 1)[0]
    seen: dict[str, object] = {}
    exec("\n".join(line.removeprefix("    ") for line in block.splitlines()), seen)
    for name in set(NAMES) - {"__version__"}:
        assert seen[name] is getattr(tw, name), name


@pytest.mark.parametrize("module", ["trueweight", "trueweight.pytest_plugin"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    """Neither the package nor its pytest plugin brings in numpy, httpx or any other part of ours."""
    program = f"""
import sys, pytest
before = set(sys.modules)
import {module}
print(*sorted(set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {name for name in loaded if name.startswith("trueweight")} <= {"trueweight", module}
    assert not loaded & {"numpy", "scipy", "httpx", "httptools", "click", "rich", "jinja2"}


def test_plan_fire_judge_report_gate(providers: Path, tmp_path: Path) -> None:
    """The README's lines: the same files and numbers as the command line makes; a resumed run sends nothing."""
    bar = tmp_path / "bar.toml"
    bar.write_text('[[require]]\nmetric = "success_rate"\nat_least = 0.2\n', encoding="utf-8")
    plan = tw.plan_run(providers, ["structured-output"], limit=2, bar=bar)
    result = tw.send_run(plan, tmp_path / "run")
    assert result.recorded == len(plan.plan.trials)
    summary = tw.judge_run(tmp_path / "run")
    assert not (tmp_path / "run" / "summary.json").exists()
    assert summary.providers["twin"].assessment.recommendation is tw.Recommendation.USE
    assert decode_summary(tw.report_run(tmp_path / "run", "json")) == summary
    assert "<html" in tw.report_run(tmp_path / "run")
    gate = tw.gate_run(tmp_path / "run")
    assert (gate.exit_code, gate.outcomes["twin"].outcome) == (tw.ExitCode.OK, tw.Ruling.PASS)
    assert tw.compare_runs(tmp_path / "run", tmp_path / "run").significant == ()
    assert tw.send_run(plan, tmp_path / "run").recorded == 0
    assert tw.merge_runs([tmp_path / "run"], tmp_path / "again").providers == summary.providers
    with tw.open_run(tmp_path / "run") as run:
        assert {exchange.provider for exchange in run.exchanges()} == {"reference", "twin"}


def test_nouns_made_by_hand_work_inside_a_running_loop(providers: Path, tmp_path: Path) -> None:
    """As in a notebook: an event loop runs already, and suite and providers are values."""
    people = tw.load_providers(providers, environ={})
    case = tw.Case("mine", "hello", {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 8})
    suite = tw.Suite("mine", (case,))

    async def notebook() -> tw.SendResult:
        return tw.send_run(tw.plan_run(people, [suite]), tmp_path / "run", settings=tw.WireSettings(retries=0))

    assert asyncio.run(notebook()).recorded == 6


@pytest.mark.slow
def test_models_that_think_are_measured_from_python(tmp_path: Path) -> None:
    """The probe finds the room that a thought needs; modes and repeats are chosen as on the command line."""
    case = tw.Case("mine", "hello", {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 8})
    with running_fleet(["reference", "thinks-long"]) as providers:
        plan = tw.plan_run(
            providers, [tw.Suite("mine", (case,))], repeats="auto", thinking=["as-served", "off"], profile="none"
        )
        assert plan.manifest.thinking_allowance == 0
        result = tw.send_run(plan, tmp_path / "run")
        assert tw.send_run(plan, tmp_path / "run").recorded == 0
    with tw.open_run(tmp_path / "run") as run:
        assert run.manifest.thinking_allowance == 4096
        assert "auto_repeats" in run.manifest.options
        exchanges = list(run.exchanges())
    assert result.recorded == len(exchanges)
    assert {one.thinking.value for one in exchanges if one.provider == "thinks-long"} == {"as-served", "off"}
    summary = tw.judge_run(tmp_path / "run")
    assert summary.providers["thinks-long"].counts.cut_in_thought == 0
    bare = tw.plan_run(plan.manifest.providers, [tw.Suite("mine", (case,))], profile="none", thinking_allowance=100)
    assert bare.cases[0].request["max_tokens"] == 108
    with pytest.raises(tw.TrueweightError, match="repeats"):
        tw.plan_run(plan.manifest.providers, [tw.Suite("mine", (case,))], repeats=0)


def test_errors_are_of_one_family(tmp_path: Path) -> None:
    """What a caller catches; raised where it was called, also from the sending thread."""
    with pytest.raises(tw.TrueweightError, match="no such directory"):
        tw.judge_run(tmp_path / "none")
    with pytest.raises(tw.ConfigError):
        tw.plan_run(tmp_path / "none.toml", ["tool-calls"])
