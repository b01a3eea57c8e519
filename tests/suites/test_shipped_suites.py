"""What every shipped case must be, and that each suite holds against its own answers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from each_case import of_each
from jsonschema import Draft202012Validator

from trueweight.checks import all_checks
from trueweight.core import Case, Mode, Severity, canonical_json
from trueweight.suites import find_suite, shipped_suites

FOLDER = Path(__file__).parents[2] / "suites"
SUITES = tuple(name for name in shipped_suites() if (FOLDER / f"{name}.yaml").exists())
"""Those that people wrote; generated ones are held to laws of their own."""
ALL = [case for name in SUITES for case in find_suite(name).cases]
REFUSED = [case for case in ALL if "request-refused" in case.checks]
MODELS = [case for case in ALL if case.api == "models"]
COUNTS = [case for case in ALL if case.api == "count-tokens"]
EITHER = [case for case in ALL if "responses-tools-kept" in case.checks]
"""Cases that a server may answer or refuse."""
CASES = [case for case in ALL if case not in (*REFUSED, *MODELS, *COUNTS, *EITHER)]
PLENTY = 400
"""Cases that are shipped, at least, before any that are generated."""
WRITTEN = """
dynamic-tools field-reports messages parameters prefix-cache protocol reasoning responses
schema-keywords structured-output text tokens tool-calls
"""
OPEN = frozenset({"ambiguous", "sampling"})
"""Tags of cases that have no answer: what is measured is how replies differ, or that they do not."""


def _tools(case: Case) -> dict[str, Mapping[str, Any]]:
    """Tools by name, those that messages declare among them."""
    holders = [case.request, *case.request["messages"]]
    return {tool["function"]["name"]: tool["function"] for holder in holders for tool in holder.get("tools", ())}


def _response_schema(case: Case) -> Mapping[str, Any] | None:
    schema: Mapping[str, Any] | None = case.request.get("response_format", {}).get("json_schema", {}).get("schema")
    return schema


def _schemas(case: Case) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Every schema that a case sends, and whether it asks for strictness."""
    for function in _tools(case).values():
        yield function["parameters"], function.get("strict", False)
    if (schema := _response_schema(case)) is not None:
        yield schema, case.request["response_format"]["json_schema"].get("strict", False)


