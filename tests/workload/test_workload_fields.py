"""Fields of JSON and of calls: one that is always wrong does not hide behind twenty that are right."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import yaml
from logs import chat_body, chat_response, litellm_row
from runs import as_recorded, record, workload_of

from trueweight.core import Case, Price, Provider, Ruling
from trueweight.core.bar_outcome import WorkloadRule
from trueweight.core.decision import Move
from trueweight.core.grader import FieldCount
from trueweight.core.summary import Summary
from trueweight.core.task import Answer
from trueweight.core.workload import Grade, Yardstick
from trueweight.report.page.workload import workload_section
from trueweight.report.words.decision import decision_text
from trueweight.store import RunDir
from trueweight.suites import find_suite
from trueweight.workflow.finish import judge
from trueweight.workload.estimates import Estimator
from trueweight.workload.lost_fields import FieldsOf, lost_fields

CASES: Final = 60
PRIORITIES: Final = ("low", "normal", "high")
LONG: Final = "The customer of order {} reports that the parcel came late, and that nobody answered three mails."


def _row(number: int) -> dict[str, Any]:
    """A request with an answer of 24 fields, of which one is a long text and one is the priority."""
    fields = {f"field_{at}": f"value {(number + at) % 7}" for at in range(22)}
    answer = {**fields, "priority": PRIORITIES[number % 3], "summary": LONG.format(number)}
    body = chat_body(
        f"Order {number:04} is late.",
        messages=[
            {
                "role": "system",
                "content": "Extract the fields of the complaint as JSON, with a summary and a priority.",
            },
            {"role": "user", "content": f"Order {number:04} is late."},
        ],
    )
    body["response_format"] = {"type": "json_object"}
    return litellm_row(body, chat_response(json.dumps(answer)))


def _changed(change: Callable[[dict[str, Any], int], None]) -> Callable[[Case, int], Answer]:
    def answer(case: Case, number: int) -> Answer:
        value = json.loads(str(as_recorded(case, number)["content"]))
        value["summary"] = f"Late parcel, order {number}; the customer wrote three times and is unhappy with it."
        change(value, number)
        return {"content": json.dumps(value)}

    return answer


def _other_priority(value: dict[str, Any], _: int) -> None:
    value["priority"] = PRIORITIES[(PRIORITIES.index(value["priority"]) + 1) % 3]


HOSTS: Final = {
    "honest": _changed(lambda value, n: None),
    "priority": _changed(_other_priority),
    "silent": _changed(lambda value, n: value.pop("priority")),
    "mumbling": _changed(lambda value, n: value.__setitem__("summary", "")),
}


def _workload(folder: Path, options: Mapping[str, Any] | None = None, *, golden: bool = False) -> Path:
    """A confirmed workload; with other options of its only task, and golden answers as the recorded ones."""
    tickets = workload_of(map(_row, range(CASES)), folder)
    path = tickets / "workload.yaml"
    if options is not None:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        (task,) = found["tasks"].values()
        task["options"] = dict(options)
        path.write_text(yaml.safe_dump(found), encoding="utf-8")
    if golden:
        right = {case.id: dict(as_recorded(case, 0)) for case in find_suite(str(tickets)).cases}
        (tickets / "golden.yaml").write_text(json.dumps(right), encoding="utf-8")
    return tickets


def _judged(tickets: Path, out: Path) -> Summary:
    hosts = {
        name: (Provider(name, f"https://{name}.invalid/v1", "open-1", price=Price(0.1, 0.1)), answer)
        for name, answer in HOSTS.items()
    }
    with RunDir.open(record(tickets, out, hosts)) as opened:
        return judge(opened)


def _moves(summary: Summary) -> dict[str, Move]:
    assert summary.workload is not None
    assert summary.workload.decision is not None
    return {one.provider: one.move for one in summary.workload.decision.hosts}


def _words(summary: Summary) -> dict[str, str]:
    text = decision_text(summary)
    assert text is not None
    return {name: why for name, _, why in text.hosts}


def test_long_texts_in_json_are_not_compared_and_the_other_fields_are_whole(tmp_path: Path) -> None:
    """A host with other words in the summary moves; one with a wrong or missing priority, or no summary, does not."""
    tickets = _workload(tmp_path)
    (task,) = yaml.safe_load((tickets / "workload.yaml").read_text(encoding="utf-8"))["tasks"].values()
    assert task["options"] == {"bare": True, "texts": ["summary"], "whole": True}
    summary = _judged(tickets, tmp_path / "run")
    assert _moves(summary) == {
        "honest": Move.MOVE_WITH_FALLBACK,  # because no bar was set before
        "priority": Move.STAY,
        "silent": Move.STAY,
        "mumbling": Move.STAY,
    }
    words = _words(summary)
    assert "field 'priority' is wrong in 100.0%" in words["priority"]
    assert "field 'summary' is wrong in 100.0%" in words["mumbling"]
    section = workload_section(summary, list(HOSTS))
    assert section is not None
    assert "texts in summary are not compared" in section.tables[0].note


@pytest.mark.parametrize("golden", [False, True])
def test_a_field_that_is_always_wrong_is_no_move_by_the_mean_of_fields_either(tmp_path: Path, *, golden: bool) -> None:
    """23 of 24 fields are right, so the score is 96%. By golden answers the field is a failure; by recorded ones it
    stays open, because the baseline may be the side that is wrong."""
    summary = _judged(_workload(tmp_path, {"ignore": ["summary"]}, golden=golden), tmp_path / "run")
    host = summary.providers["priority"].workload
    assert host is not None
    assert host.overall.agreement.value == pytest.approx(22 / 23, abs=0.001)
    outcome = Ruling.FAIL if golden else Ruling.INCONCLUSIVE
    (lost,) = [one for one in host.rulings if one.rule is WorkloadRule.FIELD]
    assert (lost.label, lost.outcome) == ("priority", outcome)
    bad = Move.STAY if golden else Move.NOT_ENOUGH
    expected = {"honest": Move.MOVE_WITH_FALLBACK, "priority": bad, "silent": bad, "mumbling": Move.MOVE_WITH_FALLBACK}
    assert _moves(summary) == expected
    words = _words(summary)
    assert "field 'priority' is wrong in 100.0%" in words["priority"]
    assert ("golden answers" in words["priority"]) is not golden
    section = workload_section(summary, list(HOSTS))
    assert section is not None
    assert any("Field 'priority' is wrong in 100.0%" in note for table in section.fields for note in table.lost)


def _grades(right: np.ndarray, against: Yardstick = Yardstick.BASELINE) -> list[list[Grade]]:
    """One grade for each row; its columns are fields."""
    counts = [
        tuple(FieldCount(f"f{at}", int(one), int(not one), int(not one)) for at, one in enumerate(row)) for row in right
    ]
    return [[Grade(against, sum(row) / len(row), fields=found)] for row, found in zip(right, counts, strict=True)]


@pytest.mark.parametrize("golden", [False, True])
def test_healthy_providers_lose_no_field(*, golden: bool) -> None:
    """Simulated: 25 fields right in 60 to 100% at both sides alike, 40 cases, 40 workloads; at most 5% have a lost
    field. With one field at 25% for a provider and 85% for the baseline, most have it."""
    rng = np.random.default_rng(7)
    against = Yardstick.GOLDEN if golden else Yardstick.BASELINE
    alarms = found = 0
    for _ in range(40):
        rates = rng.uniform(0.6, 1, 25)
        ours, theirs = (rng.random((40, 25)) < rates for _ in range(2))
        side = [one[0] for one in _grades(theirs, against)]
        others = [[] if golden else [one] for one in side]
        alarms += bool(_lost(_grades(ours, against), side if golden else None, others))
        ours[:, 3] = rng.random(40) < 0.25
        theirs[:, 3] = rng.random(40) < 0.85
        side = [one[0] for one in _grades(theirs, against)]
        others = [[] if golden else [one] for one in side]
        found += "f3" in _lost(_grades(ours, against), side if golden else None, others)
    assert alarms <= 2
    assert found >= 20


def _lost(ours: list[list[Grade]], recorded: list[Grade] | None, others: list[list[Grade]]) -> list[str]:
    cases = [FieldsOf(own, None if recorded is None else recorded[at], others[at]) for at, own in enumerate(ours)]
    return [one.path for one in lost_fields(Estimator(2, 0), cases)]


def test_a_field_in_which_the_baseline_differs_from_itself_is_not_lost() -> None:
    """A title that is never the same twice says nothing of a host; without that knowledge it stays open."""
    never, always = np.zeros((40, 2), dtype=bool), np.ones((40, 2), dtype=bool)
    never[:, 1] = True
    noise = [[one[0]] for one in _grades(never)]
    assert _lost(_grades(never), None, noise) == []
    assert _lost(_grades(never), None, [[] for _ in noise]) == ["f0"]
    assert _lost(_grades(always), None, noise) == []


def test_a_field_without_counts_is_no_field() -> None:
    """A grader of the user's may name a field in which nothing was expected and nothing was there."""
    empty = (FieldCount("empty", 0, 0, 0), FieldCount("f0", 1, 0, 0))
    ours = [[Grade(Yardstick.BASELINE, 1.0, fields=empty)] for _ in range(40)]
    assert _lost(ours, None, [[] for _ in ours]) == []
