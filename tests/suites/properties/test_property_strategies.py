"""The strategies keep their promises: valid schemas, targets that fit, prompts that carry what they ask for."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from trueweight.suites.properties import (
    COMMON,
    FAMILIES,
    arguments,
    ask_for_calls,
    ask_for_document,
    ask_for_tool,
    call,
    catalogue,
    catalogue_tools,
    conversations,
    documents,
    schemas,
    texts,
    tools,
)

FEW = settings(max_examples=25)
ANY_SCHEMA = st.sampled_from([COMMON, FAMILIES]).flatmap(schemas)
KEYWORDS = {
    "describe": {"description"},
    "enums": {"enum"},
    "bounds": {"minimum", "exclusiveMinimum", "multipleOf"},
    "lengths": {"minLength"},
    "items": {"minItems"},
    "unions": {"anyOf", "oneOf"},
    "refs": {"$ref", "$defs"},
    "patterns": {"pattern"},
    "formats": {"format"},
    "consts": {"const"},
    "tuples": {"prefixItems"},
    "composition": {"allOf", "not"},
    "conditions": {"if", "dependentRequired"},
}


def keywords_of(schema: Any) -> set[str]:
    """Every key in a schema, names of properties among them."""
    if isinstance(schema, dict):
        return set(schema) | {word for part in schema.values() for word in keywords_of(part)}
    return {word for part in schema for word in keywords_of(part)} if isinstance(schema, list) else set()


@FEW
@given(ANY_SCHEMA)
def test_every_schema_is_valid_under_its_metaschema(schema: dict[str, Any]) -> None:
    """And is one of an object, as tools and structured output want it."""
    Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object"


@FEW
@given(ANY_SCHEMA.flatmap(lambda schema: st.tuples(st.just(schema), arguments(schema))))
def test_every_target_validates(drawn: tuple[dict[str, Any], Any]) -> None:
    """And is JSON: it is the same after a journey through text."""
    schema, target = drawn
    Draft202012Validator(schema).validate(target)
    assert json.loads(json.dumps(target, allow_nan=False)) == target


@FEW
@given(tools().flatmap(lambda tool: st.tuples(st.just(tool), arguments(tool["function"]["parameters"]))))
def test_every_tool_can_be_called(drawn: tuple[dict[str, Any], Any]) -> None:
    """A tool's arguments are an object that its parameters accept."""
    tool, target = drawn
    Draft202012Validator(tool["function"]["parameters"]).validate(target)
    assert isinstance(target, dict)


@FEW
@given(documents(), st.data())
def test_a_prompt_carries_the_document_that_it_asks_for(document: Any, data: st.DataObject) -> None:
    """Letter for letter, as JSON."""
    assert json.dumps(document, ensure_ascii=False) in data.draw(ask_for_document(document))


@FEW
@given(catalogue_tools().flatmap(lambda tool: st.tuples(st.just(tool), arguments(tool.parameters))), st.data())
def test_a_prompt_carries_the_call_that_it_asks_for(drawn: Any, data: st.DataObject) -> None:
    """The arguments letter for letter, and the tool by its name or by what users say for it; several as a list."""
    tool, target = drawn
    question = data.draw(ask_for_tool(tool, target))
    assert json.dumps(target, ensure_ascii=False) in question
    assert tool.name in question or tool.ask in question
    calls = [call(tool.name, target)] * 2
    text = data.draw(ask_for_calls(calls))
    assert json.loads(text[text.index("[") :]) == calls


@FEW
@given(conversations(turns=(1, 6)))
def test_a_conversation_could_have_happened(messages: list[dict[str, Any]]) -> None:
    """Each call is valid for its tool and has its own result right after it; the assistant speaks last."""
    known = {tool.name: tool.parameters for tool in catalogue()}
    assert messages[-1]["role"] == "assistant"
    ids = [made["id"] for message in messages for made in message.get("tool_calls", ())]
    assert len(ids) == len(set(ids))
    for at, message in enumerate(messages):
        for made in message.get("tool_calls", ()):
            Draft202012Validator(known[made["function"]["name"]]).validate(json.loads(made["function"]["arguments"]))
            assert messages[at + 1]["tool_call_id"] == made["id"]
        if message["role"] == "tool":
            assert "tool_calls" in messages[at - 1]


@pytest.mark.parametrize("draws", [20, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("family", sorted(KEYWORDS))
def test_a_family_of_keywords_comes_when_it_is_asked_for_and_only_then(family: str, draws: int) -> None:
    """Found within some draws; and never in schemas of no family at all."""
    seen: set[str] = set()

    @settings(max_examples=draws, database=None)
    @given(schemas([family]), schemas([]))
    def look(with_it: dict[str, Any], without: dict[str, Any]) -> None:
        seen.update(keywords_of(with_it))
        assert not KEYWORDS[family] & keywords_of(without)

    look()
    assert KEYWORDS[family] & seen


def test_an_unknown_family_is_named() -> None:
    """With what would be valid."""
    with pytest.raises(ValueError, match="enum'; valid: describe"):
        schemas(["enum"])
    with pytest.raises(ValueError, match="emoji'; valid: plain"):
        texts("emoji")


def test_the_catalogue_has_sixty_tools_in_twelve_domains() -> None:
    """All different, all with a schema that is valid, and tools without parameters in most domains."""
    tools = catalogue()
    assert len({tool.name for tool in tools}) == len(tools) >= 60
    assert len(Counter(tool.domain for tool in tools)) >= 12
    for tool in tools:
        Draft202012Validator.check_schema(tool.parameters)
    assert len({tool.domain for tool in tools if tool.takes_nothing}) >= 10


USERS_SCHEMAS: tuple[dict[str, Any], ...] = (
    {"type": "object", "properties": {"a": {"$ref": "#/properties/b"}, "b": {"type": "integer"}}, "required": ["a"]},
    {"$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"},
    {"type": ["integer", "null"], "exclusiveMinimum": 3, "maximum": 4},
    {"type": "number", "minimum": 0.25, "maximum": 0.75},
    {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{4}$"},
    {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 2, "maxItems": 2, "uniqueItems": True},
    {"if": {"type": "integer"}, "then": {"minimum": 0}, "type": ["integer", "string"]},
    {"not": {"const": ""}, "type": "string"},
    {"required": ["x"], "type": "object", "additionalProperties": {"type": "boolean"}},
    {"properties": {"k": True}},
    {},
)


@pytest.mark.parametrize("schema", USERS_SCHEMAS, ids=[json.dumps(schema)[:40] for schema in USERS_SCHEMAS])
def test_arguments_of_schemas_that_users_bring(schema: dict[str, Any]) -> None:
    """References, recursion, bounds between whole numbers, patterns, and keywords that only validation knows."""

    @settings(max_examples=30, database=None)
    @given(arguments(schema))
    def look(value: Any) -> None:
        Draft202012Validator(schema).validate(value)

    look()
