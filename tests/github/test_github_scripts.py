"""The workflows' scripts, with a git server and a ``gh`` of our own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from runner import ROOT, environment, outputs_of, shell

from trueweight.fleet import running_fleet

pytestmark = pytest.mark.skipif(
    os.name != "posix" or not shutil.which("bash") or not shutil.which("git"), reason="needs bash and git"
)
SCRIPTS = ROOT / ".github" / "scripts"


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with ``shards/shard-1`` and ``shard-2`` of a short run against a bar."""
    folder = tmp_path_factory.mktemp("nightly")
    (folder / "bar.toml").write_text('[[require]]\nmetric = "success_rate"\nat_least = 0.2\n', encoding="utf-8")
    with running_fleet(["reference", "twin"]) as providers:
        for k in (1, 2):
            env = environment(folder)
            more = f"--bar bar.toml --shard {k}/2 --limit 3 --out shards/shard-{k}"
            script = folder / "run.sh"
            script.write_text(f"trueweight run --providers {providers} --suite structured-output {more}\n", "utf-8")
            done = shell(script, cwd=folder, env=env)
            assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_shards_become_a_run_a_change_a_verdict_and_a_publication(shards: Path, tmp_path: Path) -> None:
    """The merge job's steps, in order, as verify.yml calls them."""
    env = environment(tmp_path, BAR="bar.toml")
    merged = shell(SCRIPTS / "merge.sh", shards / "shards", tmp_path / "run", cwd=tmp_path, env=env)
    assert merged.returncode == 0, merged.stderr
    first = shell(SCRIPTS / "change.sh", "before", "run", "change.md", cwd=tmp_path, env=env)
    assert first.returncode == 0, first.stderr
    assert "no earlier run" in (tmp_path / "change.md").read_text(encoding="utf-8")
    again = shell(SCRIPTS / "change.sh", tmp_path / "run", "run", "change.md", cwd=tmp_path, env=env)
    assert again.returncode == 0, again.stderr
    assert "Nothing significant changed" in (tmp_path / "change.md").read_text(encoding="utf-8")
    gated = shell(SCRIPTS / "gate.sh", "run", "published", cwd=tmp_path, env=env)
    assert gated.returncode == 0, gated.stderr
    assert "✓ twin: pass" in gated.stdout
    assert outputs_of(tmp_path / "github_output") == {"exit-code": "0", "worse": "false"}
    assert "| **twin** |" in (tmp_path / "github_step_summary").read_text(encoding="utf-8")
    assert [path.name for path in next((tmp_path / "published").iterdir()).iterdir() if path.suffix] != []


def git(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, text=True, check=True)
    return done.stdout


def nothing_of_ours(folder: Path, path: str) -> str:
    """A PATH on which our code, and whatever installs it, cannot be run."""
    stubs = folder / "stubs"
    stubs.mkdir(exist_ok=True)
    for name in ("trueweight", "python", "python3", "pip"):
        (stubs / name).write_text("#!/bin/sh\nexit 97\n", encoding="utf-8")
        (stubs / name).chmod(0o755)
    return f"{stubs}{os.pathsep}{path}"


@pytest.mark.slow
def test_the_history_is_one_commit_and_becomes_a_site(shards: Path, tmp_path: Path) -> None:
    """Two nights: the branch holds both, in a single commit, and the site has a page for each."""
    git("init", "-q", "--bare", "origin.git", cwd=tmp_path)
    env = environment(tmp_path, MERGED="0", KEEP="1", GIT_CONFIG_GLOBAL=os.devnull)
    merged = shell(SCRIPTS / "merge.sh", shards / "shards", tmp_path / "run", cwd=tmp_path, env=env)
    assert merged.returncode == 0, merged.stderr
    for night in (1, 2):
        manifest = tmp_path / "run" / "manifest.json"
        value = json.loads(manifest.read_text(encoding="utf-8"))
        manifest.write_text(json.dumps(value | {"started_at": f"2026-01-0{night}T02:00:00.000000+00:00"}), "utf-8")
        clone = tmp_path / f"night{night}"
        git("init", "-q", str(clone), cwd=tmp_path)
        git("remote", "add", "origin", str(tmp_path / "origin.git"), cwd=clone)
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        git(*who, "commit", "-q", "--allow-empty", "-m", "code", cwd=clone)
        assert shell(SCRIPTS / "gate.sh", "../run", "published", cwd=clone, env=env).returncode == 0
        done = shell(SCRIPTS / "history.sh", "published", "history", cwd=clone, env=env)
        assert done.returncode == 0, done.stderr
        done = shell(
            SCRIPTS / "publish.sh", "history", cwd=clone, env=env | {"PATH": nothing_of_ours(tmp_path, env["PATH"])}
        )
        assert done.returncode == 0, done.stderr
        done = shell(SCRIPTS / "site.sh", "_site", cwd=clone, env=env)
        assert done.returncode == 0, done.stderr
    branch = "trueweight-reports"
    assert git("rev-list", "--count", branch, cwd=tmp_path / "origin.git").strip() == "1"
    files = git("ls-tree", "-r", "--name-only", branch, cwd=tmp_path / "origin.git").split()
    assert [name for name in files if name.endswith("summary.json")] == [
        "2026-01-01-02-00-00Z/summary.json",
        "2026-01-02-02-00-00Z/summary.json",
    ]
    assert [name for name in files if name.endswith("report.html")] == ["2026-01-02-02-00-00Z/report.html"]
    assert len(list((tmp_path / "night2" / "_site" / "runs").glob("*/index.html"))) == 2


