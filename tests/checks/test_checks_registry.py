"""The registry: parameters are validated, severity follows the case, unknown checks are said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from check_samples import OK_CALL, OK_TEXT, broken, calls, case, examples, says

from trueweight.checks import all_checks, check_params_schema, run_checks, validate_params
from trueweight.checks.json_schema import validate
from trueweight.core import ConfigError, Finding, Outcome, Severity
from trueweight.protocols import read_reply
from trueweight.protocols.sample import plain

FIXED = [
    "tool-call-expected", "tool-call-matches", "structured-output", "json-equals", "content-matches", "finish-reason",
    "http-json", "sse-shape", "tool-name-declared", "tool-arguments-json", "tool-arguments-schema",
    "markers-in-content", "markers-in-reasoning", "finish-reason-agrees", "call-id-present",
    "error-in-stream", "stream-complete", "usage-present",
]  # fmt: skip


def one(check_id: str, made: object, asked: object) -> Finding:
    return next(f for f in run_checks(asked, read_reply(made)) if f.check == check_id)


def test_the_ids_that_suites_rely_on_are_there() -> None:
    """Suites rely on these ids."""
    assert set(FIXED) <= {info.id for info in all_checks()}


@pytest.mark.parametrize(
    ("check_id", "params", "words"),
    [
        ("tool-call-expected", {"call": "maybe"}, "parameter call"),
        ("tool-call-expected", {}, "'call' is a required property"),
        ("finish-reason", {"one_of": []}, "one_of"),
        ("http-json", {"x": 1}, "'x' was unexpected"),
        ("content-matches", {"contain": ["a"]}, "contain"),
        ("tool-call-matches", {"calls": [{"nam": "f"}]}, r"calls\[0\]"),
    ],
)
def test_bad_parameters_say_where_and_what(check_id: str, params: dict, words: str) -> None:
    """The error names the parameter, what is wrong and what is valid."""
    with pytest.raises(ConfigError, match=words) as error:
        validate_params(check_id, params, where="suite.yaml:3")
    assert "suite.yaml:3" in str(error.value)


def test_an_unknown_check_gets_a_near_miss() -> None:
    """A misspelt id gets the nearest name."""
    with pytest.raises(ConfigError, match="Did you mean 'json-equals'"):
        validate_params("json-equal", {})


def test_cases_with_the_same_checks_keep_their_parameters_and_severity() -> None:
    """What is known of one case's checks is not taken for another's."""
    for word, severity, outcome in [
        ("hello", Severity.MUST, Outcome.PASS),
        ("bye", Severity.MUST, Outcome.FAIL),
        ("bye", Severity.INFO, Outcome.FAIL),
    ]:
        asked = replace(case({"content-matches": {"contains": [word]}}), severity=severity)
        found = one("content-matches", OK_TEXT, asked)
        assert (found.outcome, found.severity) == (outcome, severity)
        named = {finding.check for finding in run_checks(asked, read_reply(OK_TEXT))}
        assert "json-equals" not in named


def test_every_check_says_where_its_requirement_comes_from() -> None:
    """A clause or a bug report, why it matters, and what to do about it: one line, and a link."""
    for info in all_checks():
        assert info.source.startswith("https://"), info.id
        assert info.requirement.endswith(".") and "\n" not in info.requirement
        assert info.why.endswith(".") and info.fix.endswith((".", "}", "…")), info.id


def test_every_parameter_schema_is_a_valid_schema() -> None:
    """The schemas that judge others are themselves valid."""
    for info in all_checks():
        assert validate(check_params_schema(info.id), {}).valid is not None


def test_the_cases_severity_wins_where_it_names_the_check() -> None:
    """A named check has the severity of the case; every other check has its own."""
    asked = replace(case({"finish-reason": {"one_of": ["length"]}}), severity=Severity.INFO)
    assert one("finish-reason", OK_TEXT, asked).severity is Severity.INFO
    assert one("http-json", OK_TEXT, asked).severity is Severity.MUST


def test_a_check_of_a_newer_version_is_said() -> None:
    """An older version reports that it cannot judge, and does not raise."""
    found = one("from-the-future", OK_TEXT, case({"from-the-future": {}}))
    assert found.outcome is Outcome.NOT_APPLICABLE


def test_the_failure_of_one_kind_is_named_by_one_check_of_its_family() -> None:
    """Each way to break arguments fails one of the arguments checks, not all of them."""
    for check, example in examples().items():
        if check.startswith("tool-arguments-"):
            found = run_checks(example.case, read_reply(broken(example)))
            failed = [f.check for f in found if f.outcome is Outcome.FAIL and f.check.startswith("tool-arguments-")]
            assert failed == [check]


@pytest.mark.parametrize(
    ("params", "made", "outcome"),
    [
        ({"call": "must"}, OK_CALL, Outcome.PASS),
        ({"call": "must", "min": 2}, OK_CALL, Outcome.FAIL),
        ({"call": "must-not"}, OK_CALL, Outcome.FAIL),
        ({"call": "must-not"}, OK_TEXT, Outcome.PASS),
        ({"call": "may"}, OK_TEXT, Outcome.PASS),
        ({"call": "may", "max": 1}, calls("{}", "{}"), Outcome.FAIL),
    ],
)
def test_call_expectations_count_calls(params: dict, made: object, outcome: Outcome) -> None:
    """Must, must not, may; at least, at most."""
    assert one("tool-call-expected", made, case({"tool-call-expected": params})).outcome is outcome


OSLO, ROME = ({"name": "weather", "arguments": {"city": city}} for city in ("Oslo", "Rome"))


@pytest.mark.parametrize(
    ("params", "arguments", "outcome"),
    [
        ({"calls": [OSLO, ROME]}, ['{"city":"Rome"}', '{"city":"Oslo"}'], Outcome.PASS),
        ({"calls": [OSLO, ROME], "ordered": True}, ['{"city":"Rome"}', '{"city":"Oslo"}'], Outcome.FAIL),
        ({"calls": [OSLO]}, ['{"city":"Oslo","days":1}'], Outcome.FAIL),
        ({"calls": [{"name": "weather", "includes": {"city": "Oslo"}}]}, ['{"city":"Oslo","days":1}'], Outcome.PASS),
        ({"calls": [OSLO]}, ['{"city":"Oslo"}', '{"city":"Oslo"}'], Outcome.FAIL),
        ({"calls": [{"name": "weather"}, OSLO]}, ['{"city":"Oslo"}', '{"city":"Rome"}'], Outcome.PASS),
        ({"calls": []}, [], Outcome.PASS),
    ],
)
def test_expected_calls_are_matched_as_a_multiset(params: dict, arguments: list, outcome: Outcome) -> None:
    """In any order unless ordered, exactly or by inclusion, and none beside."""
    made = calls(*arguments) if arguments else OK_TEXT
    assert one("tool-call-matches", made, case({"tool-call-matches": params})).outcome is outcome


def test_findings_can_always_be_written() -> None:
    """Half code points from a model do not reach a finding as such."""
    for finding in run_checks(case(), read_reply(says("\ud83d<tool_call>"))):
        (finding.message + finding.got + finding.expected).encode()


def test_a_request_that_should_be_refused_is_not_held_to_be_obeyed() -> None:
    """An answer to a malformed request breaks one requirement, and not also those about what it requests."""
    asked = case({"request-refused": {}}, tool_choice="required", tools=[])
    failed = {f.check for f in run_checks(asked, read_reply(OK_TEXT)) if f.outcome is Outcome.FAIL}
    assert failed == {"request-refused"}
    assert one("tool-choice-required", OK_TEXT, case(tool_choice="required")).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("Only one completion choice is allowed", Outcome.UNSUPPORTED),
        ("'n' must be 1", Outcome.UNSUPPORTED),
        ("n > 1 is not possible", Outcome.UNSUPPORTED),
        ("bad luck", Outcome.FAIL),
    ],
)
def test_a_clean_refusal_of_n_is_unsupported(words: str, outcome: Outcome) -> None:
    """One letter is hard to find in words, so the words around it count."""
    refused = plain({"error": {"message": words}}, status=400)
    assert one("request-accepted", refused, case(n=2, tools=[])).outcome is outcome


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ("max_tokens is too large", "the limit of tokens"),
        ("n must be 1, about the limit of tokens: no", "n"),
    ],
)
def test_what_a_refusal_is_about_is_a_value(words: str, about: str) -> None:
    """Beside the sentence, in which a server's own words are quoted."""
    refused = plain({"error": {"message": words}}, status=400)
    assert one("request-accepted", refused, case(n=2, max_tokens=9)).about == about


