"""The published schemas."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from trueweight.core import TrueweightError
from trueweight.core.schemas import load_schema, schema_names


@pytest.mark.parametrize("name", schema_names())
def test_published_schemas_are_schemas(name: str) -> None:
    """Each published schema is valid JSON Schema 2020-12 and says what it is of."""
    schema = load_schema(name)
    Draft202012Validator.check_schema(schema)
    assert schema["title"]


def test_a_schema_is_found_by_its_short_and_its_file_name() -> None:
    """``suite`` and ``suite.schema.json`` are the same schema."""
    assert load_schema("suite") == load_schema("suite.schema.json")


def test_changing_what_was_loaded_changes_nobody_elses() -> None:
    """A caller that adds a key to its schema does not add it to the next caller's."""
    load_schema("suite")["$id"] = "mine"
    assert "$id" not in load_schema("suite")


@pytest.mark.parametrize("name", ["suit", "../suite", "", "/etc/passwd"])
def test_an_unknown_schema_is_refused_by_name(name: str) -> None:
    """Only published names are looked up: no name reaches another file."""
    with pytest.raises(TrueweightError, match="unknown schema") as caught:
        load_schema(name)
    assert "suite" in caught.value.hint
