"""Importers: what each format says arrives in the case, and what cannot be read is listed with its number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from trueweight.cli import main
from trueweight.core import PROTOCOLS, Case, ConfigError, Mode, Provider, Trial
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
        ("silence_output", {"content-matches"}),
    ],
)
def test_minimax_check_types_become_checks(tmp_path: Path, kind: str, checks: set[str]) -> None:
    """And are not sent."""
    case = only("minimax", lines(tmp_path / "a.jsonl", {"messages": ASK, "check_type": [kind]}))
    assert set(case.checks) == checks
    assert "check_type" not in case.request


def test_kvv_schemas_become_the_property_of_a_strict_tool(tmp_path: Path) -> None:
    """A folder a family, a line a schema; the call is forced. Definitions move to the root, defaults go."""
    named = {"type": "object", "properties": {"default": {"type": "string", "default": "x"}}, "$defs": {"a": {}}}
    lines(tmp_path / "cases" / "TestAnyOf" / "valid.jsonl", {"type": "string"}, {"anyOf": [{"$ref": "#"}, {}]})
    lines(tmp_path / "cases" / "TestDefs" / "valid.jsonl", named)
    imported = read_format("kvv-schemas", tmp_path / "cases", "mine")
    assert [case.id for case in imported.cases] == ["testanyof-001", "testanyof-002", "testdefs-001"]
    plain, whole, defined = (case.request["tools"][0]["function"]["parameters"] for case in imported.cases)
    shape = {"type": "object", "required": ["value"], "additionalProperties": False}
    assert plain == {**shape, "properties": {"value": {"type": "string"}}}
    ref = {"$ref": "#/$defs/case_schema"}
    assert whole == {**shape, "properties": {"value": ref}, "$defs": {"case_schema": {"anyOf": [ref, {}]}}}
    assert defined["properties"]["value"] == {"type": "object", "properties": {"default": {"type": "string"}}}
    assert defined["$defs"] == {"a": {}}
    assert (imported.cases[0].request["tool_choice"], imported.lines) == ("required", 3)


def test_kvv_schemas_that_it_skips_are_left_out(tmp_path: Path) -> None:
    """Texts of thousands of characters, property names that no decoder keeps, and schemas without a finite value."""
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/N"}}, "required": ["next"]}
    ends = {"anyOf": [{"type": "null"}, node]}
    skipped = [
        {"type": "string", "minLength": 1001},
        {"type": "object", "properties": {" a": {}}},
        {"type": "object", "properties": {"": {}}},
        {"type": "object", "properties": {"a\\n": {}}},
        {"type": "object", "$defs": {"N": node}},
    ]
    kept = [{"type": "string", "minLength": 1000}, {"$ref": "#/$defs/N", "$defs": {"N": ends}}]
    imported = read_format("kvv-schemas", lines(tmp_path / "T" / "valid.jsonl", *skipped, *kept), "mine")
    assert [one.line for one in imported.left_out] == [1, 2, 3, 4, 5]
    assert (len(imported.cases), imported.lines) == (2, 7)


SCRIPT = """
// what the test offers
export const TOOLS: Tool[] = [
  {
    type: 'function',
    name: "look",
    description:
      'Looks "twice"',
    parameters: { type: "object", properties: { a: { type: "string", maxLength: 3 } }, required: [], },
    output: `{"a":1}`,
  },
  { name: "other", parameters: { type: "object", properties: {}, additionalProperties: false } }, /* last */
];
export const TOOLS_MAP = TOOLS.reduce((acc, tool) => acc, {});
"""


def test_gpt_oss_cases_offer_their_own_tool(tmp_path: Path) -> None:
    """The tools come from tools.ts or tools.json beside the file, or from the line. Only strict mode compares."""
    row = {"tool_name": "look", "input": "Look!", "expected_arguments": '{"a": "x"}', "instructions": "Be brief."}
    path = lines(tmp_path / "cases.jsonl", row)
    (tmp_path / "tools.ts").write_text(SCRIPT, encoding="utf-8")
    case, strict = only("gpt-oss", path), only("gpt-oss-strict", path)
    schema = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}}, "required": []}
    function = {"name": "look", "description": 'Looks "twice"', "parameters": schema}
    assert case.request["tools"] == [{"type": "function", "function": function}]
    assert case.checks == {"tool-call-expected": {"call": "must"}}
    assert strict.checks["tool-call-matches"] == {"calls": [{"name": "look", "arguments": {"a": "x"}}]}
    assert [message["role"] for message in case.request["messages"]] == ["system", "user"]
    other = read_format("gpt-oss", lines(tmp_path / "more.jsonl", {**row, "tool_name": "third"}), "mine")
    assert "tools.json" in other.malformed[0].reason
    lines(tmp_path / "tools.json", [TOOL])
    assert only("gpt-oss", path).request["tools"] == [TOOL]
    (tmp_path / "tools.json").unlink()
    (tmp_path / "tools.ts").write_text("export const TOOLS = [make()];", encoding="utf-8")
    with pytest.raises(ConfigError, match="not a list of tools"):
        read_format("gpt-oss", path, "mine")


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


def test_bfcl_truth_becomes_all_right_values(tmp_path: Path) -> None:
    """Types and names are the API's. A variable of the program may stand for a value of another type."""
    properties = {
        "x": {"type": "float"}, "any": {"type": "any"}, "n": {"type": "long"}, "c": {"type": "char"},
        "v": {"type": "integer"}, "e": {"type": ""}, "l": {"type": "ArrayList", "items": {"type": "double"}},
    }  # fmt: skip
    parameters = {"type": "dict", "properties": properties, "required": ["x"]}
    function = {"name": "math.hypot", "description": "d", "parameters": parameters}
    row = {"id": "parallel_0", "question": [ASK], "function": [function]}
    right = {"x": [1.5], "u": ["km", ""], "v": ["Set.ALL"]}
    lines(tmp_path / "possible_answer" / "BFCL.json", {"id": "parallel_0", "ground_truth": [{"math.hypot": right}]})
    case = only("bfcl", lines(tmp_path / "BFCL.json", row))
    (tool,) = case.request["tools"]
    assert tool["function"]["name"] == "math_hypot"
    assert tool["function"]["parameters"]["type"] == "object"
    assert tool["function"]["parameters"]["properties"] == {
        "x": {"type": "number"}, "any": {}, "n": {"type": "integer"}, "c": {"type": "string"},
        "v": {"type": ["integer", "string"]}, "e": {}, "l": {"type": "array", "items": {"type": "number"}},
    }  # fmt: skip
    assert case.checks["tool-call-matches"] == {"calls": [{"name": "math_hypot", "accepts": right}]}


