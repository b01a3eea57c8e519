"""JSON under a response_format that is not the document itself: inside of another object, or the schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trueweight.checks.json_schema import validate
from trueweight.checks.structured import SAMPLE_SCHEMA_CASE, content_validity, read_document
from trueweight.core import Case, Reply
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import quote
from trueweight.core.example import Example, says
from trueweight.protocols import spans_of_all_content

_CONSEQUENCES: Final = (
    "structured-output",
    "structured-output-schema",
    "structured-types",
    "structured-key-order",
    "json-equals",
    "content-matches",
)
_LEAST: Final = 2
"""Keywords that a reply must share with the schema, to be that schema in other words."""


@check(
    "structured-unwrapped",
    "A document under a response_format is not inside of another object.",
    failure="The document is inside of another object, under the name of its schema or another key, in {cases}",
    engine=True,
    obeys=True,
    row=32,
    explains=_CONSEQUENCES,
    source="https://github.com/spinje/pflow/issues/598",
    why="The client looks for the fields of its schema, and finds one that it never named.",
    fix="Show the schema to the model without its name, and constrain decoding by it.",
    example=Example(says('{"a":{"city":"Oslo"}}'), "city", says('{"city":"Oslo"}'), SAMPLE_SCHEMA_CASE),
)
def structured_unwrapped(case: Case, reply: Reply) -> CheckResult | None:
    """Fails on an object with one key, whose value the schema accepts, where it does not accept the object."""
    if (document := read_document(case, reply)) is None:
        return None
    schema, value = document
    if not isinstance(value, Mapping) or len(value) != 1:
        return Pass()
    (key, inner), *_ = value.items()
    if not isinstance(inner, Mapping) or content_validity(schema, reply, value).valid is not False:
        return Pass()
    if not validate(schema, inner).valid:
        return Pass()
    wanted = case.request.get("response_format", {}).get("json_schema", {}).get("name")
    named = ", the name of the schema" if key == wanted else ""
    words = f"the document is inside of an object, under the key {quote(key)}{named}"
    return Fail(words, quote(inner), quote(reply.content), spans_of_all_content(reply))


@check(
    "structured-not-schema",
    "A document under a response_format is not the schema itself.",
    failure="The reply is the schema itself, in place of a document, in {cases}",
    engine=True,
    obeys=True,
    row=32,
    explains=_CONSEQUENCES,
    source="https://platform.openai.com/docs/guides/structured-outputs",
    why="The client gets its own schema back, and no answer.",
    fix="Constrain decoding by the schema: a prompt that only shows it is copied by weak models.",
    example=Example(
        says('{"type":"object","properties":{"city":{},"unit":{},"days":{}},"required":["city"]}'),
        "properties",
        says('{"city":"Oslo"}'),
        SAMPLE_SCHEMA_CASE,
    ),
)
def structured_not_schema(case: Case, reply: Reply) -> CheckResult | None:
    """Fails on an object that the schema does not accept, and that has ``properties`` with the same names, beside its
    ``type`` or ``required``; also inside of another object, as ``schema``."""
    document = read_document(case, reply)
    if document is None or not isinstance(document[0], Mapping):
        return None
    schema, value = document
    for one in (value, *(value.values() if isinstance(value, Mapping) else ())):
        if _is_schema(schema, one) and content_validity(schema, reply, value).valid is False:
            words = "the content is the schema of the request"
            return Fail(words, "a document", quote(reply.content), spans_of_all_content(reply))
    return Pass()


def _is_schema(schema: Mapping[str, Any], value: Any) -> bool:
    if not isinstance(value, Mapping) or not isinstance(value.get("properties"), Mapping):
        return False
    declared = schema.get("properties")
    same = isinstance(declared, Mapping) and declared.keys() == value["properties"].keys() != set()
    return same and sum(key in schema for key in value) >= _LEAST
