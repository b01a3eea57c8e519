"""Replies that K2VV recorded become a run that is judged like any other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trueweight.cli import main
from trueweight.core import ConfigError
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
    message: dict[str, Any] = {"role": "assistant", "content": "No.", "tool_calls": None}
    if arguments is not None:
        message |= {"content": "", "tool_calls": [call]}
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


def write(path: Path, *rows: Any) -> Path:
    """A file of these rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    return path


def asked(index: int, arguments: str | None, drop: str = "", **settings: Any) -> dict[str, Any]:
    """A row whose request has these settings."""
    made = row(index, arguments)
    made["request"] |= settings
    made["request"].pop(drop, None)
    return made


def test_what_differs_is_the_providers_extra_body(tmp_path: Path) -> None:
    """A router's field, another temperature, none at all, and a raw prompt are still replies to the same requests."""
    call = '{"n": 1}'
    raw = asked(1, call, "messages", prompt="<|user|>q1", temperature=0.6)
    raw["request"].pop("tools")
    mixed = asked(1, call, temperature=0.6, top_k=1, user="u-9"), asked(2, call, temperature=2)
    beside = {**asked(1, call, temperature=0.6), "extra_body": {"top_k": 7, "metadata": {"t": 1}}}
    files = [
        write(tmp_path / "a.jsonl", asked(1, call, temperature=0.6), asked(2, call, temperature=0.6)),
        write(tmp_path / "b.jsonl", *(asked(n, call, temperature=0.6, provider={"order": ["x"]}) for n in (1, 2))),
        write(tmp_path / "c.jsonl", asked(1, call, temperature=1), asked(2, call, temperature=1)),
        write(tmp_path / "d.jsonl", asked(1, call), asked(2, call)),
        write(tmp_path / "e.jsonl", raw, asked(2, call, "messages", prompt="p")),
        write(tmp_path / "f.jsonl", *mixed),
        write(tmp_path / "g.jsonl", beside),
    ]
    imported = import_run("k2vv", files, tmp_path / "run")
    assert (imported.malformed, imported.exchanges) == ((), 13)
    assert [file.lines for file in imported.files] == [2, 2, 2, 2, 2, 2, 1]
    with RunDir.open(tmp_path / "run") as run:
        made = {one.name: (dict(one.extra_body), one.changes.drop) for one in run.manifest.providers}
        observations = list(judge_run(run).observations)
    assert made == {
        "a": ({}, ()), "b": ({"provider": {"order": ["x"]}}, ()), "c": ({"temperature": 1}, ()),
        "d": ({}, ("temperature",)), "e": ({}, ()), "f": ({}, ()), "g": ({"top_k": 7}, ()),
    }  # fmt: skip
    assert [file.varying for file in imported.files][4:6] == [("temperature",), ("temperature", "top_k")]
    assert all(one.calls_valid for one in observations)
    text = "".join(file.read_text() for file in (tmp_path / "run").iterdir() if file.suffix in (".json", ".jsonl"))
    assert "u-9" not in text and "metadata" not in text


def test_lines_add_up(tmp_path: Path) -> None:
    """Each is a reply, replaced by a later one, or malformed; a raw prompt alone has no case."""
    only_prompt = asked(7, None, "messages", prompt="p")
    other = asked(1, None, messages=[{"role": "user", "content": "another"}])
    path = write(tmp_path / "a.jsonl", row(1, None), row(2, None), row(1, None), other, only_prompt, {"data_index": 3})
    (file,) = import_run("k2vv", [path], tmp_path / "run").files
    assert [line.line for line in file.malformed] == [4, 5, 6]
    assert (file.lines, file.replies, file.replaced) == (6, 2, 1)


def test_two_tools_of_one_name_accept_what_either_accepts(tmp_path: Path) -> None:
    """As that verifier counts; the last declaration alone would call valid replies invalid."""
    other = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "required": ["r"]}}}
    import_run("k2vv", [write(tmp_path / "a.jsonl", asked(1, '{"n": 1}', tools=[TOOL, other]))], tmp_path / "run")
    with RunDir.open(tmp_path / "run") as run:
        assert [one.calls_valid for one in judge_run(run).observations] == [True]


