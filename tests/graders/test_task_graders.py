"""Graders of tasks: scores by field, the expected answer made from a recorded one, and which grader is proposed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueweight.core import ConfigError, Reply
from trueweight.core.example import SampleCall, SampleReply, sample_case, says
from trueweight.core.grader import GRADERS, Score, grade, validate_expected, validate_options
from trueweight.core.task import Answer
from trueweight.graders.prose import rouge_l, tokens
from trueweight.protocols import read_reply
from trueweight.protocols.chat.sample import write_sample
from trueweight.workload.build import propose_grader

CASE = sample_case()


def read(reply: SampleReply) -> Reply:
    """The reply as it is read from bytes."""
    return read_reply(write_sample(reply))


def calling(*made: tuple[str, dict[str, Any]]) -> Reply:
    """A reply with these calls."""
    calls = tuple(SampleCall(json.dumps(arguments), name=name) for name, arguments in made)
    return read(SampleReply(None, calls=calls, finish="calls"))


def score_json(got: Any, want: Any, **options: Any) -> Score:
    """The score of a JSON answer."""
    return grade("json-fields", CASE, read(says(json.dumps(got))), {"value": want, "options": options})


def test_json_is_counted_by_path() -> None:
    """Right, missing and not expected; a wrong value is both; case and white space of texts do not count."""
    got = {"name": "anna  MEIER", "tags": ["b", "a"], "total": 12.0, "extra": 1}
    want = {"name": "Anna Meier", "tags": ["a", "b", "c"], "total": 13, "city": "Bonn"}
    score = score_json(got, want)
    assert {one.path: tuple(one[1:]) for one in score.fields} == {
        "name": (1, 0, 0),
        "tags[]": (2, 1, 0),
        "total": (0, 1, 1),
        "city": (0, 1, 0),
        "extra": (0, 0, 1),
    }
    assert score.value == pytest.approx(2 * 3 / (2 * 3 + 3 + 2))


def test_objects_of_a_list_are_paired_by_what_they_share() -> None:
    """Whatever their order; with ``ordered`` the order counts."""
    one, two = {"sku": "A", "n": 1}, {"sku": "B", "n": 2}
    assert score_json({"lines": [two, one]}, {"lines": [one, two]}).value == 1
    assert score_json({"lines": [two, one]}, {"lines": [one, two]}, ordered=["lines"]).value == 0
    assert score_json({"lines": [one, {"sku": "B", "n": 3}]}, {"lines": [two, one]}).value == 0.75
    assert score_json({"lines": [one]}, {"lines": [two, one]}).value == pytest.approx(4 / 6)


def test_options_of_fields() -> None:
    """Ignored paths do not count; exact texts are compared with case."""
    assert score_json({"a": 1, "at": "x"}, {"a": 1, "at": "y"}, ignore=["at"]).value == 1
    assert score_json({"a": "X"}, {"a": "x"}, exact=True).value == 0


def test_json_in_a_fence_is_read_and_other_text_is_not() -> None:
    """One block that is the whole content is still the answer; text without JSON is not readable."""
    want = {"value": {"a": 1}}
    assert grade("json-fields", CASE, read(says('```json\n{"a": 1}\n```')), want).value == 1
    lost = grade("json-fields", CASE, read(says("a is 1")), want)
    assert (lost.value, lost.readable) == (0, False)
    assert [tuple(one) for one in lost.fields] == [("a", 0, 1, 0)]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=3), _JSON, max_size=3), st.dictionaries(st.text(max_size=3), _JSON, max_size=3))
def test_f1_is_symmetric_and_one_for_equal_values(one: Any, other: Any) -> None:
    """Precision and recall change places when the sides do."""
    assert score_json(one, one).value == 1
    assert 0 <= score_json(one, other).value <= 1


def test_calls_are_counted_by_name_and_argument() -> None:
    """The names are the answer in a word; a wrong argument costs its field, a wrong tool all of them."""
    expected = {"calls": [{"name": "refund", "arguments": {"id": 7, "why": "late"}}]}
    right = grade("call-fields", CASE, calling(("refund", {"why": "late", "id": 7})), expected)
    assert (right.value, right.read, right.wanted) == (1, "refund", "refund")
    near = grade("call-fields", CASE, calling(("refund", {"why": "late", "id": 8})), expected)
    assert near.value == pytest.approx(4 / 6)
    wrong = grade("call-fields", CASE, calling(("cancel", {"id": 7})), expected)
    assert (wrong.value, wrong.read) == (0, "cancel")
    silent = grade("call-fields", CASE, read(says("No.")), expected)
    assert (silent.value, silent.read) == (0, "(no call)")
    assert grade("call-fields", CASE, read(says("No.")), {"calls": []}).value == 1
    twice = {"calls": [{"name": "w", "arguments": {"c": "A"}}, {"name": "w", "arguments": {"c": "B"}}]}
    assert grade("call-fields", CASE, calling(("w", {"c": "B"}), ("w", {"c": "A"})), twice).value == 1


@pytest.mark.parametrize(
    ("got", "want", "value"),
    [
        ("the cat sat on the mat", "the cat sat on the mat", 1.0),
        ("police kill the gunman", "police killed the gunman", 0.75),  # Lin 2004, section 3.1
        ("the gunman kill police", "police killed the gunman", 0.5),
        ("", "a", 0.0),
        ("猫が好き", "猫は好き", 0.75),
    ],
)
def test_rouge_l(got: str, want: str, value: float) -> None:
    """The examples of the paper; characters count where words have no spaces."""
    assert rouge_l(tokens(got), tokens(want)) == pytest.approx(value)


def test_prose_by_facts_and_length() -> None:
    """Facts decide where they are given, each in any of its spellings; a text that is too long is wrong."""
    expected = {"text": "x", "facts": ["refund", ["14 days", "two weeks"]]}
    assert grade("prose", CASE, read(says("A refund within two weeks.")), expected).value == 1
    assert grade("prose", CASE, read(says("A refund soon.")), expected).value == 0.5
    assert grade("prose", CASE, read(says("Refunds: 14 days.")), expected).value == 0.5
    assert grade("prose", CASE, read(says("one two three")), {"text": "one two three", "max_words": 2}).value == 0


def test_a_pattern_and_what_it_captures() -> None:
    """Without groups it has to be found; with one, the capture is the answer; RE2's syntax only."""
    assert grade("regex", CASE, read(says("Ticket T-12 closed")), {"pattern": r"T-\d+"}).value == 1
    options = {"pattern": r"grade: ([A-F])"}
    expected = GRADERS.get("regex").expect({"content": "my grade: B"}, options)
    assert grade("regex", CASE, read(says("grade: B")), expected).value == 1
    other = grade("regex", CASE, read(says("grade: C")), expected)
    assert (other.value, other.read, other.wanted) == (0, "C", "B")
    with pytest.raises(ConfigError, match="pattern"):
        grade("regex", CASE, read(says("x")), {"pattern": "(?=x)"})


