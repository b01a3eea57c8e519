"""JSON Schema validation: nothing fetched, nothing crashed on, nothing run without a bound."""

from __future__ import annotations

import time

import pytest

from trueweight.checks.json_schema import validate
from trueweight.checks.patterns import Unjudged, matches


def test_the_dialect_is_the_schemas_own_or_2020_12() -> None:
    """``prefixItems`` is a keyword of 2020-12 and none of draft 7."""
    schema = {"prefixItems": [{"type": "string"}]}
    assert validate(schema, [1]).valid is False
    assert validate(schema | {"$schema": "http://json-schema.org/draft-07/schema#"}, [1]).valid is True
    assert validate(schema | {"$schema": "https://example.org/none"}, [1]).valid is False


def test_format_is_asserted_only_when_asked() -> None:
    """By default a format is a note."""
    schema = {"format": "ipv4"}
    assert validate(schema, "x").valid is True
    assert validate(schema, "x", assert_format=True).valid is False


@pytest.mark.parametrize("ref", ["http://127.0.0.1:9/a.json", "file:///etc/hostname", "#/$defs/none"])
def test_a_reference_outside_is_never_followed(ref: str) -> None:
    """No network, no file: what is not in the schema cannot be judged by."""
    judged = validate({"$ref": ref}, 1)
    assert judged.valid is None
    assert "refers to" in judged.reason


def test_references_inside_are_followed() -> None:
    """Recursion by ``$ref`` works."""
    tree = {"$ref": "#/$defs/t", "$defs": {"t": {"type": "object", "additionalProperties": {"$ref": "#/$defs/t"}}}}
    assert validate(tree, {"a": {"b": {}}}).valid is True
    assert validate(tree, {"a": {"b": 1}}).valid is False


@pytest.mark.parametrize("schema", [{"type": "strin"}, {"$ref": "#"}, 7, {"pattern": "("}, {"minLength": float("nan")}])
def test_a_schema_that_cannot_be_judged_by_is_said(schema: object) -> None:
    """Invalid, endless and foreign schemas give no verdict, and a reason."""
    judged = validate(schema, "x")
    assert judged.valid is None
    assert judged.reason


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|aa)+$", "(x*)*y", "^([a-z]+)*$", "^(a{1,50}){1,50}$"])
def test_an_explosive_pattern_is_not_run_on_long_text(pattern: str) -> None:
    """Where time doubles with each character, only short texts are matched."""
    start = time.monotonic()
    with pytest.raises(Unjudged, match="not run on more than"):
        matches(pattern, "a" * 40 + "!")
    matches(pattern, "a" * 12 + "!")
    assert validate({"pattern": pattern}, "a" * 40 + "!").valid is None
    assert (
        validate({"patternProperties": {pattern: {}}, "additionalProperties": False}, {"a" * 40 + "!": 1}).valid is None
    )
    assert time.monotonic() - start < 30


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"^\d{5}$", "02134", True),
        (r"^\d{5}$", "02134\n", False),
        (r"^[a-z]+@[a-z]+\.[a-z]{2,}$", "a@b.de", True),
        (r"^[^$]+$", "a$b", False),
        (r"\$", "a$b", True),
        (r"(foo|bar)", "a bar", True),
        (r"^a{2,3}$", "aaaa", False),
    ],
)
def test_common_patterns_match_as_in_ecma(pattern: str, text: str, found: bool) -> None:
    """``$`` is the very end, classes and escapes are left alone."""
    assert matches(pattern, text) is found


def test_uniqueness_of_many_items_is_not_judged() -> None:
    """Comparing each with each has a bound."""
    assert validate({"uniqueItems": True}, [1, 1]).valid is False
    assert validate({"uniqueItems": True}, list(range(5000))).valid is None
