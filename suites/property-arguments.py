"""Tool arguments with known answers: hostile texts, look-alike types, enums, empty and parallel calls, drawn schemas"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from trueweight.suites.properties import (
    CatalogueTool,
    Prompt,
    arguments,
    ask_for_call,
    ask_for_calls,
    call,
    catalogue_tools,
    conversations,
    expect_calls,
    integers,
    offered,
    prompts,
    schemas,
    texts,
    tool,
)

TAGS = ("tools", "arguments")
HISTORY = conversations(turns=(0, 3))
OTHERS = offered(3, 8)
NAMES = ("save_text", "post_note", "store_value", "write_block", "set_field")
ENUMS = (["low", "medium", "high"], ["celsius", "fahrenheit"], ["asc", "desc"], ["pt-BR", "pt-PT", "en-GB"])


def object_of(properties: dict[str, Any]) -> dict[str, Any]:
    """A closed object schema that requires all of its properties."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


@st.composite
def one_call(draw: DrawFn, parameters: SearchStrategy[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any], str]:
    """A tool of drawn parameters, its arguments, and the words that ask for them."""
    schema = draw(parameters)
    name = draw(st.sampled_from(NAMES))
    given = draw(arguments(schema))
    return tool(name, schema, "Keeps what it is given."), given, draw(ask_for_call(name, given))


def asked(history: list[dict[str, Any]], others: Any, wanted: tuple[dict[str, Any], dict[str, Any], str]) -> Prompt:
    """One call among other tools, after a history."""
    definition, given, question = wanted
    return expect_calls(
        [call(definition["function"]["name"], given)],
        messages=[*history, {"role": "user", "content": question}],
        tools=[definition, *(other.definition for other in others)],
    )


@st.composite
def text_call(draw: DrawFn, *families: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    """A call that carries texts of these families."""
    given: dict[str, Any] = {"text": draw(texts(*families))}
    if draw(st.booleans()):
        given["more"] = draw(st.lists(texts(*families)))
    more = {"type": "array", "items": {"type": "string"}}
    schema = object_of({"text": {"type": "string"}, "more": more}) | {"required": ["text"]}
    name = draw(st.sampled_from(NAMES))
    return tool(name, schema, "Keeps a text as it is."), given, draw(ask_for_call(name, given))


@prompts(
    tags=(*TAGS, "markers"),
    source="https://github.com/ollama/ollama/issues/18659",
    history=HISTORY,
    others=OTHERS,
    wanted=text_call("markers", "quotes"),
)
def marker_texts(history: Any, others: Any, wanted: Any) -> Prompt:
    """Marker text, quotes and JSON inside an argument are text like any other."""
    return asked(history, others, wanted)


@prompts(
    tags=(*TAGS, "whitespace"),
    source="https://github.com/sgl-project/sglang/issues/41317",
    history=HISTORY,
    others=OTHERS,
    wanted=text_call("whitespace", "unicode"),
)
def spaced_texts(history: Any, others: Any, wanted: Any) -> Prompt:
    """Indentation, newlines, edges and characters of several code points arrive as they were asked for."""
    return asked(history, others, wanted)


@st.composite
def typed_call(draw: DrawFn) -> tuple[dict[str, Any], dict[str, Any], str]:
    """A call whose texts look like numbers, beside numbers."""
    given: dict[str, Any] = {"code": draw(texts("numbers", pieces=1)), "count": draw(integers())}
    schema = object_of({"code": {"type": "string"}, "count": {"type": "integer"}})
    if draw(st.booleans()):
        given["either"] = draw(st.one_of(integers(), texts("numbers", pieces=1), st.none(), st.booleans()))
        schema["properties"]["either"] = {"type": ["string", "integer", "boolean", "null"]}
    name = draw(st.sampled_from(NAMES))
    return tool(name, schema, "Keeps values with their types."), given, draw(ask_for_call(name, given))


@prompts(tags=(*TAGS, "types"), history=HISTORY, others=OTHERS, wanted=typed_call())
def look_alikes(history: Any, others: Any, wanted: Any) -> Prompt:
    """Text of digits stays text, big integers stay exact, and null, true and false are not their names."""
    return asked(history, others, wanted)


@st.composite
def enum_call(draw: DrawFn) -> tuple[dict[str, Any], dict[str, Any], str]:
    """A call with an enum, alone or deep inside."""
    options = draw(st.sampled_from(ENUMS))
    choice = {"type": "string", "enum": options}
    schema = draw(
        st.sampled_from(
            [
                object_of({"mode": choice}),
                object_of({"steps": {"type": "array", "items": object_of({"mode": choice}), "minItems": 1}}),
                object_of({"mode": choice, "label": {"type": "string"}}),
            ]
        )
    )
    given = draw(arguments(schema))
    name = draw(st.sampled_from(NAMES))
    return tool(name, schema, "Sets a mode."), given, draw(ask_for_call(name, given))


@prompts(
    tags=(*TAGS, "enums"),
    source="https://github.com/vllm-project/vllm/issues/49661",
    history=HISTORY,
    others=OTHERS,
    wanted=enum_call(),
)
def enum_values(history: Any, others: Any, wanted: Any) -> Prompt:
    """An argument with an enum is one of its values, letter for letter."""
    return asked(history, others, wanted)


@prompts(tags=(*TAGS, "schemas"), history=HISTORY, others=OTHERS, wanted=one_call(schemas()))
def drawn_schemas(history: Any, others: Any, wanted: Any) -> Prompt:
    """Arguments of any schema that people write: nested objects, unions, references, long lists."""
    return asked(history, others, wanted)


@st.composite
def catalogue_call(draw: DrawFn) -> tuple[CatalogueTool, dict[str, Any]]:
    """A tool and its arguments, drawn together, so that leaving one call out leaves the others as they are."""
    nothing = catalogue_tools().filter(lambda one: one.takes_nothing)
    something = catalogue_tools().filter(lambda one: not one.takes_nothing)
    chosen = draw(st.one_of(nothing, something))
    return chosen, draw(arguments(chosen.parameters))


@st.composite
def several_calls(draw: DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]], str]:
    """One to four calls, some of tools that take nothing."""
    chosen = draw(st.lists(catalogue_call(), min_size=1, max_size=4, unique_by=lambda drawn: drawn[0].name))
    calls = [dict(call(one.name, given)) for one, given in chosen]
    return [one.definition for one, _ in chosen], calls, draw(ask_for_calls(calls))


@prompts(
    examples=200,
    tags=(*TAGS, "parallel"),
    source="https://github.com/vllm-project/vllm/issues/47901",
    history=HISTORY,
    others=OTHERS,
    wanted=several_calls(),
)
def several_at_once(history: Any, others: Any, wanted: Any) -> Prompt:
    """Calls in one reply keep their order and their own arguments, also beside calls that take none."""
    definitions, calls, question = wanted
    names = {definition["function"]["name"] for definition in definitions}
    more = [other.definition for other in others if other.name not in names]
    messages = [*history, {"role": "user", "content": question}]
    return expect_calls(calls, messages=messages, tools=[*definitions, *more], parallel_tool_calls=True)
