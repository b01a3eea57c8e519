"""The run directory: nothing complete is lost, nothing is written twice at once, nothing outside is touched."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from records import record_bytes
from trueweight.core import Case, ConfigError, Exchange, FailureKind, InfrastructureError, Mode, Provider, Trial
from trueweight.store import (
    Manifest,
    RunDir,
    encode_exchange,
    explain_change,
    merging,
    pending,
    replace_plain,
    write_named,
)

Make = Callable[..., Exchange]


@pytest.fixture
def root(tmp_path: Path, manifest: Manifest, cases: list[Case]) -> Path:
    path = tmp_path / "run"
    RunDir.create(path, manifest, cases).close()
    return path


def test_what_was_created_is_opened(root: Path, manifest: Manifest, cases: list[Case]) -> None:
    """Manifest and cases come back equal, lone surrogates included."""
    with RunDir.open(root) as run:
        assert run.manifest == manifest
        assert list(run.cases().values()) == cases


def test_the_last_record_of_a_trial_wins_and_file_order_stays(root: Path, exchange: Make) -> None:
    """A trial that was sent again counts once, by its last line."""
    with RunDir.open(root, write=True) as run:
        for trial, body in (("t1", b"1"), ("t2", b"2"), ("t1", b"3")):
            run.append(exchange(trial, body))
        during = [(e.trial, e.final.body) for e in run.exchanges()]
    with RunDir.open(root) as run:
        assert [(e.trial, e.final.body) for e in run.exchanges()] == during == [("t2", b"2"), ("t1", b"3")]
        assert run.read("t1").final.body == b"3"
        assert run.recorded() == {"t1", "t2"}
        with pytest.raises(ConfigError, match="no trial 't9'"):
            run.read("t9")


def test_the_digest_of_the_record_is_the_same_before_and_after_it_is_closed(root: Path, exchange: Make) -> None:
    """What a run judged before it ended is found again by the commands after it; one more line has another digest."""
    with RunDir.open(root, write=True) as run:
        empty = run.record_digest()
        run.append(exchange("t1"))
        during = run.record_digest()
    with RunDir.open(root) as run:
        assert [exchange.trial for exchange in run.exchanges()] == ["t1"]
        assert run.record_digest() == during != empty
    with RunDir.open(root, write=True) as run:
        assert run.record_digest() == during
        run.append(exchange("t2"))
        assert run.record_digest() != during


def test_every_cut_of_the_file_keeps_all_complete_records(root: Path, exchange: Make) -> None:
    """Torn at any byte: whole lines are read, the rest is ignored, and a resume writes on after the last whole line."""
    lines = [encode_exchange(exchange(f"t{n}", "\u00e9\u2028".encode())) + b"\n" for n in range(2)]
    whole = b"".join(lines)
    path = root / "exchanges.jsonl"
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        complete = {f"t{n}" for n in range(whole[:cut].count(b"\n"))}
        with RunDir.open(root) as run:
            assert run.recorded() == complete
        assert path.read_bytes() == whole[:cut]  # reading repairs nothing
        if cut % 50 in (0, 1):
            with RunDir.open(root, write=True) as run:
                run.append(exchange("new"))
            with RunDir.open(root) as run:
                assert [e.trial for e in run.exchanges()] == [*sorted(complete), "new"]


def test_garbage_in_the_middle_is_an_error_with_its_line(root: Path, exchange: Make) -> None:
    """Only the end can be torn; damage elsewhere is an error, which costs the other lines nothing."""
    line = encode_exchange(exchange("t"))
    (root / "exchanges.jsonl").write_bytes(line + b"\nnonsense\n" + line + b"\n")
    with RunDir.open(root) as run:
        assert [one.where for one in run.damaged] == [f"{root / 'exchanges.jsonl'}:2"]
        assert run.damaged_lines == (2,)
        assert [one.trial for one in run.exchanges()] == ["t"]


def test_a_field_of_a_wrong_type_is_an_error_with_line_and_field(root: Path, exchange: Make) -> None:
    """The index does not look into a line; reading it does, and the other lines are still read."""
    lines = [encode_exchange(exchange(f"t{n}")) for n in range(3)]
    lines[1] = lines[1].replace(b'"status":200', b'"status":"200"')
    (root / "exchanges.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    with RunDir.open(root) as run:
        with pytest.raises(InfrastructureError):
            run.read("t1")
        assert [one.trial for one in run.exchanges()] == ["t0", "t2"]
        (damage,) = run.damaged
        assert (damage.code, damage.where) == ("run-corrupt", f"{root / 'exchanges.jsonl'}:2")
        assert "at $.attempts[0].status: Expected int | null, got str" in damage.message
        assert run.recorded() == {"t0", "t2"}


def test_an_attempt_with_neither_status_nor_failure_is_damage(root: Path, exchange: Make) -> None:
    """There is nothing to read of it, so it is not judged as a reply; the others are."""
    lines = [encode_exchange(exchange(f"t{n}")) for n in range(2)]
    lines[0] = lines[0].replace(b'"status":200', b'"status":null')
    (root / "exchanges.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    with RunDir.open(root) as run:
        assert [one.trial for one in run.exchanges()] == ["t1"]
        assert "$.attempts[0]: neither a status nor a failure" in run.damaged[0].message


WRONG = (None, True, -1, 10**30, 1.5, "x", "\ud800", [], {}, [[]], [{}], [["a"]], [[1, "a"]])


def test_no_value_of_any_field_is_a_traceback(root: Path, exchange: Make) -> None:
    """A field of a wrong type, or beyond what a reader can use, is one damaged line. The others are read."""
    good = json.loads(encode_exchange(exchange("t1")))
    lines: list[object] = []
    for value in WRONG:
        for place in ([], ["request"], ["attempts", 0], ["attempts", 0, "failure"]):
            for name in (_at(good, place) or {}).keys() - {"v"}:  # a number there is another version
                spoiled = json.loads(json.dumps(good))
                _at(spoiled, place)[name] = value
                lines.append(spoiled)
    (root / "exchanges.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [*lines, good | {"trial": "t2"}]))
    try:
        run = RunDir.open(root)
    except InfrastructureError as error:
        pytest.fail(str(error))
    with run:
        assert "t2" in [one.trial for one in run.exchanges()]
        assert len(run.damaged) > len(lines) / 3
        assert all(one.code == "run-corrupt" for one in run.damaged)


def _at(value: Any, place: Sequence[str | int]) -> Any:
    for step in place:
        value = value[step]
    return value


def test_a_line_that_others_formatted_is_indexed_too(root: Path, exchange: Make) -> None:
    """The index does not depend on the order of keys that our own encoder writes."""
    value = json.loads(encode_exchange(exchange("t", kind=FailureKind.RESET)))
    (root / "exchanges.jsonl").write_text(json.dumps(value, sort_keys=True) + "\n")
    with RunDir.open(root) as run:
        assert (run.recorded(), run.failed()) == ({"t"}, {"t"})


def test_recorded_failed_and_pending(root: Path, exchange: Make) -> None:
    """A trial that our own stopping cut is sent again; a failure only on request; a 4xx answer never."""
    trials = [Trial(f"t{n}", Case("s", "a", {}), Provider("ref", "u", "m"), 0, Mode.PLAIN) for n in range(5)]
    kinds = [None, FailureKind.INTERRUPTED, FailureKind.RESET, FailureKind.CLIENT_ERROR]
    with RunDir.open(root, write=True) as run:
        for trial, kind in zip(trials, kinds, strict=False):
            run.append(exchange(trial.id, kind=kind))
        assert [t.id for t in pending(trials, run)] == ["t1", "t4"]
        assert [t.id for t in pending(trials, run, retry_errors=True)] == ["t1", "t2", "t4"]


def test_a_response_that_is_to_be_continued_is_asked_for_again(root: Path, exchange: Make) -> None:
    """Its server may have forgotten it since; where nothing is left to continue, nothing is sent again."""
    first = Case("s", "first", {"messages": []}, api="responses")
    then = Case("s", "then", {"messages": []}, api="responses", follows="first")
    trials = [Trial.of(one, Provider("p", "http://h", "m"), 0, Mode.PLAIN) for one in (first, then)]
    with RunDir.open(root, write=True) as run:
        run.append(exchange(trials[0].id))
        assert pending(trials, run) == tuple(trials)
        run.append(exchange(trials[1].id))
        assert pending(trials, run) == ()


@pytest.mark.parametrize("wrong", ["a status that is a text", "another provider", "another case", "another id"])
def test_a_trial_whose_line_is_wrong_is_pending(root: Path, exchange: Make, wrong: str) -> None:
    """Its line is damaged until the trial is on record again."""
    trial = Trial("t", Case("s", "a", {}), Provider("ref", "u", "m"), 0, Mode.PLAIN)
    good = encode_exchange(exchange("t"))
    line = {
        "a status that is a text": good.replace(b'"status":200', b'"status":"200"'),
        "another provider": good.replace(b'"provider":"ref"', b'"provider":"q"'),
        "another case": good.replace(b'"case":"a"', b'"case":"b"'),
        "another id": good.replace(b'"repeat":', b'"trial":"u","repeat":'),
    }[wrong]
    assert line != good
    (root / "exchanges.jsonl").write_bytes(line + b"\n")
    with RunDir.open(root, write=True) as run:
        assert run.recorded() == {"t"}
        assert pending([trial], run) == (trial,)
        assert [one.where for one in run.damaged] == [f"{root / 'exchanges.jsonl'}:1"]
        run.append(exchange("t"))
        assert pending([trial], run) == ()
        assert run.damaged == ()
    with RunDir.open(root) as run:
        assert [one.trial for one in run.exchanges()] == ["t"]
        assert run.damaged == ()


_HOLDER = """
import sys, time
from pathlib import Path
from typing import Any
from trueweight.store import RunDir
run = RunDir.open(Path(sys.argv[1]), write=True)
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_process_is_refused_and_kill_9_releases(root: Path) -> None:
    """The error names the holder's pid; readers are let in; a killed holder leaves nothing stale."""
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER, str(root)], stdout=subprocess.PIPE, text=True)
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ConfigError, match=f"process {holder.pid} on") as caught:
            RunDir.open(root, write=True)
        assert caught.value.code == "run-locked"
        RunDir.open(root).close()
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    RunDir.open(root, write=True).close()


