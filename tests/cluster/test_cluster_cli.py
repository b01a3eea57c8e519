"""``--engine ray`` and ``--shards`` without a cluster: what is refused, in words and before a request."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from in_process import trueweight

PROVIDERS = '[[provider]]\nname = "p"\nbase_url = "http://127.0.0.1:1/v1"\nmodel = "m"\n'


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--shards", "s3://b/r"), "shards-alone"),
        (("--engine", "ray", "--shards", "ftp://me:secret@host/r"), "shards-password"),
        (("--engine", "ray", "--shard", "1/2"), "engine-shard"),
        (("--engine", "ray", "--drift"), "engine-drift"),
    ],
)
def test_options_that_exclude_each_other(options: tuple[str, ...], code: str, tmp_path: Path) -> None:
    """Exit 2, the reason and what would be valid; nothing is written."""
    (tmp_path / "providers.toml").write_text(PROVIDERS)
    command = ("run", "--providers", "providers.toml", "--suite", "text", "--no-probe", "--out", "out")
    done = trueweight(*command, *options, cwd=tmp_path)
    assert done.returncode == 2
    assert f"error[{code}]" in done.stderr
    assert "secret" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("missing", ["ray", "fsspec"])
def test_without_the_extra_one_sentence_says_what_to_install(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster and a URL both need it."""
    for name in [name for name in sys.modules if name.startswith("trueweight.cluster.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    (tmp_path / "providers.toml").write_text(PROVIDERS)
    if missing == "ray":
        where, command = "--engine ray", ["run", "--providers", "providers.toml", "--suite", "text", "--no-probe"]
        command += ["--engine", "ray"]
    else:
        where, command = "s3://bucket/run", ["merge", "s3://bucket/run"]
    done = trueweight(*command, "--out", "out", cwd=tmp_path)
    assert done.returncode == 2
    assert f"error[extra-missing]: {where}: a package is not installed: {missing}" in done.stderr
    assert "pip install 'trueweight[ray]'" in done.stderr


@pytest.mark.parametrize("command", [("run",), ("load", "--rate", "5", "--requests", "10")])
def test_the_driver_needs_no_key_unless_it_probes(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workers have the keys. The storage, which comes after the providers, is what is refused here."""
    monkeypatch.delenv("KEY_OF_THE_NODES", raising=False)
    (tmp_path / "providers.toml").write_text(PROVIDERS + 'api_key_env = "KEY_OF_THE_NODES"\n')
    command = (*command, "--providers", "providers.toml", "--suite", "text", "--engine", "ray", "--out", "out")
    command = (*command, "--shards", "ftp://me:secret@host/r")
    for options, code in ((("--no-probe",), "shards-password"), ((), "config-key-missing")):
        done = trueweight(*command, *options, cwd=tmp_path)
        assert done.returncode == 2
        assert f"error[{code}]" in done.stderr


def test_a_url_without_a_run_is_refused(tmp_path: Path) -> None:
    """And nothing is left beside the new directory."""
    done = trueweight("merge", "memory://nowhere/run", "--out", "out", cwd=tmp_path)
    assert done.returncode == 2
    assert "error[run-missing]: memory://nowhere/run: no run is there" in done.stderr
    assert list(tmp_path.iterdir()) == []