def test_minimax_results_are_a_run(tmp_path: Path) -> None:
    """Their expectation is a check, and files in loop folders are repeats; other files of one name clash."""
    made = [row(1, '{"n": 1}', expected_tool_call=True), row(2, None, expected_tool_call=True), row(3, None)]
    loops = [write(tmp_path / "out" / f"loop_0{n}" / "host" / "host_results.jsonl", *made) for n in (1, 2)]
    imported = import_run("minimax", loops, tmp_path / "run")
    assert (imported.exchanges, imported.providers) == (6, ("host_results",))
    with RunDir.open(tmp_path / "run") as run:
        judged = judge_run(run)
    assert {one.repeat for one in judged.observations} == {0, 1}
    assert {one.case: (one.expects_call, one.called) for one in judged.observations} == {
        "minimax/line-0001": (True, True), "minimax/line-0002": (True, False), "minimax/line-0003": (None, False)
    }  # fmt: skip
    with pytest.raises(ConfigError, match="two files are called"):
        import_run("minimax", [loops[0], write(tmp_path / "b" / "host_results.jsonl", *made)], tmp_path / "two")


def test_minimax_results_are_judged_as_they_were_checked(tmp_path: Path) -> None:
    """Results do not keep the check types: the fields that these wrote say which checks the replies get."""
    parameters = {"type": "object", "properties": {"zeta": {}, "alpha": {}}}
    tools = [{"type": "function", "function": {"name": "look", "parameters": parameters}}]
    rows = [
        {**asked(1, None, tools=tools), "scenario_check_checked": True, "scenario_check_valid": False},
        {**asked(2, None), "silence_output_checked": True},
        {**asked(3, None), "language_following_checked": False},
        {**asked(4, None), "error_only_reasoning_checked": 1},
    ]
    import_run("minimax", [write(tmp_path / "a.jsonl", *rows)], tmp_path / "run")
    with RunDir.open(tmp_path / "run") as run:
        checks = [case.checks for case in run.cases().values()]
    assert checks[0] == {"content-matches": {"first_in_order": ["zeta", "alpha"]}}
    assert [list(one) for one in checks[1:]] == [["content-matches"], ["text-script"], []]


def test_an_imported_run_shows_its_f1_and_cannot_be_resumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The reference was recorded once, so F1 itself is shown. What is missing is said, without a command to resume."""
    calls = [row(n, '{"n": 1}' if n % 2 else None) for n in range(1, 9)]
    files = [write(tmp_path / "official.jsonl", *calls), write(tmp_path / "vendor.jsonl", *calls[:6])]
    with pytest.raises(SystemExit):
        main(["import-run", "k2vv", *map(str, files), "--out", str(tmp_path / "run"), "--reference", "official"])
    for command in (["show"], ["report", "--format", "markdown"]):
        with pytest.raises(SystemExit) as ended:
            main([command[0], str(tmp_path / "run"), *command[1:]])
        assert ended.value.code == 0
    out = " ".join((capsys.readouterr().out + (tmp_path / "run" / "report.md").read_text()).split())
    assert "calls F1 struct." in out
    assert "vendor 100.0% 100.0%" in out, "valid calls, and F1"
    assert "14 of 16 requests have one" in out
    assert "resume" not in out
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "14 of 16 requests have one" in page
    assert "again to resume" not in page


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


def test_half_of_a_surrogate_pair_in_a_tool_is_judged(tmp_path: Path) -> None:
    """JSON can express it, UTF-8 cannot: a run that has it is judged, and its cache has a key for it."""
    tool = {**TOOL, "function": {"name": "look", "description": "\ud800", "parameters": {}}}
    import_run("k2vv", [write(tmp_path / "a.jsonl", asked(1, '{"n": 1}', tools=[tool]))], tmp_path / "run")
    with RunDir.open(tmp_path / "run") as run:
        assert [one.calls_valid for one in judge_run(run).observations] == [True]
