"""What a valid call is, and the classes of structured output: the definitions that measuring rests on."""

from __future__ import annotations

import pytest
from check_samples import JSON_SCHEMA, SCHEMA, TOOLS, calls, fragment, parts, says
from handmade import call, message, plain

from trueweight.checks.calls import CallProblem, validity
from trueweight.checks.structured import classify
from trueweight.core.steps import OutOfSteps, budget
from trueweight.protocols import arguments as arguments_module
from trueweight.protocols import json_text, read_reply
from trueweight.protocols.arguments import read_arguments
from trueweight.protocols.reading import forgetting_reply

REQUEST = {"tools": TOOLS}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ('{"city":"Oslo"}', None),
        (' {"city":"Oslo"}\n', None),
        ('{"city":"Oslo"}{"city":"Oslo"}', CallProblem.ARGUMENTS_DOUBLED),
        ("{}{}", CallProblem.ARGUMENTS_NOT_JSON),
        ('{}{"city":"Oslo"}', CallProblem.ARGUMENTS_NOT_JSON),
        ('{{"city":"Oslo"}', CallProblem.ARGUMENTS_NOT_JSON),
        ("{{}", CallProblem.ARGUMENTS_NOT_JSON),
        ('{"city":{"city":"Oslo"}', CallProblem.ARGUMENTS_NOT_JSON),
        ('{"city":{"land":"Norway"}', CallProblem.ARGUMENTS_CUT),
        ("", CallProblem.ARGUMENTS_EMPTY),
        ("  ", CallProblem.ARGUMENTS_EMPTY),
        (None, CallProblem.ARGUMENTS_NULL),
        ({"city": "Oslo"}, CallProblem.ARGUMENTS_NOT_TEXT),
        ('"{\\"city\\":\\"Oslo\\"}"', CallProblem.ARGUMENTS_ENCODED_TWICE),
        ("[]", CallProblem.ARGUMENTS_NOT_AN_OBJECT),
        ("null", CallProblem.ARGUMENTS_NOT_AN_OBJECT),
        ('{"city":"Os', CallProblem.ARGUMENTS_CUT),
        ('"city":"Oslo"}', CallProblem.ARGUMENTS_NOT_JSON),
        ('{"city":"Oslo"}}', CallProblem.ARGUMENTS_NOT_JSON),
        ('{"city":NaN}', CallProblem.ARGUMENTS_NAN),
        ("{}", CallProblem.ARGUMENTS_INVALID),
        ('{"city":7}', CallProblem.ARGUMENTS_INVALID),
    ],
)
def test_every_way_not_to_be_a_call_has_its_name(arguments: object, problem: CallProblem | None) -> None:
    """Declared name, text of one JSON object, valid by the schema; each breach is told apart."""
    judged = validity(REQUEST, read_reply(calls(arguments)))
    assert [(one.problem, one.valid) for one in judged] == [(problem, problem is None)]


def test_absent_arguments_are_told_from_null() -> None:
    """A field that never came is not a null."""
    made = call("weather")
    del made["function"]["arguments"]
    assert validity(REQUEST, read_reply(plain(message(tool_calls=[made]))))[0].problem is CallProblem.ARGUMENTS_ABSENT


def test_a_call_under_stop_is_validated_too() -> None:
    """The calls that are there are judged, whatever the finish reason says."""
    assert validity(REQUEST, read_reply(calls("{", finish="stop")))[0].valid is False


def test_names_are_judged_against_the_request() -> None:
    """Undeclared and missing names are invalid; a tool without parameters takes any object."""
    assert validity(REQUEST, read_reply(calls("{}", name="wether")))[0].problem is CallProblem.NAME_UNDECLARED
    assert validity(REQUEST, read_reply(calls("{}", name=None)))[0].problem is CallProblem.NAME_MISSING
    assert validity({}, read_reply(calls("{}")))[0].problem is CallProblem.NAME_UNDECLARED
    assert validity(REQUEST, read_reply(calls('{"a":1}', name="now")))[0].valid


def test_a_streamed_call_is_judged_as_it_adds_up() -> None:
    """Fragments of a valid call are valid together."""
    made = parts(fragment(0, "weather", '{"ci', id="a"), fragment(0, None, 'ty":"Oslo"}'))
    assert validity(REQUEST, read_reply(made))[0].valid


