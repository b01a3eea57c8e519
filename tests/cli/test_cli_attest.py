"""``trueweight attest`` and ``verify``: what was changed afterwards is found, offline."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from command_line import Cli, Demo

from trueweight.store import RunDir
from trueweight.workflow.attest import attest, attestation_text, read_attestation, verify


@pytest.fixture(scope="module")
def text(demo: Demo) -> str:
    """The attestation of the demo's run."""
    with RunDir.open(demo.directory) as run:
        return attestation_text(attest(run))


def test_an_untouched_run_is_verified(demo: Demo, cli: Cli, tmp_path: Path) -> None:
    """From the command to the verdict, for one provider: its numbers, and the digest of each file of the record."""
    done = cli("attest", demo.directory, "--provider", "twin", "-o", "a.json")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert list(found["providers"]) == ["twin"]
    assert {"manifest.json", "cases.jsonl"} < {one["name"] for one in found["record"]}
    assert any("trueweight verify" in command for command in found["repeat"])
    verified = cli("verify", "a.json", demo.directory)
    assert verified.returncode == 0, verified.stdout
    assert "do not prove who made this file" in verified.stdout


@pytest.mark.parametrize("with_digest", [False, True])
def test_a_changed_number_is_found(demo: Demo, text: str, tmp_path: Path, with_digest: bool) -> None:
    """By the digest of the file; and, where that was computed again, by judging the record."""
    found = json.loads(text)
    found["providers"]["leaky-parser"]["metrics"]["success_rate"]["value"] = 0.5
    path = tmp_path / "a.json"
    path.write_text(json.dumps(found), encoding="utf-8")
    changed = read_attestation(path)
    if with_digest:
        from msgspec import structs

        from trueweight.workflow.attest import _digest

        changed = structs.replace(changed, digest=_digest(changed))
        with RunDir.open(demo.directory) as run:
            wrong = verify(changed, run)
        assert [one.text for one in wrong] == ["leaky-parser: success_rate is not the attested number"]
    else:
        assert [one.text for one in verify(changed, None)] == ["the attestation was changed: its digest does not match"]


def test_a_changed_record_is_found(demo: Demo, text: str, tmp_path: Path) -> None:
    """A byte of the cases, and a file that is gone."""
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    copy = tmp_path / "copy"
    shutil.copytree(demo.directory, copy)
    with (copy / "cases.jsonl").open("ab") as file:
        file.write(b"\n")
    (copy / "client.json").unlink()
    with RunDir.open(copy) as run:
        wrong = verify(read_attestation(path), run)
    assert {one.text for one in wrong} == {"cases.jsonl: the record was changed", "client.json: missing in the run"}
    assert not any(one.by_version for one in wrong)


def test_what_is_no_attestation_is_refused(cli: Cli, tmp_path: Path) -> None:
    """With a located error and exit code 2."""
    (tmp_path / "a.json").write_text("{}", encoding="utf-8")
    done = cli("verify", "a.json")
    assert done.returncode == 2
    assert "attest-file" in done.stderr
