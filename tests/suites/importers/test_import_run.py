"""Replies that K2VV recorded become a run that is judged like any other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trueweight.cli import main
from trueweight.store import RunDir
from trueweight.workflow.import_run import import_run
from trueweight.workflow.judge import judge_run

TOOL = {
    "type": "function",
    "function": {
        "name": "look",
        "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
    },
}


def row(index: int, arguments: str | None, **more: Any) -> dict[str, Any]:
    """A line of results.jsonl: a call with these arguments, or words."""
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": arguments}}
    message = {"role": "assistant", "content": "", "tool_calls": [call] if arguments is not None else None}
    reason = "stop" if arguments is None else "tool_calls"
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return {
        "data_index": index,
        "request": {
            "model": "k2",
            "messages": [{"role": "user", "content": f"q{index}"}],
            "tools": [TOOL],
            "stream": True,
        },
        "response": {"id": "r", "object": "chat.completion", "created": 1, "model": "k2", "choices": [choice]},
        "status": "success",
        "finish_reason": reason,
        "duration_ms": 1500,
        "last_run_at": "2025-11-01T10:00:00",
        "hash": str(index),
        **more,
    }


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A reference that is right three times, and a vendor that is right once and failed once."""
    good = [row(1, '{"n": 1}'), row(2, '{"n": 2}'), row(3, None)]
    bad = [row(1, '{"n": "1"}'), row(2, '{"n": 2}'), row(3, None, status="failed", response={"error": "503"})]
    for name, rows in (("official", good), ("vendor", bad)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    return tmp_path / "official.jsonl", tmp_path / "vendor.jsonl"


def test_recorded_replies_are_judged(files: tuple[Path, Path], tmp_path: Path) -> None:
    """An invalid call is found, a failure is one of transport, times are kept, and cases are paired by request."""
    imported = import_run("k2vv", files, tmp_path / "run", reference="official")
    assert (imported.exchanges, imported.providers, imported.malformed) == (6, ("official", "vendor"), ())
    with RunDir.open(tmp_path / "run") as run:
        seen = {(one.provider, one.case): one for one in judge_run(run).observations}
    assert len(seen) == 6
    assert seen["official", "k2vv/line-0001"].calls_valid is True
    assert seen["vendor", "k2vv/line-0001"].calls_valid is False
    assert seen["vendor", "k2vv/line-0003"].ok is False
    assert seen["vendor", "k2vv/line-0002"].started_at == "2025-11-01T09:59:58.500000+00:00"


def test_a_file_without_replies_makes_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A report about nobody, with exit code 0, would read as a success."""
    (tmp_path / "vendor.jsonl").write_text("\n")
    with pytest.raises(SystemExit) as ended:
        main(["import-run", "k2vv", str(tmp_path / "vendor.jsonl"), "--out", str(tmp_path / "run")])
    assert (ended.value.code, (tmp_path / "run").exists()) == (2, False)
    assert "no reply is recorded there" in capsys.readouterr().err


def test_the_command_makes_a_report_and_lists_what_it_could_not_read(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 when a line was lost, with its number; the others are in the run."""
    other = row(1, '{"n": 1}')
    other["request"]["messages"][0]["content"] = "another question under the same number"
    with files[1].open("a", encoding="utf-8") as file:
        file.write("{\n" + json.dumps({"data_index": 9}) + "\n" + json.dumps(other) + "\n")
    with pytest.raises(SystemExit) as ended:
        main(["import-run", "k2vv", *map(str, files), "--out", str(tmp_path / "run"), "--reference", "official"])
    out, err = capsys.readouterr()
    assert ended.value.code == 2
    assert [line.split(":")[1] for line in err.splitlines() if "vendor.jsonl" in line] == ["4", "5", "6"]
    assert "6 replies of official, vendor; 3 lines not imported" in out
    assert (tmp_path / "run" / "report.html").exists()
    with pytest.raises(SystemExit) as ended:
        main(["import-run", "k2vv", str(files[0]), "--out", str(tmp_path / "two"), "--reference", "oficial"])
    assert ended.value.code == 2
    assert "Did you mean 'official'?" in capsys.readouterr().err
