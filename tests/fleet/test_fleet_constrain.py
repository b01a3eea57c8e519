"""Constrained generation: what it makes, the schema accepts."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from trueweight.fleet import tokenizer
from trueweight.fleet.constrain import Sampler, UnsatisfiableError, make_instance
from trueweight.fleet.network import network


def make(schema: Any, seed: int = 0, temperature: float = 1.0) -> Any:
    """One instance."""
    net = network("fp32")
    context = net.start([tokenizer.START, *tokenizer.encode(f"prompt {seed}")])
    return make_instance(schema, Sampler(net, context, temperature, random.Random(seed)))


strings = st.builds(
    lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more},
    st.integers(0, 9),
    st.integers(0, 9),
)
integers = st.builds(
    lambda low, more, step: {"type": "integer", "minimum": low, "maximum": low + step + more, "multipleOf": step},
    st.integers(-99, 99),
    st.integers(0, 50),
    st.integers(1, 9),
)
simple = st.one_of(
    strings,
    integers,
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.just({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
    st.just({"type": "string", "pattern": r"^[A-Z]{2}-\d{2,4}(x|y)?$"}),
    st.sampled_from(["date-time", "email", "uuid", "ipv4", "uri"]).map(lambda f: {"type": "string", "format": f}),
    st.lists(st.sampled_from(["a", 1, None, "é", 2.5]), min_size=1, unique=True).map(lambda v: {"enum": v}),
    st.sampled_from([{"const": {"a": [1]}}, {"type": ["integer", "null"]}, {}]),
)


def nest(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects, arrays and combinations of smaller schemas."""
    names = st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
    objects = st.builds(
        lambda properties, cut, closed: {
            "type": "object",
            "properties": properties,
            "required": sorted(properties)[:cut],
            "additionalProperties": not closed,
        },
        names,
        st.integers(0, 3),
        st.booleans(),
    )
    arrays = st.builds(lambda items, low: {"type": "array", "items": items, "minItems": low}, inner, st.integers(0, 3))
    return st.one_of(
        objects,
        arrays,
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"anyOf": parts}),
        inner.map(lambda part: {"allOf": [part, {"description": "same"}]}),
        inner.map(lambda part: {"$defs": {"x": {"type": "string"}}, "type": "array", "prefixItems": [part]}),
    )


schemas = st.recursive(simple, nest, max_leaves=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(schemas, st.sampled_from([0.0, 1.0]))
def test_instances_are_valid(schema: Any, temperature: float) -> None:
    """An instance of a satisfiable schema validates, at any temperature."""
    assert Draft202012Validator(schema).is_valid(make(schema, temperature=temperature))


@pytest.mark.parametrize(
    "schema",
    [
        {"oneOf": [{"type": "integer", "multipleOf": 3}, {"type": "integer", "multipleOf": 5}]},
        {"not": {"type": "string"}},
        {"type": "array", "items": {"enum": [1, 2, 3]}, "minItems": 3, "uniqueItems": True},
        {
            "type": "object",
            "patternProperties": {"^x_": {"type": "integer"}},
            "minProperties": 2,
            "additionalProperties": False,
        },
        {"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": {"required": ["b"]}, "type": "object"},
        {"allOf": [{"required": ["a"]}, {"properties": {"a": {"type": "integer", "maximum": 2}}}]},
        {
            "type": "object",
            "properties": {"value": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
            "required": ["value", "next"],
        },
        {"$defs": {"tree": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}, "$ref": "#/$defs/tree"},
        {"type": "array", "contains": {"const": 7}, "minItems": 2},
        {"type": "object", "properties": {"a": {}}, "required": ["a"], "dependentRequired": {"a": ["b"]}},
    ],
)
def test_hard_keywords(schema: Any) -> None:
    """Keywords that guiding alone cannot promise are met by rejection, within the bound."""
    for seed in range(5):
        assert Draft202012Validator(schema).is_valid(make(schema, seed))


@pytest.mark.parametrize(
    ("schema", "keyword"),
    [
        ({"$ref": "https://example.com/schema.json"}, "$ref"),
        ({"$ref": "#/$defs/missing"}, "$ref"),
        ({"not": {}}, "not"),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "type"),
        ({"type": "string", "pattern": "^(a"}, "format"),
        ({"type": "wrong"}, "anyOf"),
        ({"properties": {"a": {"$ref": "#/properties/a"}}, "required": ["a"]}, "$ref"),
    ],
)
def test_the_impossible_is_named(schema: Any, keyword: str) -> None:
    """What cannot be made is refused with the keyword in the way, and nothing is ever fetched."""
    with pytest.raises(UnsatisfiableError) as caught:
        make(schema)
    assert caught.value.keyword == keyword