def test_bfcl_categories_without_truth(tmp_path: Path) -> None:
    """Irrelevance must not call, relevance must; several turns and tools that run elsewhere are left out."""
    row = {"question": [ASK], "function": []}
    path = lines(
        tmp_path / "a.json",
        {**row, "id": "live_irrelevance_1-0-0"},
        {**row, "id": "live_relevance_1-0-0", "function": [{"name": "f", "description": ""}]},
        {"id": "multi_turn_base_1", "question": [ASK, ASK], "involved_classes": ["A"]},
        {"id": "memory_1", "question": [ASK], "involved_classes": ["A"]},
    )
    imported = read_format("bfcl", path, "mine")
    assert [dict(case.checks) for case in imported.cases] == [
        {"tool-call-expected": {"call": "must-not"}}, {"tool-call-expected": {"call": "must"}}
    ]  # fmt: skip
    assert "tools" not in imported.cases[0].request
    assert [(one.line, one.reason.split(":")[0]) for one in imported.left_out] == [
        (3, "several turns"), (4, "its tools are classes that the leaderboard runs (involved_classes)")
    ]  # fmt: skip
    assert imported.lines == 4


@pytest.mark.parametrize(
    ("value", "call"), [(True, {"call": "must"}), (False, {"call": "must-not"}), (None, None), ("yes", "malformed")]
)
def test_minimax_expectations_are_checks(tmp_path: Path, value: Any, call: Any) -> None:
    """They are not sent, and ``reason`` in a history is its thought."""
    history = [*ASK, {"role": "assistant", "reason": "Greet.", "content": "Hello."}, *ASK]
    imported = read_format(
        "minimax", lines(tmp_path / "a.jsonl", {"messages": history, "expected_tool_call": value}), "mine"
    )
    if call == "malformed":
        assert "expected_tool_call" in imported.malformed[0].reason
        return
    (case,) = imported.cases
    assert case.checks.get("tool-call-expected") == call
    assert set(case.request) == {"messages"}
    assert case.request["messages"][1] == {"role": "assistant", "content": "Hello.", "reasoning_content": "Greet."}