def test_a_run_is_not_overwritten_unless_fresh(root: Path, manifest: Manifest, exchange: Make) -> None:
    """create refuses a run that is there; fresh throws it away, and while another writes it, neither may."""
    with RunDir.open(root, write=True) as run:
        run.append(exchange("t"))
        with pytest.raises(ConfigError, match="being written"):
            RunDir.create(root, manifest, [], fresh=True)
    with pytest.raises(ConfigError, match="already"):
        RunDir.create(root, manifest, [])
    with RunDir.create(root, manifest, [], fresh=True) as run:
        assert run.recorded() == set()


def test_a_full_disk_is_told_and_leaves_whole_lines(
    root: Path, exchange: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ENOSPC after half a line: the error says so, and the file ends with the last complete record."""
    run = RunDir.open(root, write=True)
    run.append(exchange("t1"))
    before = record_bytes(root)
    real = os.write

    def full(descriptor: int, data: memoryview) -> int:
        if len(data) > 100:
            return real(descriptor, data[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", lambda fd, data: full(fd, data[:150]) if len(data) > 150 else full(fd, data[:50]))
    with pytest.raises(InfrastructureError, match="No space left"):
        run.append(exchange("t2"))
    monkeypatch.setattr(os, "write", real)
    assert record_bytes(root) == before
    run.append(exchange("t3"))
    assert run.recorded() == {"t1", "t3"}
    run.close()


@pytest.mark.parametrize("name", ["manifest.json", "cases.jsonl", "exchanges.jsonl.zst"])
def test_a_file_that_is_a_link_is_refused(root: Path, tmp_path: Path, name: str) -> None:
    """A crafted run directory cannot make us read, or write, a file elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    (root / name).rename(elsewhere)
    (root / name).symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    with pytest.raises(ConfigError, match="not a regular file"), RunDir.open(root, write=True) as run:
        run.cases()
    assert elsewhere.read_bytes() == before


def test_a_pipe_does_not_hang_us(root: Path) -> None:
    """A FIFO in place of a recorded file is refused at once."""
    (root / "exchanges.jsonl.zst").unlink()
    os.mkfifo(root / "exchanges.jsonl.zst")
    with pytest.raises(ConfigError, match="not a regular file"):
        RunDir.open(root)


@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/x", "a/b", "", "..", ".hidden", "exchanges.jsonl", "exchanges.jsonl.zst", "run.lock", "a\0b"],
)
def test_only_derived_files_directly_inside_are_written(root: Path, name: str) -> None:
    """Nothing outside the directory is written, and the recording is never rewritten."""
    with RunDir.open(root) as run, pytest.raises(ConfigError):
        run.write_text(name, "x")


