"""Importers: what each format says arrives in the case, and what cannot be read is listed with its number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trueweight.cli import main
from trueweight.core import Case, ConfigError, Mode
from trueweight.suites import find_suite
from trueweight.suites.importers import IMPORTERS, read_format, write_suite

TOOL = {
    "type": "function",
    "function": {"name": "look", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}},
}
ASK = [{"role": "user", "content": "Look!"}]
CALL = {"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"a": "x"}'}}


def lines(path: Path, *values: Any) -> Path:
    """A file of these values, a line each; texts stand as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [value if isinstance(value, str) else json.dumps(value) for value in values]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def only(form: str, path: Path) -> Case:
    """The one case that a file holds."""
    imported = read_format(form, path, "mine")
    assert imported.malformed == ()
    (case,) = imported.cases
    return case


def test_k2vv_requests_are_asked_as_they_stand(tmp_path: Path) -> None:
    """Without model and stream, which the plan adds; ``_input`` is the system's role."""
    body = {"model": "m", "stream": True, "messages": [{"role": "_input", "content": "s"}, *ASK], "tools": [TOOL]}
    case = only("k2vv", lines(tmp_path / "a.jsonl", body))
    assert case.request == {"messages": [{"role": "system", "content": "s"}, *ASK], "tools": [TOOL]}
    assert (case.id, case.modes, dict(case.checks)) == ("line-0001", (Mode.STREAM,), {})


@pytest.mark.parametrize(
    ("kind", "checks"),
    [
        ("tool_calls", set()),
        ("contains_russian_characters_unicode", {"text-script"}),
        ("repeat_n_gram", {"text-repetition"}),
    ],
)
def test_minimax_check_types_become_checks(tmp_path: Path, kind: str, checks: set[str]) -> None:
    """And are not sent."""
    case = only("minimax", lines(tmp_path / "a.jsonl", {"messages": ASK, "check_type": [kind]}))
    assert set(case.checks) == checks
    assert "check_type" not in case.request


def test_kvv_schemas_become_strict_tools(tmp_path: Path) -> None:
    """A folder a family, a line a schema; the call is forced."""
    lines(tmp_path / "cases" / "TestAnyOf" / "valid.jsonl", {"type": "object"}, {"anyOf": [{"type": "object"}]})
    lines(tmp_path / "cases" / "TestDefs" / "valid.jsonl", {"$defs": {}, "type": "object"})
    imported = read_format("kvv-schemas", tmp_path / "cases", "mine")
    assert [case.id for case in imported.cases] == ["testanyof-001", "testanyof-002", "testdefs-001"]
    function = imported.cases[1].request["tools"][0]["function"]
    assert function == {"name": "submit", "strict": True, "parameters": {"anyOf": [{"type": "object"}]}}
    assert imported.cases[0].request["tool_choice"] == "required"


def test_gpt_oss_cases_expect_their_arguments(tmp_path: Path) -> None:
    """The tools come from the file beside, or from the line itself."""
    lines(tmp_path / "tools.json", [TOOL])
    row = {"tool_name": "look", "input": "Look!", "expected_arguments": '{"a": "x"}', "instructions": "Be brief."}
    case = only("gpt-oss", lines(tmp_path / "cases.jsonl", row))
    assert case.checks["tool-call-matches"] == {"calls": [{"name": "look", "arguments": {"a": "x"}}]}
    assert [message["role"] for message in case.request["messages"]] == ["system", "user"]
    other = read_format("gpt-oss", lines(tmp_path / "more.jsonl", {**row, "tool_name": "other"}), "mine")
    assert "tools.json" in other.malformed[0].reason