def test_minimax_scenario_is_the_order_of_the_parameters(tmp_path: Path) -> None:
    """The names of the first tool's parameters; a line without two of them is malformed."""
    schema = {"type": "object", "properties": {"b": {}, "a": {}}}
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    row = {"messages": ASK, "tools": [tool], "check_type": ["scenario_check"]}
    imported = read_format(
        "minimax", lines(tmp_path / "a.jsonl", row, {**row, "tools": []}, {**row, "tools": [TOOL]}), "mine"
    )
    (case,) = imported.cases
    assert case.checks == {"content-matches": {"first_in_order": ["b", "a"]}}
    assert [one.line for one in imported.malformed] == [2, 3]


PRIVATE = {
    "api_key": "hash-9f2", "spend": 0.123, "metadata": {"team": "team-77"}, "user": "user-31", "end_user": "user-32",
    "session_id": "session-5", "requester_ip_address": "10.9.8.7", "request_tags": ["tag-1"], "cache_hit": "False",
}  # fmt: skip
SECRETS = ("hash-9f2", "0.123", "team-77", "user-31", "user-32", "session-5", "10.9.8.7", "tag-1", "False")


def test_a_gateway_row_sends_its_inner_request_only(tmp_path: Path) -> None:
    """Key hashes, spend, metadata, addresses and users of a LiteLLM row, of its request and of its messages."""
    turn = {"role": "user", "content": "Look!", "provider_specific_fields": {"id": "user-31"}}
    inner = {"model": "m", "messages": [turn], "temperature": 0.5, **PRIVATE}
    answer = {"choices": [{"message": {"content": "No."}}]}
    rows = [
        {**PRIVATE, "messages": [turn], "proxy_server_request": inner, "response": answer},
        {**PRIVATE, "messages": json.dumps([turn]), "proxy_server_request": {}, "response": json.dumps(answer)},
        {**PRIVATE, "messages": {}, "proxy_server_request": {}, "response": {}},
        {"request_body": inner, "response_body": answer, **PRIVATE},
    ]
    path = lines(tmp_path / "log.jsonl", *rows)
    imported = read_format("openai-log", path, "mine")
    assert [dict(case.request) for case in imported.cases] == [
        {"messages": ASK, "temperature": 0.5}, {"messages": ASK}, {"messages": ASK, "temperature": 0.5}
    ]  # fmt: skip
    assert all(case.answer == {"content": "No."} for case in imported.cases)
    assert [one.line for one in imported.left_out] == [3]
    assert {"api_key", "spend", "metadata", "user", "messages[].provider_specific_fields"} <= set(imported.not_sent)
    provider = Provider("p", "http://127.0.0.1", "m")
    bodies = "".join(Trial.of(case, provider, 0, mode).body() for case in imported.cases for mode in Mode)
    written = "".join(file.read_text() for file in write_suite(imported.cases, tmp_path / "out", "s", "t"))
    assert not [secret for secret in SECRETS if secret in bodies or secret in written]
    assert "kept out of requests (lines): api_key (3)" in "\n".join(imported.account())