def test_write_text_replaces_a_link_and_not_its_target(root: Path, tmp_path: Path) -> None:
    """report.html may be a planted link: what it points to stays as it was, and no temporary file stays behind."""
    target = tmp_path / "target"
    target.write_text("mine")
    (root / "report.html").symlink_to(target)
    with RunDir.open(root) as run:
        run.write_text("report.html", "ours")
        assert run.read_text("report.html") == "ours"
    assert target.read_text() == "mine"
    assert not [path for path in root.iterdir() if path.name.startswith(".")]


def test_reading_only_does_not_write(root: Path, exchange: Make, manifest: Manifest) -> None:
    """A reader cannot append or amend by mistake."""
    with RunDir.open(root) as run:
        with pytest.raises(InfrastructureError, match="reading only"):
            run.append(exchange("t"))
        with pytest.raises(InfrastructureError, match="reading only"):
            run.amend(manifest, [])


def test_what_is_no_run_is_said(tmp_path: Path, root: Path) -> None:
    """Missing directory, a file, missing manifest, unknown version, broken manifest: each its own clear error."""
    with pytest.raises(ConfigError, match="no such directory"):
        RunDir.open(tmp_path / "absent")
    (tmp_path / "report.html").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="it is a file, not a directory"):
        RunDir.open(tmp_path / "report.html")
    with pytest.raises(ConfigError, match="cannot read"):
        RunDir.open(tmp_path)
    good = json.loads((root / "manifest.json").read_text())
    for spoil, code in (({"format": "trueweight.manifest/9"}, "run-version"), ({"seed": "x"}, "run-corrupt")):
        (root / "manifest.json").write_text(json.dumps(good | spoil))
        with pytest.raises(InfrastructureError) as caught:
            RunDir.open(root)
        assert caught.value.code == code