def _objects(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Every part of a schema that describes an object."""
    if isinstance(schema, Mapping):
        if "properties" in schema or schema.get("type") == "object":
            yield schema
        for part in schema.values():
            yield from _objects(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _objects(part)


def test_case_keys_and_requests_are_unique() -> None:
    """A key names one case, and no two cases ask the same question: the second would cost money and say nothing."""
    assert len({case.key for case in ALL}) == len(ALL)
    assert len({canonical_json([case.api, case.behind, case.request]) for case in ALL}) == len(ALL)


def test_the_suites_are_as_large_as_they_say() -> None:
    """All suites are there; the two that the demo sends stay small enough for its minute."""
    count = {name: len(find_suite(name).cases) for name in SUITES}
    assert set(count) >= set(WRITTEN.split())
    assert len(ALL) >= PLENTY
    assert 60 <= count["tool-calls"] <= 75
    assert 40 <= count["structured-output"] <= 50


def test_the_page_of_suites_counts_the_cases() -> None:
    """The table of suites is true."""
    page = (FOLDER.parent / "docs" / "suites.md").read_text(encoding="utf-8")
    for name in WRITTEN.split():
        assert f"| `{name}` | {len(find_suite(name).cases)} |" in page


def test_the_docs_show_a_suite_that_is_one(tmp_path: Path) -> None:
    """The example that people will copy has no problem."""
    page = (FOLDER.parent / "docs" / "write-a-suite.md").read_text(encoding="utf-8")
    example = "suite:" + page.partition("```yaml\nsuite:")[2].partition("```")[0]
    (tmp_path / "orders.yaml").write_text(example, encoding="utf-8")
    assert [case.id for case in find_suite(str(tmp_path / "orders.yaml")).cases] == ["refund-needs-a-call"]


@of_each(REFUSED)
def test_a_negative_has_a_positive_control(case: Case) -> None:
    """A refusal counts only beside an accepted sibling, which is a well-formed case of the same suite."""
    control = case.checks["request-refused"]["control"]
    assert {one.id: one for one in CASES if one.suite == case.suite}[control].answer is not None
    assert case.answer is None
    assert list(case.checks) == ["request-refused"], "nothing else can be judged of a refusal"
    assert case.source.startswith("https://")
    assert case.why.endswith(".")
    assert "negative" in case.tags


def test_the_list_of_models_is_asked_for_once() -> None:
    """One case fetches it, with nothing to send; it is no MUST, because whoever only chats does without it."""
    (case,) = MODELS
    assert (case.modes, dict(case.request), case.answer) == ((Mode.PLAIN,), {}, None)
    assert case.severity is Severity.SHOULD
    assert {"models-list", "http-json", "request-accepted"} <= set(case.checks)
    assert case.source.startswith("https://")


@of_each(COUNTS)
def test_a_prompt_is_counted_that_is_also_answered(case: Case) -> None:
    """The count of its tokens is compared with the usage of a case that asks the same through Messages."""
    other = next(one for one in CASES if one.id == case.checks["count-tokens-agree"]["as"] and one.suite == case.suite)
    assert (other.api, other.modes, case.modes) == ("messages", (Mode.PLAIN,), (Mode.PLAIN,))
    assert canonical_json(other.request) == canonical_json(case.request)
    assert case.answer is None
    assert case.source.startswith("https://")


def test_streams_that_do_not_ask_for_usage_are_asked_for() -> None:
    """Said by false, and by saying nothing; with text and with a call."""
    declined = [case for case in ALL if "stream_options" in case.request]
    assert {str(case.request["stream_options"]) for case in declined} == {"None", "{'include_usage': False}"}
    assert {"tools" in case.request for case in declined} == {True, False}
    assert all("usage-unasked" in case.checks and case.modes == (Mode.STREAM,) for case in declined)


def test_paired_checks_name_cases_of_their_suite() -> None:
    """A case that is compared with another one names one that is there, and both are asked in the same modes."""
    by_key = {case.key: case for case in CASES}
    for case in CASES:
        for params in case.checks.values():
            for key in ("than", "as"):
                if key in params:
                    assert by_key[f"{case.suite}/{params[key]}"].modes == case.modes


@pytest.mark.slow
@pytest.mark.parametrize("name", SUITES)
def test_any_yaml_reader_reads_the_same_suite(name: str) -> None:
    """No shipped text leans on our stricter reading: YAML 1.1 readers, with their octals and dates, agree."""
    from trueweight.suites.strict_yaml import parse_yaml

    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    assert parse_yaml(text, name).value == yaml.safe_load(text)


def test_a_requirement_names_every_case_that_breaks_it() -> None:
    """``of_each`` reports all offenders of a requirement, an exception is one, and an empty list of cases fails."""

    @of_each(CASES[:3])
    def requirement(case: Case) -> None:
        assert case is CASES[0], "not the first"
        raise ValueError("the first")

    with pytest.raises(AssertionError) as caught:
        requirement()
    for number, words in enumerate(("ValueError: the first", "AssertionError: not the first", "not the first")):
        assert f"{CASES[number].key}: " in str(caught.value)
        assert words in str(caught.value)
    with pytest.raises(AssertionError):
        of_each(())(lambda case: None)()


@of_each(CASES)
def test_a_case_says_what_it_is_for(case: Case) -> None:
    """Each case has one sentence of purpose, a source that is a link, and tags to filter by."""
    assert case.why.endswith((".", "?")), "a sentence"
    assert len(case.why) < 200
    assert case.source.startswith("https://")
    assert len(case.tags) > 1


@of_each(CASES)
def test_a_must_is_about_the_server(case: Case) -> None:
    """No reply that a weak model gives through a sound server fails a MUST: what can, the server has means to hold."""
    if case.severity is not Severity.MUST:
        return
    engine = {info.id for info in all_checks() if info.engine}
    held = {
        name for name in case.checks if name.startswith("tool-arguments-")
    }  # their own severity, whoever names them
    if case.request.get("response_format", {}).get("type", "text") != "text":
        held.add("structured-output")
    if case.request.get("tool_choice", "auto") != "auto":
        held |= {"tool-call-expected", "finish-reason"}
        assert not any("arguments" in call for call in case.checks.get("tool-call-matches", {}).get("calls", ())) or (
            case.answer == {"calls": [{"name": case.request["tools"][0]["function"]["name"], "arguments": {}}]}
        )
        held.add("tool-call-matches")
    assert set(case.checks) <= engine | held


@of_each([case for case in CASES if case.suite == "schema-keywords"])
def test_no_keyword_is_a_must_by_the_back_door(case: Case) -> None:
    """The breach of ``then`` or ``allOf`` is told as that of the keyword inside, which has a check of its own: a case
    of less than MUST names them all, so that none of them speaks with its own severity."""
    four = {f"tool-arguments-{name}" for name in ("schema", "types", "enum", "required")}
    if "tools" in case.request and case.severity is not Severity.MUST:
        assert four <= set(case.checks)


@of_each(CASES)
def test_a_case_is_cheap_and_repeatable(case: Case) -> None:
    """A small token limit is in every request, and temperature 0 and a seed wherever the answer should not vary."""
    request = case.request
    enough = 4096 if case.suite == "reasoning" else 512  # a thought cut short would look like an answer withheld
    assert request.get("max_tokens", request.get("max_completion_tokens")) <= enough
    if "ambiguous" in case.tags:
        assert (request["temperature"], "seed" in request) == (1, False), "a seed would hide the noise that is measured"
        assert (case.severity, dict(case.checks), case.answer) == (Severity.INFO, {}, None)
    elif OPEN & set(case.tags):
        assert case.answer is None
        assert case.checks
    else:
        assert case.answer is not None
        assert "sampler" in case.tags or (request["temperature"], request["seed"]) == (0, 7)


@of_each(CASES)
def test_tools_and_schemas_are_what_an_api_takes(case: Case) -> None:
    """Tool names are legal and at most 128; every schema is a valid one; strict ones are closed and complete."""
    assert len(_tools(case)) <= 128
    assert len({tool["function"]["name"] for tool in case.request.get("tools", ())}) == len(
        case.request.get("tools", ())
    )
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) for name in _tools(case))
    for schema, strict in _schemas(case):
        Draft202012Validator.check_schema(schema)
        for part in _objects(schema) if strict else ():
            assert part.get("additionalProperties") is False
            assert set(part.get("required", ())) == set(part["properties"])


@of_each(CASES)
def test_history_is_well_formed(case: Case) -> None:
    """Each result answers a call made before it, each call has its result, and the last word is not the assistant's."""
    open_ids: set[str] = set()
    for message in case.request["messages"]:
        if message["role"] == "tool":
            open_ids.remove(message["tool_call_id"])
            continue
        assert not open_ids
        for call in message.get("tool_calls", ()):
            assert call["function"]["name"] in _tools(case)
            if "odd-history" not in case.tags:
                json.loads(call["function"]["arguments"])
            open_ids.add(call["id"])
    assert not open_ids
    assert case.request["messages"][-1]["role"] in {"user", "tool"} or "tools" in case.request["messages"][-1]


@of_each(CASES)
def test_the_answer_obeys_the_request(case: Case) -> None:
    """The example calls declared tools with arguments valid by their schemas; the example JSON is valid by its own."""
    if case.answer is None:
        return
    for call in case.answer.get("calls", ()):
        Draft202012Validator(_tools(case)[call["name"]]["parameters"]).validate(call["arguments"])
    if "json" in case.answer:
        Draft202012Validator(_response_schema(case) or {"type": "object"}).validate(case.answer["json"])
    choice = case.request.get("tool_choice", "auto")
    calls = [call["name"] for call in case.answer.get("calls", ())]
    if choice == "none":
        assert not calls
    elif choice == "required":
        assert calls
    elif isinstance(choice, Mapping):
        assert set(calls) == {choice["function"]["name"]}
    if case.request.get("parallel_tool_calls") is False:
        assert len(calls) <= 1


@of_each(CASES)
def test_the_answer_fits_unless_it_is_meant_not_to(case: Case) -> None:
    """At three characters a token the answer fits into max_tokens; the cases about truncation overflow at eight."""
    if case.answer is None:
        return
    length = len(canonical_json(case.answer))
    limit = case.request.get("max_tokens") or case.request["max_completion_tokens"]
    if "truncated" in case.tags:
        assert length > 8 * limit
    else:
        assert length < 3 * limit


@of_each(CASES)
def test_structured_cases_check_the_structure(case: Case) -> None:
    """A request with a response_format is held to it, but where it is cut on purpose."""
    if case.request.get("response_format", {"type": "text"})["type"] != "text":
        assert ("structured-output" in case.checks) != ("truncated" in case.tags)


@pytest.mark.slow
def test_digests_do_not_depend_on_hash_randomisation() -> None:
    """A second machine computes the same digests: a manifest's claim about its suites can be checked by anyone."""
    script = "from trueweight.suites import *; print([find_suite(name).digest() for name in shipped_suites()])"

    def digests(seed: str) -> str:
        environ = {**os.environ, "PYTHONHASHSEED": seed}
        return subprocess.run(
            [sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True
        ).stdout

    here = f"{[find_suite(name).digest() for name in shipped_suites()]}\n"
    assert digests("0") == digests("4242") == here