def test_batch_output_is_joined_to_its_input(tmp_path: Path) -> None:
    """In one file, in two files of a folder, or beside it; without its input a reply is left out, and that is said."""
    asked = {"custom_id": "r-1", "method": "POST", "url": "/v1/chat/completions", "body": {"messages": ASK}}
    other = {"custom_id": "r-2", "method": "POST", "url": "/v1/embeddings", "body": {"input": "Hi"}}
    body = {"choices": [{"message": {"content": "No."}}]}
    reply = {"id": "b", "custom_id": "r-1", "response": {"status_code": 200, "body": body}, "error": None}
    alone = read_format("openai-log", lines(tmp_path / "alone" / "out.jsonl", reply), "mine")
    assert (alone.cases, len(alone.left_out)) == ((), 1)
    assert "custom_id" in alone.left_out[0].reason
    one = read_format("openai-log", lines(tmp_path / "one" / "both.jsonl", asked, other, reply), "mine")
    assert ([case.answer for case in one.cases], [line.line for line in one.left_out]) == ([{"content": "No."}], [2, 3])
    lines(tmp_path / "two" / "in.jsonl", asked, other)
    output = lines(tmp_path / "two" / "out.jsonl", reply)
    for path, cases, count in ((output, 1, 1), (tmp_path / "two" / "in.jsonl", 1, 2), (tmp_path / "two", 1, 3)):
        joined = read_format("openai-log", path, "mine")
        assert ([case.answer for case in joined.cases], joined.lines) == ([{"content": "No."}] * cases, count)
        assert dict(joined.cases[0].request) == {"messages": ASK}


def test_the_last_assistant_turn_of_a_training_line_is_its_answer(tmp_path: Path) -> None:
    """Of fine-tuning and of preferences. A turn that is to be continued stays in the request."""
    turn = {"role": "assistant", "content": "No.", "weight": 1}
    for row in ({"messages": [*ASK, turn]}, {"input": {"messages": ASK}, "preferred_output": [turn]}):
        case = only("openai-log", lines(tmp_path / "a.jsonl", row))
        assert (dict(case.request), case.answer) == ({"messages": ASK}, {"content": "No."})
    case = only("openai-log", lines(tmp_path / "a.jsonl", {"messages": [*ASK, {**turn, "prefix": True}]}))
    assert (len(case.request["messages"]), case.answer) == (2, None)


@pytest.mark.parametrize(
    ("request_", "response", "api"),
    [
        ({"input": "Hi", "model": "text-embedding-3-small"}, {}, "embeddings"),
        ({"input": "Hi", "previous_response_id": "resp_1"}, {}, "the server keeps"),
        ({"input": [{"type": "web_search_call"}]}, {}, "chat completions does not have"),
        ({"messages": ASK, "system": "s", "tools": [{"type": "web_search_20250305"}]}, {}, "run at the server"),
        ({"prompt": "Hi"}, {}, "legacy"),
        ({"contents": []}, {}, "Gemini"),
    ],
)
def test_requests_of_other_apis_are_left_out(tmp_path: Path, request_: Any, response: Any, api: str) -> None:
    """They are named, and never sent as chat completions."""
    imported = read_format(
        "openai-log", lines(tmp_path / "a.jsonl", {"request": request_, "response": response}), "mine"
    )
    assert (imported.cases, imported.malformed) == ((), ())
    assert api in imported.left_out[0].reason


WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
CALLS = [
    {"id": f"c{n}", "type": "function", "function": {"name": "weather", "arguments": f'{{"city": "{city}"}}'}}
    for n, city in enumerate(("Oslo", "Rome"))
]
SAME = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": None, "tool_calls": CALLS},
        {"role": "tool", "tool_call_id": "c0", "content": "14"},
        {"role": "tool", "tool_call_id": "c1", "content": "30"},
        {"role": "user", "content": "And Riga?"},
    ],
    "tools": [WEATHER],
    "max_tokens": 9,
}
"""What both requests below ask, in the shape of chat completions."""
ANSWER = {"calls": [{"name": "weather", "arguments": {"city": "Riga"}}], "content": "I look."}


