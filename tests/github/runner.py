"""What a GitHub runner does with a composite action, as far as ours goes: steps, files, conditions, expressions."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github" / "actions" / "verify"
_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")
_CONDITION = re.compile(r"([\w.-]+) (==|!=) '([^']*)'")


@dataclass
class Job:
    """How a run of the action ended.

    Attributes:
        code: of the step that failed; 0 if none did.
        uses: the actions that would have been called.
    """

    code: int = 0
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    log: str = ""
    uses: list[str] = field(default_factory=list)


def environment(folder: Path, **more: str) -> dict[str, str]:
    """A step's environment: this interpreter's commands first, GitHub's files in ``folder``."""
    files = {name: folder / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV")}
    for path in files.values():
        path.touch()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    found = {**os.environ, "PATH": path, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    return {**found, **{name: str(path) for name, path in files.items()}, **more}


def outputs_of(path: Path) -> dict[str, str]:
    """What steps wrote into GITHUB_OUTPUT, as the runner reads it."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert all("=" in line for line in lines), lines
    return dict(line.split("=", 1) for line in lines)


def shell(
    script: str | Path, *arguments: object, cwd: Path, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """A script as ``shell: bash`` runs it."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script), *map(str, arguments)],
        cwd=cwd,
        env=dict(env),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


def run_action(
    cwd: Path, inputs: Mapping[str, str], event: Mapping[str, str] | None = None, *, only: str = "", **env: str
) -> Job:
    """Run the action's steps in order, or ``only`` the one of that name, until one fails."""
    action: dict[str, Any] = yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8"))
    unknown = set(inputs) - set(action["inputs"])
    assert not unknown, unknown
    values = {f"inputs.{name}": inputs.get(name, one["default"]) for name, one in action["inputs"].items()}
    values |= {"github.event_name": "push", "github.repository": "us/trueweight", **(event or {})}
    job = Job()
    for number, step in enumerate(action["runs"]["steps"]):
        if only not in ("", step["name"]) or not _holds(step.get("if", ""), values):
            continue
        if "uses" in step:
            job.uses.append(step["uses"])
            continue
        folder = cwd / f".step{number}"
        folder.mkdir()
        own = {name: _fill(text, values) for name, text in step.get("env", {}).items()}
        (folder / "script.sh").write_text(_fill(step["run"], {}), encoding="utf-8")
        around = environment(folder, GITHUB_ACTION_PATH=str(ACTION), RUNNER_TEMP=str(folder), **own, **env)
        done = shell(folder / "script.sh", cwd=cwd, env=around)
        job.log += done.stdout + done.stderr
        job.summary += (folder / "github_step_summary").read_text(encoding="utf-8")
        if step.get("id"):
            found = outputs_of(folder / "github_output")
            values |= {f"steps.{step['id']}.outputs.{name}": value for name, value in found.items()}
        if done.returncode:
            job.code = done.returncode
            break
    job.outputs = {name: _fill(one["value"], values) for name, one in action["outputs"].items()}
    return job


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _EXPRESSION.sub(lambda found: values.get(found.group(1), ""), str(text))


def _holds(condition: str, values: Mapping[str, str]) -> bool:
    for clause in filter(None, condition.split(" && ")):
        found = _CONDITION.fullmatch(clause)
        assert found, f"the test's runner cannot read {clause!r}"
        if (values.get(found.group(1), "") == found.group(3)) != (found.group(2) == "=="):
            return False
    return True