@pytest.mark.parametrize(
    ("message", "answer", "call"),
    [
        ({"content": None, "tool_calls": [CALL]}, {"calls": [{"name": "look", "arguments": {"a": "x"}}]}, "must"),
        ({"content": "No."}, {"content": "No."}, "must-not"),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_recorded_reply_becomes_the_example(
    tmp_path: Path, message: dict[str, Any], answer: dict[str, Any], call: str, wrapped: bool
) -> None:
    """As the API sent it or as its batches wrap it; agreement with it is only noted."""
    response: dict[str, Any] = {"choices": [{"message": message}]}
    row = {"request": {"messages": ASK, "tools": [TOOL]}, "response": {"body": response} if wrapped else response}
    case = only("openai-log", lines(tmp_path / "log.jsonl", row))
    assert (case.answer, case.severity.value) == (answer, "INFO")
    assert case.checks["tool-call-expected"] == {"call": call}


def test_a_broken_recorded_reply_is_no_example(tmp_path: Path) -> None:
    """Its request is imported all the same."""
    broken = {**CALL, "function": {"name": "look", "arguments": "{"}}
    row = {"body": {"messages": ASK}, "response": {"choices": [{"message": {"tool_calls": [broken]}}]}}
    assert only("openai-log", lines(tmp_path / "log.jsonl", row)).answer is None


def test_bfcl_truth_becomes_what_is_certain_of_it(tmp_path: Path) -> None:
    """Types and names are the API's; arguments with several right values are left open."""
    function = {
        "name": "math.hypot",
        "description": "d",
        "parameters": {
            "type": "dict",
            "properties": {"x": {"type": "float"}, "any": {"type": "any"}},
            "required": ["x"],
        },
    }
    row = {"id": "parallel_0", "question": [ASK], "function": [function]}
    truth = {"id": "parallel_0", "ground_truth": [{"math.hypot": {"x": [1.5], "u": ["km", ""], "any": [""]}}]}
    lines(tmp_path / "possible_answer" / "BFCL.json", truth)
    case = only("bfcl", lines(tmp_path / "BFCL.json", row))
    (tool,) = case.request["tools"]
    assert tool["function"]["name"] == "math_hypot"
    assert tool["function"]["parameters"]["type"] == "object"
    assert tool["function"]["parameters"]["properties"] == {"x": {"type": "number"}, "any": {}}
    assert case.checks["tool-call-matches"] == {"calls": [{"name": "math_hypot", "includes": {"x": 1.5}}]}
    irrelevant = only("bfcl", lines(tmp_path / "BFCL_irrelevance.json", {**row, "id": "irrelevance_0"}))
    assert irrelevant.checks == {"tool-call-expected": {"call": "must-not"}}


BAD: dict[str, tuple[Any, ...]] = {
    "k2vv": (
        *({"messages": ASK}, "{", "", [1], {"tools": []}, {"messages": "x"}, '{"messages": NaN}', {"messages": ASK}),
        '{"messages": [{"role": "user", "content": "\\ud83d"}]}',
    ),
    "minimax": ({"messages": ASK}, {"messages": ASK, "check_type": ["poetry"]}, "x"),
    "kvv-schemas": ({"type": "object"}, "x"),
    "gpt-oss": ({"tool_name": "look", "input": "i", "tools": [TOOL]}, {"input": "i"}, {"tool_name": "z", "input": "i"}),
    "openai-log": ({"messages": ASK}, {"request": 3}, "x"),
    "bfcl": ({"question": [ASK], "function": [{"name": "f"}]}, {"question": [ASK, ASK], "function": [{}]}, {"id": "x"}),
}
WRONG = {
    "k2vv": [2, 4, 5, 6, 7, 9],
    "minimax": [2, 3],
    "kvv-schemas": [2],
    "gpt-oss": [2, 3],
    "openai-log": [2, 3],
    "bfcl": [2, 3],
}


def test_every_format_is_tried() -> None:
    """So that a new one comes with its malformed lines."""
    assert set(IMPORTERS.all()) == set(BAD) == set(WRONG)


@pytest.mark.parametrize("form", sorted(BAD))
def test_every_line_is_a_case_or_is_listed(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With its number and a reason; nothing is written until the user says that the rest is enough."""
    path = lines(tmp_path / "valid.jsonl", *BAD[form])
    imported = read_format(form, path, "mine")
    assert [line.line for line in imported.malformed] == WRONG[form]
    whole = sum(1 for value in BAD[form] if value != "")
    assert len(imported.cases) + len(imported.malformed) == whole
    for skip in (False, True):
        args = [
            "suites",
            "import",
            form,
            str(path),
            "-o",
            str(tmp_path / "out"),
            *(["--skip-malformed"] if skip else []),
        ]
        with pytest.raises(SystemExit) as ended:
            main(args)
        err = capsys.readouterr().err
        assert ended.value.code == 2
        assert all(f"{path}:{number}: " in err for number in WRONG[form])
        assert (tmp_path / "out").exists() is skip
    assert len(find_suite(str(tmp_path / "out")).cases) == len(imported.cases)


@pytest.mark.parametrize(("form", "files"), [("k2vv", 1), ("minimax", 3)])
def test_what_is_written_reads_back_the_same(tmp_path: Path, form: str, files: int) -> None:
    """Whatever text stands in it: bare requests as lines, others as YAML, in several files when they are many."""
    nasty = {"role": "user", "content": 'no\n"02134"\t\u2028 </tool_call> \x7f 🎉 : - #'}
    body = {"messages": [nasty], "temperature": 0.5, "tools": [TOOL], "stream": False}
    if form == "minimax":
        body["check_type"] = ["repeat_n_gram"]
    path = lines(tmp_path / "Much Of It.jsonl", body, "{", *[body] * 899)
    imported = read_format(form, path, "much")
    paths = write_suite(imported.cases, tmp_path / "out", "Much Of It", "t")
    assert len(paths) == files
    again = find_suite(str(tmp_path / "out")).cases
    assert [(case.id, case.request, case.modes, set(case.checks)) for case in again] == [
        (case.id, case.request, case.modes, set(case.checks)) for case in imported.cases
    ]
    with pytest.raises(ConfigError, match="the file exists"):
        write_suite(imported.cases, tmp_path / "out", "Much Of It", "t")


def test_an_unknown_format_names_the_near_miss(tmp_path: Path) -> None:
    """As every unknown name does."""
    with pytest.raises(ConfigError, match="Did you mean 'k2vv'"):
        read_format("k2v", tmp_path, "s")