def test_amending_changes_what_the_run_is(root: Path, manifest: Manifest, cases: list[Case]) -> None:
    """A resume with more repeats says so in the manifest, and the exchanges stay."""
    with RunDir.open(root, write=True) as run:
        run.amend(structs.replace(manifest, repeats=5), cases[:1])
    with RunDir.open(root) as run:
        assert (run.manifest.repeats, list(run.cases())) == (5, ["s/a"])


def test_changes_are_said_plainly(manifest: Manifest) -> None:
    """Nothing changed says nothing; each change names what it is and what is sent again."""
    assert explain_change(manifest, manifest) == ()
    ref, cand = manifest.providers
    new = structs.replace(
        manifest,
        seed=8,
        suites=(structs.replace(manifest.suites[0], digest="1" * 64),),
        providers=(
            replace(ref, model="other"),
            replace(cand, timeout=5.0, api=("chat", "x")),
            replace(cand, name="more"),
        ),
    )
    text = "\n".join(explain_change(manifest, new))
    for words in (
        "seed was 7 and is 8",
        "Suite 's' changed",
        "'ref': model changed",
        "timeout was 120.0",
        "api was chat and is chat, x",
        "'more' is new",
    ):
        assert words in text
    assert "'cand' was removed" in "\n".join(explain_change(manifest, structs.replace(manifest, providers=(ref,))))


def test_a_merge_that_ends_early_leaves_nothing(tmp_path: Path, exchange: Make) -> None:
    """A run that is being merged has its name only when it is whole; what a killed merge left is replaced."""
    manifest = Manifest("0", 0, 1, 1, (), (), "2026-01-02T03:04:05+00:00")
    out = tmp_path / "out"
    for error in (OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()):
        with pytest.raises((InfrastructureError, KeyboardInterrupt)), merging(out) as aside:
            with RunDir.create(aside, manifest, []) as run:
                run.append(exchange("t"))
            raise error
        assert not out.exists()
    RunDir.create(tmp_path / ".out.merging", manifest, []).close()  # as `kill -9` leaves it
    with merging(out) as aside:
        RunDir.create(aside, manifest, []).close()
    with RunDir.open(out) as run:
        assert run.manifest == manifest
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    with pytest.raises(ConfigError) as caught, merging(out):
        pass
    assert caught.value.code == "run-exists"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_or_a_device_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    """As root, a file that replaces ``/dev/null`` breaks the machine. What a user names is written to where it is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ConfigError, match="not a regular file"):
        replace_plain(pipe, b"text")
    assert pipe.is_fifo()
    assert [one.name for one in tmp_path.iterdir()] == ["pipe"]
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_named(pipe, "text")
        assert os.read(reader, 10) == b"text"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