def test_a_failure_of_every_check_has_a_sentence() -> None:
    """Each declaration says what was found where the check fails, with one place for the count, and not its rule."""
    for info in all_checks():
        assert info.failure.count("{cases}") == 1, info.id
        assert info.failure.rstrip(".") == info.failure, info.id
        assert info.failure.replace("{cases}", "") != info.requirement, info.id


@pytest.mark.parametrize(
    ("params", "made", "expected", "found"),
    [
        ({"call": "must", "max": 1}, OK_TEXT, "1", "no call;"),
        ({"call": "must", "min": 2}, OK_CALL, "at least 2", "1 call;"),
        ({"call": "must-not"}, calls("{}", "{}"), "0", "2 calls;"),
    ],
)
def test_numbers_of_calls_are_in_words(params: dict, made: object, expected: str, found: str) -> None:
    """Neither ``1 to 1`` nor ``1 call(s)``."""
    finding = one("tool-call-expected", made, case({"tool-call-expected": params}))
    assert finding.expected == expected and finding.message.startswith(found)


def test_a_misnamed_call_has_the_same_words_each_time() -> None:
    """Of two tools that are as long, the first by name; a tool without a name is none of them."""
    tools = [{"type": "function", "function": {"name": name}} for name in ("now", "get", "")]
    finding = one("tool-name-declared", calls("{}", name="get.now"), case(tools=tools))
    assert finding.message == 'the names of tools have text behind them, such as ".now"'


def test_the_path_of_a_wrong_count_is_short() -> None:
    """It is written by the server: with a long name, and many counts inside of it, a finding stays a line."""
    usage = {f"{'x' * 100_000}_tokens_details": {**{f"{at}_tokens": 1 for at in range(100)}, "a_tokens": -1}}
    finding = one("usage-counts", plain({"usage": usage}), case())
    assert finding.outcome is Outcome.FAIL and len(finding.message) < 200
    usage = {"prompt_tokens_details": {"text_tokens": -1}}
    finding = one("usage-counts", plain({"usage": usage}), case())
    assert finding.message == "the count prompt_tokens_details.text_tokens is below 0"
