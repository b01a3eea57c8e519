"""Standard output in any encoding, into a pipe that closes, closed, or on a full disk: no traceback, the right exit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import trueweight
from trueweight.cli._streams import encodable

WORDS = [sys.executable, "-m", "trueweight", "checks"]


def run(words: list[str], **how: object) -> subprocess.CompletedProcess[bytes]:
    """A process with output as bytes."""
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONIOENCODING", "PYTHONUTF8")}
    environ |= {"PYTHONCOERCECLOCALE": "0", **how.pop("env", {})}  # type: ignore[dict-item]
    return subprocess.run(words, capture_output=True, env=environ, timeout=120, check=False, **how)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize(
    "encoding",
    [
        "cp1252",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("cp437", "ascii", "latin-1", "utf-16", "utf-8")),
    ],
)
def test_each_encoding_can_be_written(encoding: str) -> None:
    """What it lacks becomes a plain character or an escape; what it has stays."""
    done = run(WORDS, env={"PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (0, b"")
    assert "tool-call-expected" in done.stdout.decode(encoding if encoding != "ascii" else "utf-8")


def test_characters_of_ours_have_a_plain_form() -> None:
    """A mark stays a mark."""
    assert encodable("✓ no fault, ≤ 5 % – “x” …", "ascii") == '+ no fault, <= 5 % - "x" ...'
    assert encodable("✓ – “x”", "cp1252") == "+ – “x”"
    assert encodable("日本\ud800", "cp1252") == "\\u65e5\\u672c\\ud800"
    assert encodable("日本", "utf-8") == "日本"


def test_each_mark_of_the_report_and_the_commands_has_a_plain_form() -> None:
    """No symbol that the source of the report or of a command contains is written as an escape."""
    source = Path(trueweight.__file__).parent
    texts = [path.read_text("utf-8") for part in ("report", "cli") for path in (source / part).rglob("*.py")]
    marks = {one for one in "".join(texts) if 0x2000 <= ord(one) < 0x2C00}
    assert len(marks) > 20
    assert [one for one in sorted(marks) if "\\u" in encodable(one, "ascii")] == []


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the shell of POSIX")
@pytest.mark.parametrize(
    ("shell", "code"),
    [
        ("{} | head -n 1 > /dev/null; exit ${{PIPESTATUS[0]}}", 0),
        ("{} | true; exit ${{PIPESTATUS[0]}}", 0),
        ("{} >&-", 0),
        ("{} 2>&-", 0),
        ("{} >&- 2>&- <&-", 0),
    ],
)
def test_a_reader_that_has_gone_changes_no_exit_code(shell: str, code: int) -> None:
    """A gate's exit code must not depend on who reads its table."""
    command = f"{sys.executable} -m trueweight checks"
    done = run(["bash", "-c", shell.format(command)])
    assert (done.returncode, done.stderr) == (code, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_named() -> None:
    """It is this machine's failure: exit 3."""
    done = run(["bash", "-c", f"{sys.executable} -m trueweight checks > /dev/full"])
    assert done.returncode == 3
    assert b"error[output-disk]: cannot write to standard output: No space left" in done.stderr
    assert b"Traceback" not in done.stderr
