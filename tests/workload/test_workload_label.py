"""Golden answers in the terminal: what is asked first, what a line means, and that the file keeps what it has."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from logs import chat_body, chat_response, litellm_row, ticket_row
from runs import workload_of

from trueweight.cli.workload import command
from trueweight.core import Case, ConfigError
from trueweight.core.task import CaseTask
from trueweight.suites import find_suite
from trueweight.suites.workload_folder import read_golden
from trueweight.workload.grading import golden_decides
from trueweight.workload.labelling import in_order, read_typed


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    """A workload of four tickets."""
    return workload_of((ticket_row(n, ("billing", "outage")[n % 2]) for n in range(4)), tmp_path)


def test_answers_are_typed_skipped_and_kept(tickets: Path) -> None:
    """A label by name or number, a wrong one is asked again; the recorded answer is not shown; q ends; the next call
    goes on with the others, and a comment in the file stays."""
    done = CliRunner().invoke(command, ["label", str(tickets)], input="billin\nbilling\n2\ns\nq\n")
    assert done.exit_code == 0, done.output
    assert "the grader cannot read this answer. Valid: billing, outage, or its number." in done.output
    assert "recorded:" not in done.output
    golden = read_golden(tickets)
    assert [answer["content"] for answer in golden.values()] == ["billing", "outage"]
    path = tickets / "golden.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    again = CliRunner().invoke(command, ["label", str(tickets), "--show-recorded"], input="\nq\n")
    assert "1 of 2:" in again.output
    assert "recorded:" in again.output
    assert len(read_golden(tickets)) == 3
    assert "# mine" in path.read_text(encoding="utf-8")
    assert sum(case.task is not None and case.task.golden is not None for case in find_suite(str(tickets)).cases) == 3


def test_json_is_corrected_in_the_editor_and_texts_get_facts(tmp_path: Path) -> None:
    """The editor begins with the recorded JSON, laid out in lines. The facts of a text are asked for, with spellings;
    hostile text of the log is shown as escapes."""
    text = "The move of the archive was late, \x1b[2J because the lorry broke down on the way to the new building."
    rows = [_other_row(n, json.dumps({"total": n, "currency": "EUR"}), "Extract the invoice as JSON") for n in range(3)]
    rows += [_other_row(n, text, "Summarise the following meeting for people who were away") for n in range(3)]
    folder = workload_of(rows, tmp_path)
    editor = tmp_path / "editor.py"
    editor.write_text(
        "import sys, pathlib\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "text = path.read_text()\n"
        "assert text.count(chr(10)) >= 3, text\n"
        "path.write_text(text.replace('EUR', 'USD'))\n"
    )
    env = {"EDITOR": f"{sys.executable} {editor}", "VISUAL": ""}
    keys = {"json-fields": "e\n", "prose": "\nlorry|truck; late\n"}
    asked = in_order(find_suite(str(folder)).cases, (), 0, {})
    typed = "".join(keys[case.task.grader] for case in asked if case.task is not None)
    done = CliRunner().invoke(command, ["label", str(folder)], input=typed, env=env)
    assert done.exit_code == 0, done.output
    assert "\x1b" not in done.output
    cases = {case.id: case for case in find_suite(str(folder)).cases}
    golden = read_golden(folder)
    assert len(golden) == 6
    for key, answer in golden.items():
        task = cases[key].task
        assert task is not None
        assert golden_decides(task)
        if task.grader == "prose":
            assert answer["facts"] == [["lorry", "truck"], "late"]
        else:
            assert answer["json"]["currency"] == "USD"


def _other_row(number: int, answer: str, system: str) -> dict[str, object]:
    body = chat_body(f"request number {number}")
    body["messages"][0]["content"] = f"{system}, and be as exact as you can."
    return litellm_row(body, chat_response(answer))


def test_cases_in_which_hosts_differ_come_first() -> None:
    """By the number of hosts that differ from the baseline; cases with an answer are not asked again."""
    cases = [Case("s", f"c{n}", {}, task=CaseTask(name="t", grader="text")) for n in range(6)]
    order = in_order(cases, {"c5"}, 0, {"s/c2": 1, "s/c4": 3})
    assert [case.id for case in order][:2] == ["c4", "c2"]
    assert {case.id for case in order} == {"c0", "c1", "c2", "c3", "c4"}


@pytest.mark.parametrize(
    ("grader", "typed", "answer"),
    [
        ("json-fields", '{"a": 1}', {"json": {"a": 1}}),
        ("json-fields", "a is 1", None),
        ("call-fields", '{"name": "f", "arguments": {}}', {"calls": [{"name": "f", "arguments": {}}]}),
        ("call-fields", "[]", {"calls": []}),
        ("call-fields", '[{"nome": "f"}]', None),
        ("number", "12.5", {"content": "12.5"}),
        ("number", "twelve", None),
        ("prose", "A text.", {"content": "A text."}),
    ],
)
def test_a_line_is_read_by_its_grader(grader: str, typed: str, answer: object) -> None:
    """As JSON, as calls, as text; what the grader cannot read is an error that says what is valid."""
    task = CaseTask(name="t", grader=grader)
    if answer is None:
        with pytest.raises(ConfigError):
            read_typed(task, typed)
    else:
        assert json.dumps(read_typed(task, typed)) == json.dumps(answer)