HARMLESS = {"2026-01-01-02-00-00Z/summary.json": "{}", "2026-01-01-02-00-00Z/report.html": "<p>"}


def artifact(folder: Path, repository: Path, kind: str) -> None:
    """A history as another job may leave it, with something in it that must not be pushed or run."""
    evil = f"#!/bin/sh\ntouch {folder.parent}/ran\n"
    run = folder / "2026-01-01-02-00-00Z"
    match kind:
        case "file .git":
            trap = folder.parent / "trap"
            git("init", "-q", str(trap), cwd=folder.parent)
            git("config", "core.fsmonitor", f"touch {folder.parent}/ran; false", cwd=trap)
            (folder / ".git").write_text(f"gitdir: {trap}/.git\n", "utf-8")
            (run / ".git").write_text(f"gitdir: {trap}/.git\n", "utf-8")
        case "folder .git":
            git("init", "-q", str(folder), cwd=folder)
            git("config", "core.fsmonitor", f"touch {folder.parent}/ran; false", cwd=folder)
            for hook in ("pre-commit", "post-commit", "pre-push", "post-index-change", "reference-transaction"):
                (folder / ".git" / "hooks" / hook).write_text(evil, "utf-8")
                (folder / ".git" / "hooks" / hook).chmod(0o755)
        case "hooks of the checkout":
            hooks = repository / ".git" / "hooks"
            hooks.mkdir(exist_ok=True)
            for hook in ("pre-commit", "post-commit", "pre-push", "post-index-change", "reference-transaction"):
                (hooks / hook).write_text(evil, "utf-8")
                (hooks / hook).chmod(0o755)
        case "workflow":
            (folder / ".github" / "workflows").mkdir(parents=True)
            (folder / ".github" / "workflows" / "x.yml").write_text("on: push\n", "utf-8")
            (run / "workflow.yml").write_text("on: push\n", "utf-8")
        case "attributes":
            git("config", "filter.x.clean", f"touch {folder.parent}/ran", cwd=repository)
            for place in (folder, run):
                (place / ".gitattributes").write_text("* filter=x export-subst\n", "utf-8")
        case "submodule":
            (folder / ".gitmodules").write_text('[submodule "a"]\npath = a\nurl = ext::sh -c touch% ran\n', "utf-8")
            git("init", "-q", str(folder / "a"), cwd=folder)
        case "links":
            (folder.parent / "secret").write_text("secret", "utf-8")
            (folder / "linked").symlink_to(folder.parent)
            other = folder / "other"
            other.mkdir()
            (other / "summary.json").symlink_to(folder.parent / "secret")
            (folder / "summary.json").symlink_to(folder.parent / "secret")
        case "pipes":
            (folder / "pipe").mkdir()
            os.mkfifo(folder / "pipe" / "summary.json")
            (folder / "folder" / "summary.json").mkdir(parents=True)
        case "names":
            for name in ("-x", "a b", "..x", ".hidden", "x" * 81, "a\tb", 'a"b', "a;touch ran;", "$(touch ran)"):
                (folder / name).mkdir()
                (folder / name / "summary.json").write_text("{}", "utf-8")