def test_requests_of_messages_become_chat_completions(tmp_path: Path) -> None:
    """System blocks, calls, results and what follows them, stop sequences, choice, format; a signed thought is kept."""
    turns = [
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Two cities.", "signature": "c2ln"},
                *(
                    {"type": "tool_use", "id": f"c{n}", "name": "weather", "input": {"city": city}}
                    for n, city in enumerate(("Oslo", "Rome"))
                ),
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "c0", "content": [{"type": "text", "text": "14"}]},
                {"type": "tool_result", "tool_use_id": "c1", "content": "30"},
                {"type": "text", "text": "And Riga?"},
            ],
        },
    ]
    schema = {"type": "object"}
    request = {
        "model": "m", "system": [{"type": "text", "text": "Be brief."}], "messages": turns, "max_tokens": 9,
        "tools": [{"name": "weather", "input_schema": {"type": "object"}}], "stop_sequences": ["END"],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": True}, "metadata": {"user_id": "u"},
        "output_config": {"format": {"type": "json_schema", "schema": schema}},
    }  # fmt: skip
    call = {"type": "tool_use", "id": "c2", "name": "weather", "input": {"city": "Riga"}}
    reply = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "I look."}, call]}
    imported = read_format("openai-log", lines(tmp_path / "a.jsonl", {"request": request, "response": reply}), "mine")
    (case,) = imported.cases
    expected = [dict(one) for one in SAME["messages"]]
    expected[2]["reasoning_content"] = "Two cities."
    assert dict(case.request) == {
        **SAME,
        "messages": expected,
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "stop": ["END"],
        "response_format": {"type": "json_schema", "json_schema": {"name": "output", "schema": schema, "strict": True}},
    }
    assert case.answer == ANSWER
    assert set(imported.not_sent) == {"metadata"}
    assert PROTOCOLS.get("messages").cannot_express(case) == ""


def test_requests_of_responses_become_chat_completions(tmp_path: Path) -> None:
    """Instructions, two calls in one turn, their results, and the next question; as a line of a batch too."""
    request = {
        "model": "m", "instructions": "Be brief.", "max_output_tokens": 9, "store": False,
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
            {"type": "function_call", "call_id": "c0", "name": "weather", "arguments": '{"city": "Oslo"}'},
            {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"city": "Rome"}'},
            {"type": "function_call_output", "call_id": "c0", "output": "14"},
            {"type": "function_call_output", "call_id": "c1", "output": "30"},
            {"role": "user", "content": "And Riga?"},
        ],
        "tools": [{"type": "function", "name": "weather", "parameters": {"type": "object"}}],
    }  # fmt: skip
    items = [
        {"type": "message", "content": [{"type": "output_text", "text": "I look."}]},
        {"type": "function_call", "call_id": "c2", "name": "weather", "arguments": '{"city":"Riga"}'},
    ]
    reply = {"object": "response", "output": items}
    asked = {"custom_id": "r", "method": "POST", "url": "/v1/responses", "body": request}
    answered = {"custom_id": "r", "response": {"status_code": 200, "body": reply}}
    for number, rows in enumerate(([{"request": request, "response": reply}], [asked, answered])):
        imported = read_format("openai-log", lines(tmp_path / f"{number}.jsonl", *rows), "mine")
        (case,) = imported.cases
        assert (dict(case.request), case.answer) == (SAME, ANSWER)
        assert "store" in imported.not_sent