def test_a_schema_that_cannot_be_judged_by_blames_nobody() -> None:
    """A bad schema in the case is no fault of the reply."""
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "strin"}}}]
    judged = validity({"tools": tools}, read_reply(calls("{}")))[0]
    assert judged.valid is None
    assert "schema is not valid" in judged.message


@pytest.mark.parametrize(
    ("content", "finish", "kind"),
    [
        ('{"city":"Oslo"}', "stop", "valid"),
        ('\n{"city":"Oslo"} ', "stop", "valid"),
        ('{"city":7}', "stop", "invalid"),
        ("[1]", "stop", "invalid"),
        ('```json\n{"city":"Oslo"}\n```', "stop", "fenced"),
        ('Sure:\n```\n{"city":"Oslo"}\n```\nBye', "stop", "fenced"),
        ('Here it is: {"city":"Oslo"}', "stop", "prose"),
        ('{"city":"Oslo"} Enjoy!', "stop", "prose"),
        ("Oslo it is", "stop", "not-json"),
        ('{"city":"Os', "stop", "not-json"),
        ('{"city":"Os', "length", "truncated"),
        ("", "length", "truncated"),
        ("", "stop", "empty"),
        (None, "stop", "empty"),
        (None, "content_filter", "refused"),
    ],
)
def test_structured_output_is_one_of_eight(content: str | None, finish: str, kind: str) -> None:
    """Each reply to a request for JSON falls in one class."""
    assert classify({"response_format": JSON_SCHEMA}, read_reply(says(content, finish))) == kind


def test_only_what_was_asked_is_classified() -> None:
    """No format asked, a refusal by status, or a call instead: nothing to classify."""
    json_object = {"response_format": {"type": "json_object"}}
    assert classify({}, read_reply(says("{}"))) is None
    assert classify({"response_format": {"type": "text"}}, read_reply(says("{}"))) is None
    assert classify(json_object, read_reply(plain({"error": {"message": "no"}}, status=400))) is None
    assert classify(json_object, read_reply(calls("{}"))) is None
    assert classify(json_object, read_reply(says("{}"))) == "valid"
    assert classify(json_object, read_reply(says("[]"))) == "invalid"
    assert classify(json_object, read_reply(says(None, refusal="I cannot"))) == "refused"
    assert classify({}, read_reply(says('{"city":"Oslo"}')), schema=SCHEMA) == "valid"


def test_two_tools_of_one_name_are_one_tool_with_two_schemas() -> None:
    """A call is valid if either accepts it, and invalid if neither does, in any order of the declarations."""
    schemas = [
        {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        {"type": "object", "properties": {"radius": {"type": "number"}}, "required": ["radius"]},
    ]
    for order in (schemas, schemas[::-1]):
        request = {"tools": [{"type": "function", "function": {"name": "weather", "parameters": s}} for s in order]}
        given = ('{"city":"Oslo"}', '{"radius":2}', '{"city":7}', "{}")
        verdicts = [validity(request, read_reply(calls(text)))[0].valid for text in given]
        assert verdicts == [True, True, False, False]


def test_arguments_with_more_values_than_are_read_are_not_judged() -> None:
    """They are no wrong JSON: judging ends at the limit, and the checks of calls do not apply."""
    reply = read_reply(calls('{"city":[' + "{}," * 400_000 + "{}]}"))
    with pytest.raises(OutOfSteps, match="more values than is read"):
        read_arguments(reply, reply.calls[0])


def test_several_long_calls_that_each_check_reads_use_up_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit into memory is parsed for each check again, so it is counted."""
    monkeypatch.setattr(json_text, "_MOST_RECENT", 1)
    texts = ['{"city":[' + "0," * 20_000 + f"{number}]}}" for number in range(2)]
    with forgetting_reply(), pytest.raises(OutOfSteps), budget(10_000):
        for _ in range(100):
            assert all(json_text.parse_json(text).ok for text in texts)


def test_what_is_wrong_with_arguments_is_found_once_for_a_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty checks read a call, and to say what a text is that is no JSON takes longer than to parse it."""
    reply = read_reply(calls("[" + "{}," * 100))
    with forgetting_reply():
        first = read_arguments(reply, reply.calls[0])
        monkeypatch.setattr(arguments_module, "_other_text", None)
        assert read_arguments(reply, reply.calls[0]) == first
