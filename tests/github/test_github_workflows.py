"""What may not be in a workflow: unpinned actions, expressions in scripts, needless rights, keys in reach of forks."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from runner import ACTION, ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"uses: ([\w./-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+\n")
LOCAL = ("./.github/actions/verify", "./.github/workflows/pages.yml")


def load(path: Path) -> dict[str, Any]:
    """A workflow; YAML 1.1 reads its ``on`` as true."""
    value: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {("on" if key is True else key): part for key, part in value.items()}


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every job of every workflow, with its name."""
    for path in WORKFLOWS:
        for name, job in load(path)["jobs"].items():
            yield f"{path.name}:{name}", job


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every step there is, the action's too."""
    for name, job in jobs():
        for step in job.get("steps", ()):
            yield name, step
    for step in yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]:
        yield "action", step


def test_actions_are_pinned_to_commits() -> None:
    """A tag can be moved by whoever takes over an action; each pin also says which version it is."""
    for path in [*WORKFLOWS, ACTION / "action.yml"]:
        text = path.read_text(encoding="utf-8")
        pinned = {f"{name}@{sha}" for name, sha in PINNED.findall(text)}
        used = set(re.findall(r"uses: (\S+)", text)) - set(LOCAL)
        assert used == pinned, path


def test_one_action_has_one_commit() -> None:
    """No workflow lags behind another."""
    found: dict[str, set[str]] = {}
    for path in [*WORKFLOWS, ACTION / "action.yml"]:
        for name, sha in PINNED.findall(path.read_text(encoding="utf-8")):
            found.setdefault(name, set()).add(sha)
    assert all(len(shas) == 1 for shas in found.values()), found


def test_scripts_hold_no_expressions() -> None:
    """What an issue, a branch or an input says reaches a script as a variable, and is never part of it."""
    for name, step in steps():
        assert "${{" not in step.get("run", ""), name


def test_rights_are_given_job_by_job() -> None:
    """Nothing by default; writing only where the history, the release, the comment or the site is written."""
    writers = {}
    for path in WORKFLOWS:
        assert load(path)["permissions"] == {}, path
    for name, job in jobs():
        assert "permissions" in job, name
        assert "timeout-minutes" in job or "uses" in job, name
        wanted = {key for key, value in job["permissions"].items() if value == "write"}
        if wanted:
            writers[name] = wanted
    assert writers == {
        "pages.yml:deploy": {"pages", "id-token"},
        "release.yml:publish": {"id-token"},
        "release.yml:notes": {"contents"},
        "verify.yml:publish": {"contents"},
        "verify.yml:pages": {"pages", "id-token"},
        "verify.yml:comment": {"issues", "pull-requests"},
    }


def test_keys_are_out_of_reach_of_pull_requests() -> None:
    """No ``pull_request_target``; secrets stand only in one step, and there not for pull requests."""
    for path in WORKFLOWS:
        text = path.read_text(encoding="utf-8")
        assert "pull_request_target" not in text
        for line in text.splitlines():
            if "secrets." in line:
                assert re.fullmatch(
                    r" +(\w+): \$\{\{ github\.event_name != 'pull_request' && secrets\.\1 \|\| '' \}\}", line
                ), line
    assert "secrets" not in (ACTION / "action.yml").read_text(encoding="utf-8")


def test_checkouts_keep_no_token_unless_they_push_or_fetch() -> None:
    """A token that is not needed is not left in the work tree."""
    kept = [
        name
        for name, step in steps()
        if step.get("uses", "").startswith("actions/checkout@")
        and step.get("with", {}).get("persist-credentials") is not False
    ]
    assert kept == ["pages.yml:build", "verify.yml:history", "verify.yml:publish"]


def test_no_code_runs_beside_a_token_that_can_push() -> None:
    """Whoever can change the repository installs nothing and runs nothing of it but the shell script that pushes."""
    pushing = {name: job for name, job in jobs() if job["permissions"].get("contents") == "write"}
    assert set(pushing) == {"release.yml:notes", "verify.yml:publish"}
    for name, job in pushing.items():
        text = json.dumps(job["steps"])
        assert not re.search(r"\b(pip|python|npm|trueweight)\s+[a-z-]", text), name


@pytest.mark.parametrize(
    ("tag", "fits"), [("v1.2.3", True), ("v1.2", False), ("v.*", False), ("v1.2.30", False), ('v1.2.3"', False)]
)
def test_a_release_needs_the_very_version_of_its_tag(tmp_path: Path, tag: str, fits: bool) -> None:
    """A tag is a text and no pattern: ``v.*`` or a part of a version would publish whatever is there."""
    steps = load(ROOT / ".github" / "workflows" / "release.yml")["jobs"]["build"]["steps"]
    script = next(step["run"] for step in steps if step.get("name") == "The tag is the version")
    (tmp_path / "pyproject.toml").write_text('name = "x"\nversion = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## 1.2.3\n")
    environ = {"PATH": os.environ["PATH"], "TAG": tag}
    done = subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=tmp_path, env=environ, check=False)
    assert (done.returncode == 0) == fits


@pytest.mark.parametrize(("tag", "notes"), [("v1.2.3", "- New.\n"), ("v1.2", None), ("v1.0.0", None)])
def test_the_notes_of_a_release_are_its_section_of_the_changelog(tmp_path: Path, tag: str, notes: str | None) -> None:
    """Without the heading; a version without a section, or with an empty one, is no release."""
    steps = load(ROOT / ".github" / "workflows" / "release.yml")["jobs"]["notes"]["steps"]
    script = next(step["run"] for step in steps if step.get("name", "").startswith("The notes"))
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changes\n\n## Unreleased\n\n- Later.\n\n## 1.2.3\n\n- New.\n\n## 1.0.0\n\n"
    )
    environ = {"PATH": os.environ["PATH"], "TAG": tag}
    done = subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=tmp_path, env=environ, check=False)
    assert (done.returncode == 0) == (notes is not None)
    assert notes is None or (tmp_path / "notes.md").read_text().strip() == notes.strip()


def test_ci_covers_what_is_promised() -> None:
    """Linux and macOS, Python 3.11 to 3.14."""
    matrix = load(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["os"] == ["ubuntu-latest", "macos-latest"]
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]


@pytest.mark.skipif(not shutil.which("actionlint"), reason="needs actionlint (extra: actions)")
def test_actionlint_finds_nothing() -> None:
    """Over all workflows."""
    done = subprocess.run(["actionlint", *map(str, WORKFLOWS)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