def answers(*texts: str) -> list[Answer]:
    """Recorded answers with these contents."""
    return [{"content": text} for text in texts]


@pytest.mark.parametrize(
    ("recorded", "grader", "options"),
    [
        (
            answers("Billing", "billing", "outage.", "outage", "billing"),
            "label",
            {"labels": ["billing", "outage"], "bare": True},
        ),
        (answers('{"a": 1}', '{"a": 2}'), "json-fields", {"bare": True, "whole": True}),
        (answers('```json\n{"a": 1}\n```', '{"a": 2}'), "json-fields", {"whole": True}),
        (answers(json.dumps({"a": "A long text. " * 9})), "json-fields", {"bare": True}),
        (answers("1,200", "13.5", "-7."), "number", {"bare": True}),
        (answers("12", "13.5", "it is 7"), "number", {}),
        (answers("Bonn", "Oslo", "New York"), "text", {"normalise": True}),
        (answers("A long text. " * 9, "Another long text. " * 9), "prose", {}),
        (
            [{"calls": [{"name": "f", "arguments": {}}]}, {"content": "No tool is needed."}],
            "call-fields",
            {"whole": True},
        ),
        ([{"calls": [{"name": "send", "arguments": {"text": "A long text. " * 9}}]}], "call-fields", {}),
        ([], "prose", {}),
        (answers(*["yes", "no"] * 30, "I cannot say that."), "label", {"labels": ["no", "yes"], "bare": True}),
        (
            answers(*["It is: yes", "It is: yes", "no", "no"] * 9),
            "label",
            {"labels": ["It is: yes", "no"], "bare": True},
        ),
    ],
)
def test_the_grader_that_is_proposed(recorded: list[Answer], grader: str, options: dict[str, Any]) -> None:
    """By what the recorded answers look like; a few that look otherwise do not matter."""
    plan = propose_grader(recorded, 1.0)
    assert (plan.grader, dict(plan.options)) == (grader, options)
    assert not plan.confirmed
    validate_options(plan.grader, plan.options)