@pytest.mark.parametrize(
    "kind",
    [
        "file .git",
        "folder .git",
        "hooks of the checkout",
        "workflow",
        "attributes",
        "submodule",
        "links",
        "pipes",
        "names",
    ],
)
def test_of_a_hostile_artifact_only_reports_are_pushed(tmp_path: Path, kind: str) -> None:
    """The job's token can push: nothing of the artifact is run, and its two expected files of each run are pushed."""
    git("init", "-q", "--bare", "origin.git", cwd=tmp_path)
    clone, history = tmp_path / "clone", tmp_path / "clone" / "history"
    git("init", "-q", str(clone), cwd=tmp_path)
    git("remote", "add", "origin", str(tmp_path / "origin.git"), cwd=clone)
    for name, text in HARMLESS.items():
        (history / name).parent.mkdir(parents=True, exist_ok=True)
        (history / name).write_text(text, "utf-8")
    artifact(history, clone, kind)
    done = shell(SCRIPTS / "publish.sh", "history", cwd=clone, env=environment(tmp_path, GIT_CONFIG_GLOBAL=os.devnull))
    assert done.returncode == 0, done.stderr
    listed = git("ls-tree", "-r", "trueweight-reports", cwd=tmp_path / "origin.git").splitlines()
    assert sorted(line.split("\t")[1] for line in listed) == sorted(HARMLESS)
    assert all(line.startswith("100644 blob ") for line in listed)
    assert not list(tmp_path.rglob("ran"))


def test_a_linked_comment_is_refused(gh: dict[str, str], tmp_path: Path) -> None:
    """A link in the artifact could name a file of the runner, which must not be posted."""
    (tmp_path / "link.md").symlink_to("/proc/self/environ")
    done = shell(SCRIPTS / "comment.sh", "link.md", cwd=tmp_path, env=gh | {"PULL_REQUEST": "5"})
    assert done.returncode == 2
    assert not (tmp_path / "gh.log").exists()


GH = """#!/usr/bin/env bash
printf '%s\\n' "$*" >>"$GH_LOG"
case "$1 $2" in
  "issue list") printf '%s' "${GH_ISSUE:-}" ;;
  "run list") printf '7\\n8\\n' ;;
  "run download") [ "$3" = 8 ] && mkdir -p "$7" && touch "$7/manifest.json" ;;
esac
"""


@pytest.fixture
def gh(tmp_path: Path) -> dict[str, str]:
    """An environment in which ``gh`` writes down what it was asked."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gh").write_text(GH, encoding="utf-8")
    (tmp_path / "bin" / "gh").chmod(0o755)
    (tmp_path / "change.md").write_text("**Changed**\n", encoding="utf-8")
    env = environment(tmp_path, GH_LOG=str(tmp_path / "gh.log"), RUN_URL="https://ci.example/1", BRANCH="main")
    return env | {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{env['PATH']}"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"PULL_REQUEST": "5", "WORSE": "false"}, "pr comment 5 --edit-last"),
        ({"PULL_REQUEST": "", "WORSE": "true"}, "issue create"),
        ({"PULL_REQUEST": "", "WORSE": "true", "GH_ISSUE": "12"}, "issue comment 12"),
        ({"PULL_REQUEST": "", "WORSE": "false"}, ""),
    ],
)
def test_a_comment_goes_where_it_belongs(gh: dict[str, str], tmp_path: Path, more: dict[str, str], said: str) -> None:
    """The pull request, always; one issue, only if a nightly run got worse; otherwise nothing is said."""
    done = shell(SCRIPTS / "comment.sh", "change.md", cwd=tmp_path, env=gh | more)
    assert done.returncode == 0, done.stderr
    log = tmp_path / "gh.log"
    called = log.read_text(encoding="utf-8") if log.exists() else ""
    assert said in called
    assert bool(called) == bool(said)
    assert "https://ci.example/1" in (tmp_path / "body.md").read_text(encoding="utf-8")


def test_the_run_before_is_the_newest_that_still_has_its_record(gh: dict[str, str], tmp_path: Path) -> None:
    """Run 7's artifact is gone; run 8's is taken. With neither there is nothing, and that is no failure."""
    done = shell(SCRIPTS / "previous.sh", "before", cwd=tmp_path, env=gh)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "before" / "manifest.json").exists()
    done = shell(SCRIPTS / "previous.sh", "none", cwd=tmp_path, env=gh | {"GITHUB_RUN_ID": "8"})
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "none").exists()
