"""JSONL suites: request bodies, a line each, as the K2 Vendor Verifier keeps them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trueweight.core import Case, ConfigError, Mode
from trueweight.suites import find_suite, read_suite

HI: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}]}


def _file(folder: Path, *lines: str | bytes | dict[str, Any]) -> str:
    path = folder / "K2 samples.jsonl"
    raw = [line if isinstance(line, bytes) else _encoded(line) for line in lines]
    path.write_bytes(b"\n".join(raw))
    return str(path)


def _encoded(line: str | dict[str, Any]) -> bytes:
    return (line if isinstance(line, str) else json.dumps(line)).encode()


def _cases(folder: Path, *lines: str | bytes | dict[str, Any]) -> tuple[Case, ...]:
    return find_suite(_file(folder, *lines)).cases


def test_each_line_is_a_case_named_by_its_line(tmp_path: Path) -> None:
    """Blank lines are no cases, but count, so that an id leads an editor to its line."""
    cases = _cases(tmp_path, HI, "", HI, "   \t", HI)
    assert [case.key for case in cases] == [f"k2-samples/line-{n:04d}" for n in (1, 3, 5)]


def test_the_input_role_is_a_system_message(tmp_path: Path) -> None:
    """``_input`` is the K2 Vendor Verifier's word for a system message; nothing else of a message changes."""
    messages = [{"role": "_input", "content": "Be kind.", "name": "x"}, {"role": "user", "content": "Hi"}]
    (case,) = _cases(tmp_path, {"messages": messages})
    assert case.request["messages"] == [{"role": "system", "content": "Be kind.", "name": "x"}, messages[1]]


def test_only_what_the_plan_adds_is_left_out(tmp_path: Path) -> None:
    """Model and stream are the plan's. What only some servers take is sent if ``extra_body`` holds it."""
    plan = {"model": "kimi", "stream": True, "stream_options": {}}
    (case,) = _cases(tmp_path, {**plan, "temperature": 0.6, "extra_body": {"my_extension": [1]}, **HI})
    assert case.request == {"temperature": 0.6, "my_extension": [1], **HI}


def test_an_unknown_field_is_a_mistake(tmp_path: Path) -> None:
    """It names the line, the field and the near miss, and ``extra_body``, which would make it valid."""
    (problem,) = read_suite(
        _file(tmp_path, HI, {**HI, "temprature": 1}, {**HI, "extra_body": {"temprature": 1}})
    ).problems
    assert "1 malformed line (2); line 2: unknown key 'temprature'. Did you mean 'temperature'?" in str(problem)
    assert "goes into extra_body" in str(problem)
    for wrong in ({"extra_body": ["temprature"]}, {"extra_body": {"stream": True}}):
        assert read_suite(_file(tmp_path, {**HI, **wrong})).problems


@pytest.mark.parametrize(
    ("line", "modes"),
    [(HI, tuple(Mode)), ({**HI, "stream": True}, (Mode.STREAM,)), ({**HI, "stream": False}, (Mode.PLAIN,))],
)
def test_stream_decides_the_mode_if_it_is_there(line: dict[str, Any], modes: tuple[Mode, ...], tmp_path: Path) -> None:
    """A line that says how it is asked is asked that way; one that doesn't is asked both ways."""
    (case,) = _cases(tmp_path, line)
    assert case.modes == modes


TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
NAMED = {"type": "function", "function": {"name": "f"}}