BAD: dict[str, tuple[Any, ...]] = {
    "k2vv": (
        *({"messages": ASK}, "{", "", [1], {"tools": []}, {"messages": "x"}, '{"messages": NaN}', {"messages": ASK}),
        '{"messages": [{"role": "user", "content": "\\ud83d"}]}',
    ),
    "minimax": ({"messages": ASK}, {"messages": ASK, "check_type": ["poetry"]}, "x"),
    "kvv-schemas": ({"type": "object"}, "x"),
    "gpt-oss": ({"tool_name": "look", "input": "i", "tools": [TOOL]}, {"input": "i"}, {"tool_name": "z", "input": "i"}),
    "gpt-oss-strict": ({"tool_name": "look", "input": "i", "tools": [TOOL]}, {"input": "i"}),
    "openai-log": ({"messages": ASK}, {"request": 3}, "x"),
    "bfcl": ({"question": [ASK], "function": [{"name": "f"}]}, {"question": [ASK], "function": [{}]}, {"id": "x"}),
}
WRONG = {
    "k2vv": [2, 4, 5, 6, 7, 9],
    "minimax": [2, 3],
    "kvv-schemas": [2],
    "gpt-oss": [2, 3],
    "gpt-oss-strict": [2],
    "openai-log": [2, 3],
    "bfcl": [2, 3],
}


def test_a_stored_completion_has_no_nulls(tmp_path: Path) -> None:
    """It lists every field of the request: null stands for an absent one, and some servers refuse it."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}
    unset = {"tools": None, "tool_choice": None, "response_format": None, "input_user": None}
    row = {"object": "chat.completion", "id": "c", "seed": 7, "messages": ASK, "choices": [choice], **unset}
    case = only("openai-log", lines(tmp_path / "stored.jsonl", row))
    assert case.request == {"messages": ASK, "seed": 7}
    assert case.answer == {"content": "Yes."}


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
    assert len(imported.cases) + len(imported.malformed) == whole == imported.lines
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


def test_a_row_with_a_stored_request_is_not_said_to_lack_it(tmp_path: Path) -> None:
    """Of LiteLLM: a request of Responses has its input, and embeddings and completions are named."""
    row: dict[str, Any] = {"spend": 0.1, "messages": {}, "response": {}}
    bodies = [{"input": "Look!"}, {"model": "text-embedding-3-small", "input": "x"}, {"prompt": "x"}, {}]
    rows = [{**row, "proxy_server_request": body} for body in bodies]
    imported = read_format("openai-log", lines(tmp_path / "a.jsonl", *rows), "mine")
    assert [case.request["messages"] for case in imported.cases] == [ASK]
    reasons = [one.reason.partition(",")[0] for one in imported.left_out]
    assert reasons[:2] == ["a request for embeddings", "a request of legacy completions"]
    assert "store_prompts_in_spend_logs" in reasons[2]


def test_batches_of_messages_are_joined_by_custom_id(tmp_path: Path) -> None:
    """They have ``params`` and ``result`` where OpenAI's have ``body`` and ``response``."""
    asked = {"custom_id": "a", "params": {"model": "m", "max_tokens": 9, "system": "s", "messages": ASK}}
    said = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "No."}]}
    reply = {"custom_id": "a", "result": {"type": "succeeded", "message": said}}
    imported = read_format("openai-log", lines(tmp_path / "a.jsonl", asked, reply), "mine")
    (case,) = imported.cases
    assert case.request == {"max_tokens": 9, "messages": [{"role": "system", "content": "s"}, *ASK]}
    assert (case.answer, len(imported.left_out)) == ({"content": "No."}, 1)


def test_a_custom_id_of_two_requests_joins_nothing(tmp_path: Path) -> None:
    """Two batches that number theirs alike: which reply answers which request is not known. The others stay."""
    asked = [("1", "one"), ("1", "two"), ("2", "three"), ("2", "three")]
    rows = [{"custom_id": name, "body": {"messages": [{"role": "user", "content": text}]}} for name, text in asked]
    said = {"choices": [{"message": {"role": "assistant", "content": "No."}, "finish_reason": "stop"}]}
    replies = [{"custom_id": name, "response": {"status_code": 200, "body": said}} for name in "12"]
    imported = read_format("openai-log", lines(tmp_path / "a.jsonl", *rows, *replies), "mine")
    assert [(case.request["messages"][0]["content"], case.answer) for case in imported.cases] == [
        ("three", {"content": "No."}),
        ("three", {"content": "No."}),
    ]
    assert sum("custom_id is that of several requests" in one.reason for one in imported.left_out) == 3


