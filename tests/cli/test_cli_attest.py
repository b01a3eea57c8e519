"""``trueweight attest`` and ``verify``: what was changed afterwards is found, offline."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from command_line import Cli, Demo

from trueweight.store import RunDir
from trueweight.workflow.attest import attest, attestation_text, read_attestation, verify


@pytest.fixture(scope="module")
def text(first_cases: Demo) -> str:
    """The attestation of the demo's run."""
    with pytest.MonkeyPatch.context() as patch, RunDir.open(first_cases.directory) as run:
        patch.setenv("TRUEWEIGHT_CACHE", str(first_cases.cache))
        return attestation_text(attest(run))


@pytest.mark.usefixtures("kept_judgements")
def test_an_untouched_run_is_verified(first_cases: Demo, cli: Cli, tmp_path: Path) -> None:
    """From the command to the verdict, for one provider: its numbers, and the digest of each file of the record."""
    done = cli("attest", first_cases.directory, "--provider", "twin", "-o", "a.json")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert list(found["providers"]) == ["twin"]
    assert {"manifest.json", "cases.jsonl"} < {one["name"] for one in found["record"]}
    assert any("trueweight verify" in command for command in found["repeat"])
    verified = cli("verify", "a.json", first_cases.directory)
    assert verified.returncode == 0, verified.stdout
    assert "do not prove who made this file" in verified.stdout


@pytest.mark.usefixtures("kept_judgements")
@pytest.mark.parametrize("with_digest", [False, True])
def test_a_changed_number_is_found(first_cases: Demo, text: str, tmp_path: Path, with_digest: bool) -> None:
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
        with RunDir.open(first_cases.directory) as run:
            wrong = verify(changed, run)
        assert [one.text for one in wrong] == ["leaky-parser: success_rate is not the attested number"]
    else:
        assert [one.text for one in verify(changed, None)] == ["the attestation was changed: its digest does not match"]


@pytest.mark.usefixtures("kept_judgements")
def test_a_changed_record_is_found(first_cases: Demo, text: str, tmp_path: Path) -> None:
    """A byte of the cases, and a file that is gone."""
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    copy = tmp_path / "copy"
    shutil.copytree(first_cases.directory, copy)
    with (copy / "cases.jsonl").open("ab") as file:
        file.write(b"\n")
    (copy / "client.json").unlink()
    with RunDir.open(copy) as run:
        wrong = verify(read_attestation(path), run)
    assert {one.text for one in wrong} == {"cases.jsonl: the record was changed", "client.json: missing in the run"}
    assert not any(one.by_version for one in wrong)
    with (copy / "manifest.json").open("ab") as file:
        file.write(b"\n")
    with RunDir.open(copy) as run:
        assert "may be another run" in verify(read_attestation(path), run)[0].text


def test_what_is_no_attestation_is_refused(cli: Cli, tmp_path: Path) -> None:
    """With a located error and exit code 2."""
    (tmp_path / "a.json").write_text("{}", encoding="utf-8")
    done = cli("verify", "a.json")
    assert done.returncode == 2
    assert "attest-file" in done.stderr


@pytest.mark.usefixtures("kept_judgements")
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes")
def test_a_hostile_attestation_is_one_error(cli: Cli, first_cases: Demo, tmp_path: Path, text: str) -> None:
    """Wrong types, deep nesting, a size beyond the limit, a pipe, a folder, bytes: exit 2, located, no traceback."""
    found = json.loads(text)
    files = {
        "type": json.dumps({**found, "providers": [1]}),
        "deep": '{"suites":' + "[" * 200_000,
        "format": json.dumps({**found, "format": "\x1b[31m" + "x" * 5000}),
        "path": json.dumps({**found, "record": [{"name": "../../etc/passwd", "bytes": -1, "sha256": ""}] * 500}),
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(2**40)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes").write_bytes(b"\xff\x00" * 99)
    for name in ("type", "deep", "format", "huge", "pipe", "folder", "bytes"):
        done = cli("verify", name, first_cases.directory)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), (name, done.stderr)
        assert name in done.stderr and len(done.stderr) < 1500, name
        assert "\x1b" not in done.stderr
    done = cli("verify", "path", first_cases.directory)
    assert (done.returncode, len(done.stdout) < 20_000) == (1, True)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes")
@pytest.mark.parametrize("name", ["client.json", "probe.jsonl", "exchanges.jsonl"])
def test_a_file_of_a_run_that_is_no_file_is_not_hashed(
    cli: Cli, first_cases: Demo, tmp_path: Path, text: str, name: str
) -> None:
    """A link to a device that never ends, and a pipe."""
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    shutil.copytree(first_cases.directory, tmp_path / "run")
    place = tmp_path / "run" / name
    place.unlink(missing_ok=True)
    for make in (lambda: place.symlink_to("/dev/zero"), lambda: os.mkfifo(place)):
        make()
        for words in (("verify", "a.json", "run"), ("attest", "run", "-o", "b.json")):
            done = cli(*words)
            assert done.returncode == 2, done.stderr
            assert f"{name}" in done.stderr
        place.unlink()