@pytest.mark.parametrize(
    ("extra", "checks"),
    [
        ({}, {}),
        ({"tools": TOOLS}, {}),
        ({"tools": TOOLS, "tool_choice": "auto"}, {}),
        ({"tools": TOOLS, "tool_choice": "none"}, {"tool-call-expected": {"call": "must-not"}}),
        ({"tools": TOOLS, "tool_choice": "required"}, {"tool-call-expected": {"call": "must"}}),
        ({"tools": TOOLS, "tool_choice": NAMED}, {"tool-call-expected": {"call": "must"}}),
        ({"response_format": {"type": "text"}}, {}),
        ({"response_format": {"type": "json_object"}}, {"structured-output": {}}),
        ({"response_format": {"type": "json_object"}, "tools": TOOLS}, {}),
    ],
)
def test_a_case_is_held_to_what_its_request_demands(extra: dict[str, Any], checks: object, tmp_path: Path) -> None:
    """No line says what it expects, but tool_choice and response_format are expectations."""
    (case,) = _cases(tmp_path, {**HI, **extra})
    assert case.checks == checks


def test_malformed_lines_are_all_listed_with_their_numbers(tmp_path: Path) -> None:
    """Nothing is dropped in silence: one error names every bad line and the first one's reason."""
    path = _file(tmp_path, HI, '{"messages": [', HI, "[1]", b'{"messages": ["\xff"]}', {"prompt": "Hi"})
    (problem,) = read_suite(path).problems
    assert str(problem) == (
        f"{path}:2: 4 malformed lines (2, 4, 5, 6); line 2: not JSON: Expecting value at column 15\n"
        "  Each line is one JSON object: a chat-completions request body with 'messages'."
    )
    with pytest.raises(ConfigError, match="4 malformed lines"):
        find_suite(path)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[1]", "not a JSON object: [1]"),
        ('"text"', 'not a JSON object: "text"'),
        (b'{"messages": ["\xff"]}', "not UTF-8"),
        ({"prompt": "Hi"}, "no 'messages'"),
        ({"messages": "Hi"}, "'messages' must be a list of objects"),
        ({"messages": ["Hi"]}, "'messages' must be a list of objects"),
        ({**HI, "stream": "yes"}, "'stream' must be true or false, not \"yes\""),
        ('{"messages": [], "temperature": NaN}', "NaN is not JSON"),
        ('{"messages": [], "messages": []}', "key 'messages' is given twice"),
        ('{"messages": ' + "[" * 100_000, "nested too deeply"),
        ('{"messages": [], "seed": ' + "9" * 5000 + "}", "a number of 5000 digits"),
        ('{"messages": [], "temperature": 1e999}', '"1e999" is too large a number'),
    ],
)
def test_the_reason_of_a_malformed_line_is_said(
    line: str | bytes | dict[str, Any], reason: str, tmp_path: Path
) -> None:
    """Each way not to be a request body has its own words, and none is a traceback."""
    (problem,) = read_suite(_file(tmp_path, HI, line)).problems
    assert problem.message == f"1 malformed line (2); line 2: {reason}"


def test_many_malformed_lines_make_a_short_error(tmp_path: Path) -> None:
    """A file of another kind gives one error of a few lines, which still says how many are bad."""
    (problem,) = read_suite(_file(tmp_path, *["x"] * 3000)).problems
    assert problem.message.startswith("3000 malformed lines (1, 2, ")
    assert "and 2980 more" in problem.message
    assert len(str(problem)) < 400


def test_a_file_without_requests_is_refused(tmp_path: Path) -> None:
    """An empty suite would pass everything."""
    (problem,) = read_suite(_file(tmp_path, "", "  ")).problems
    assert problem.code == "suite-empty"


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault(tmp_path: Path) -> None:
    """Files come from anywhere."""
    cases = _cases(tmp_path, b"\xef\xbb\xbf" + json.dumps(HI).encode() + b"\r", json.dumps(HI).encode() + b"\r\n")
    assert [case.request for case in cases] == [HI, HI]


def test_text_of_any_kind_survives(tmp_path: Path) -> None:
    """A line's text reaches the case unchanged: emoji, separators that Python takes for line ends, lone surrogates."""
    text = "👩‍🍳 \u2028 \x85 \ud800"
    (case,) = _cases(tmp_path, json.dumps({"messages": [{"role": "user", "content": text}]}))
    assert case.request["messages"][0]["content"] == text
    assert find_suite(_file(tmp_path, HI)).digest() != ""