def test_a_stored_completion_without_messages_is_left_out(tmp_path: Path) -> None:
    """The API lists them apart."""
    stored = {"object": "chat.completion", "choices": [{"message": {"role": "assistant", "content": "No."}}]}
    imported = read_format("openai-log", lines(tmp_path / "a.jsonl", stored), "mine")
    assert [one.reason for one in imported.left_out] == ["no messages are stored"]
    assert imported.malformed == ()


def test_references_into_a_schema_still_lead_there(tmp_path: Path) -> None:
    """When it has become a property: to ``definitions`` and to properties, as to the whole."""
    old = {"definitions": {"A": {"type": "string"}}, "$ref": "#/definitions/A"}
    into = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"$ref": "#/properties/a"}}}
    imported = read_format("kvv-schemas", lines(tmp_path / "T" / "valid.jsonl", old, into), "mine")
    first, second = (case.request["tools"][0]["function"]["parameters"] for case in imported.cases)
    assert Draft202012Validator(first).is_valid({"value": "x"})
    assert not Draft202012Validator(first).is_valid({"value": 1})
    assert Draft202012Validator(second).is_valid({"value": {"b": "x"}})
    assert not Draft202012Validator(second).is_valid({"value": {"b": 1}})


def test_the_parameters_of_a_gateways_log_are_part_of_the_request(tmp_path: Path) -> None:
    """LiteLLM's logging payload has the messages in the row, and tools and settings in ``model_parameters``."""
    row = {
        "id": "chatcmpl-1", "call_type": "acompletion", "response_cost": 0.01, "model": "m-1", "messages": ASK,
        "metadata": {"user_api_key_hash": "k-hash"},
        "response": {"choices": [{"index": 0, "finish_reason": "tool_calls", "message": {"tool_calls": [CALL]}}]},
        "model_parameters": {"temperature": 0.2, "tools": [TOOL], "unknown_knob": 1},
    }  # fmt: skip
    file = lines(tmp_path / "payload.jsonl", row)
    imported = read_format("openai-log", file, "mine")
    (case,) = imported.cases
    assert case.request == {"temperature": 0.2, "tools": [TOOL], "messages": ASK}
    assert case.answer == {"calls": [{"name": "look", "arguments": {"a": "x"}}]}


def test_bfcl_lines_without_right_calls_are_counted(tmp_path: Path) -> None:
    """A file without its possible_answer is imported, and the account says that no reply to it is judged right."""
    path = lines(tmp_path / "BFCL.json", {"id": "simple_0", "question": [ASK], "function": [{"name": "f"}]})
    account = "\n".join(read_format("bfcl", path, "mine").account())
    assert "not judged by what is right: 1 × no right calls, in the line or in possible_answer/BFCL.json" in account


def test_a_field_that_is_not_sent_names_its_near_miss(tmp_path: Path) -> None:
    """A slip of the keyboard is no metadata."""
    path = lines(tmp_path / "a.jsonl", {"messages": ASK, "temprature": 1, "completion_tokens": 3})
    account = "\n".join(read_format("k2vv", path, "mine").account())
    assert "completion_tokens (1), temprature (1; did you mean 'temperature'?)" in account


@pytest.mark.parametrize("form", sorted(BAD))
def test_a_file_without_lines_is_an_error(form: str, tmp_path: Path) -> None:
    """Empty, of blank lines, or not there at all."""
    lines(tmp_path / "valid.jsonl", "", " ")
    for name, message in (("valid.jsonl", "no line in it"), ("none.jsonl", "cannot be read: No such file")):
        with pytest.raises(ConfigError, match=message):
            read_format(form, tmp_path / name, "mine")


def test_an_unended_text_is_said_once(tmp_path: Path) -> None:
    """The last line of a file that was cut."""
    imported = read_format("k2vv", lines(tmp_path / "a.jsonl", '{"messages": "hi'), "mine")
    assert imported.malformed[0].reason == "not JSON: Unterminated string starting at column 14"
