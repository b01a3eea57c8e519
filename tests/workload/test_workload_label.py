"""Golden answers in the terminal: what is asked first, what a line means, and that the file keeps what it has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from logs import ticket_row
from runs import workload_of

from trueweight.cli.workload import command
from trueweight.core import Case, ConfigError
from trueweight.core.task import CaseTask
from trueweight.suites import find_suite
from trueweight.suites.workload_folder import read_golden
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