@pytest.mark.parametrize(
    ("grader", "options", "answer"),
    [
        ("label", {"labels": ["spam", "ham"]}, {"content": "Spam."}),
        ("json-fields", {}, {"content": '{"a": [1, {"b": "x"}]}'}),
        ("json-fields", {}, {"json": {"a": 1}}),
        ("call-fields", {}, {"calls": [{"name": "weather", "arguments": {"city": "Oslo"}}]}),
        ("call-fields", {}, {"content": "none"}),
        ("number", {"absolute": 1}, {"content": "it is 1,234"}),
        ("text", {"normalise": True}, {"content": "New  York"}),
        ("prose", {}, {"content": "A text.", "facts": ["text"]}),
        ("regex", {"pattern": "([a-z]+)!"}, {"content": "hello!"}),
    ],
)
def test_an_answer_is_right_against_itself(grader: str, options: dict[str, Any], answer: dict[str, Any]) -> None:
    """The expected answer that is made from an answer is valid, and that answer scores 1."""
    expected = GRADERS.get(grader).expect(answer, options)
    validate_expected(grader, expected)
    content = json.dumps(answer["json"]) if "json" in answer else answer.get("content")
    calls = tuple(SampleCall(json.dumps(one["arguments"]), name=one["name"]) for one in answer.get("calls", ()))
    assert grade(grader, CASE, read(SampleReply(content, calls=calls)), expected).value == 1


@pytest.mark.parametrize(
    ("grader", "options", "content"),
    [
        ("label", {"labels": ["spam", "ham"]}, "neither"),
        ("label", {"labels": ["spam", "ham"]}, "spam or ham"),
        ("json-fields", {}, "no json"),
        ("number", {}, "none"),
        ("regex", {"pattern": "x"}, "y"),
    ],
)
def test_an_answer_without_the_form_is_no_expected_answer(grader: str, options: dict[str, Any], content: str) -> None:
    """So that a recorded answer that is malformed is not what candidates are held to."""
    assert GRADERS.get(grader).expect({"content": content}, options) is None


def test_a_whole_answer_is_right_or_not() -> None:
    """A call with a wrong queue, and an object with a wrong amount, are wrong answers, however many fields are right:
    the fields are counted beside the score."""
    want = {"calls": [{"name": "assign", "arguments": {"queue": "payments", "urgent": False}}]}
    wrong = SampleReply(calls=(SampleCall('{"queue": "returns", "urgent": false}', name="assign"),))
    for options, value in (({}, 2 / 3), ({"whole": True}, 0.0)):
        expected = GRADERS.get("call-fields").expect(want, options)
        score = grade("call-fields", CASE, read(wrong), expected)
        assert (score.value, score.reason) == (pytest.approx(value), '"assign.queue" has another value')
        assert sum(one.right for one in score.fields) == 2
    expected = GRADERS.get("json-fields").expect({"content": '{"a": 1, "b": 2}'}, {"whole": True})
    assert grade("json-fields", CASE, read(says('{"a": 1, "b": 3}')), expected).value == 0
    assert grade("json-fields", CASE, read(says('{"b": 2, "a": 1}')), expected).value == 1


@pytest.mark.parametrize(
    ("grader", "options", "recorded", "given", "formed"),
    [
        ("label", {"labels": ["billing", "outage"]}, "billing", "'Billing.'", True),
        ("label", {"labels": ["billing", "outage"]}, "billing", "The answer is billing.", False),
        ("number", {}, "7", "7.", True),
        ("number", {}, "7", "I would say 7", False),
        ("json-fields", {}, '{"a": 1}', ' {"a": 1}', True),
        ("json-fields", {}, '{"a": 1}', '```json\n{"a": 1}\n```', False),
    ],
)
def test_a_right_answer_in_another_form(grader: str, options: Any, recorded: str, given: str, formed: bool) -> None:
    """Where the recorded answers stand alone, a program reads them as they are: words or a fence around the right
    answer are another form. The score is 1 in either case, and without the option the form is as expected."""
    for bare in (True, False):
        made = {**options, "bare": True} if bare else options
        expected = GRADERS.get(grader).expect({"content": recorded}, made)
        validate_expected(grader, expected)
        score = grade(grader, CASE, read(says(given)), expected)
        assert (score.value, score.readable) == (1, formed or not bare)
        assert bool(score.reason) is not score.readable
