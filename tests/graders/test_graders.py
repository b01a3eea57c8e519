"""Each grader gives 1 to a right answer, less to a wrong one, and says why; a bad expected answer is an error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueweight.core import ConfigError, Reply
from trueweight.core.example import SampleReply, calls, sample_case, says
from trueweight.core.grader import Score, all_graders, grade, validate_expected
from trueweight.protocols import read_reply
from trueweight.protocols.chat.sample import write_sample

CASE = sample_case()
OSLO, ROME = ({"name": "weather", "arguments": {"city": city}} for city in ("Oslo", "Rome"))
LABELS = ["spam", "not spam", "unsure"]


def read(reply: SampleReply) -> Reply:
    """The reply as it is read from bytes."""
    return read_reply(write_sample(reply))


@pytest.mark.parametrize(
    ("grader", "expected", "reply", "value"),
    [
        ("text", {"text": "yes"}, says(" yes\n"), 1),
        ("text", {"text": "yes"}, says("Yes."), 0),
        ("text", {"text": "yes it is", "normalise": True}, says("Yes  it\nis."), 1),
        ("text", {"text": "fi", "normalise": True}, says("ﬁ"), 1),
        ("text", {"text": ""}, says(None), 1),
        ("number", {"value": 391}, says("17 × 23 = 391."), 1),
        ("number", {"value": 391}, says("391 is not it, 390 is"), 0),
        ("number", {"value": 1234.5}, says("1,234.5 kg"), 1),
        ("number", {"value": 3}, says("of 1, 2, 3"), 1),
        ("number", {"value": -4}, says("it is −4"), 1),
        ("number", {"value": 3.14159, "absolute": 0.01}, says("about 3.14"), 1),
        ("number", {"value": 100, "relative": 0.05}, says("104"), 1),
        ("number", {"value": 100, "relative": 0.05}, says("106"), 0),
        ("number", {"value": 7}, says("none"), 0),
        ("label", {"label": "spam", "labels": LABELS}, says("This is SPAM."), 1),
        ("label", {"label": "spam", "labels": LABELS}, says("This is not spam."), 0),
        ("label", {"label": "not spam", "labels": LABELS}, says("not spam"), 1),
        ("label", {"label": "spam", "labels": LABELS}, says("spam, or unsure"), 0),
        ("label", {"label": "spam", "labels": LABELS}, says("spammer"), 0),
        ("json", {"value": {"a": 1, "b": True}}, says('{"b": true, "a": 1.0}'), 1),
        ("json", {"value": {"a": 1, "b": True}}, says('{"b": 1, "a": 1}'), 0.5),
        ("json", {"value": {"a": 1}}, says('{"a": 1, "b": 2}'), 0.5),
        ("json", {"value": [1, 2]}, says("[2, 1]"), 0),
        ("json", {"value": 1}, says("one"), 0),
        ("json", {"value": {}}, says("7"), 0),
        ("calls", {"calls": [OSLO, ROME]}, calls('{"city":"Rome"}', '{"city":"Oslo"}'), 1),
        ("calls", {"calls": [OSLO, ROME], "ordered": True}, calls('{"city":"Rome"}', '{"city":"Oslo"}'), 0),
        ("calls", {"calls": [OSLO, ROME]}, calls('{"city":"Oslo"}'), 0.5),
        ("calls", {"calls": [OSLO]}, calls('{"city":"Oslo"}', "{}"), 0.5),
        ("calls", {"calls": []}, says("no"), 1),
        ("calls", {"calls": []}, calls("{}"), 0),
    ],
)
def test_an_answer_has_its_score(grader: str, expected: Any, reply: SampleReply, value: float) -> None:
    """The score, and a reason exactly where it is below 1."""
    score = grade(grader, CASE, read(reply), expected)
    assert score.value == value
    assert bool(score.reason) == (value < 1)


@pytest.mark.parametrize(
    ("grader", "expected", "code"),
    [
        ("numbr", {"value": 1}, "unknown-grader"),
        ("number", {"value": "1"}, "bad-expected"),
        ("label", {"label": "a", "labels": ["a"]}, "bad-expected"),
        ("calls", {"calls": [{"nam": "f"}]}, "bad-expected"),
    ],
)
def test_a_bad_expected_answer_is_an_error(grader: str, expected: Any, code: str) -> None:
    """Before anything is sent: with a code, and what is wrong."""
    with pytest.raises(ConfigError) as error:
        validate_expected(grader, expected)
    assert error.value.code == code


def test_every_grader_is_tried_here() -> None:
    """No grader is without a test."""
    assert [one.id for one in all_graders()] == [
        "call-fields",
        "calls",
        "json",
        "json-fields",
        "label",
        "number",
        "prose",
        "regex",
        "text",
    ]


EXPECTED = {
    "text": {"text": "a"},
    "number": {"value": 1},
    "label": {"label": "a", "labels": ["b", "c"]},
    "json": {"value": {"a": [1]}},
    "calls": {"calls": [{"name": "weather"}]},
}


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.sampled_from(sorted(EXPECTED)))
def test_no_text_makes_a_grader_raise(text: str, grader: str) -> None:
    """Whatever a model writes, as content and as arguments, has a score."""
    for reply in (says(text), calls(text)):
        assert isinstance(grade(grader, CASE, read(reply), EXPECTED[grader]), Score)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_score_outside_its_range_is_refused(value: float) -> None:
    """A grader of another package cannot give one."""
    with pytest.raises(ValueError, match="score"):
        Score(value)
