"""The form of structured output: no white space without end, keys in their order, and calls in spite of a format."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from trueweight.checks.coercion import is_coerced
from trueweight.checks.json_schema import validate
from trueweight.checks.structured import SAMPLE_SCHEMA_CASE, content_validity, read_document
from trueweight.core import Case, Finish, Reply, Severity
from trueweight.core.check import CheckResult, Fail, NotApplicable, Pass, check
from trueweight.core.evidence import quote
from trueweight.core.example import SAMPLE_CALL, Example, sample_case, says
from trueweight.core.request import requested_schema
from trueweight.protocols import parse_json, span_of_content, spans_of_all_content

_RUN: Final = 100
"""White space characters in a row that no formatting needs."""
_BLANKS: Final = re.compile(r"\s{100,}+")
_FORMAT = SAMPLE_SCHEMA_CASE.request["response_format"]
_BOTH = sample_case(tool_choice="required", response_format=_FORMAT)
_ORDERED = sample_case({"structured-key-order": {}}, response_format=_FORMAT)


@check(
    "structured-blank-run",
    "JSON under a response_format has no long runs of white space.",
    failure="White space runs on in place of JSON in {cases}",
    severity=Severity.SHOULD,
    row=43,
    explains=("structured-output", "structured-output-bare", "finish-length-at-limit", "text-no-loop"),
    source="https://github.com/jundot/omlx/issues/2990",
    why="The reply reaches the token limit without a document, and all of its tokens are paid.",
    fix="Limit white space in the grammar: between tokens of JSON a model must not have it without end.",
    example=Example(says('{"city":' + " " * 300, "length"), "    ", says('{\n  "city": "Oslo"\n}'), SAMPLE_SCHEMA_CASE),
)
def structured_blank_run(case: Case, reply: Reply) -> CheckResult | None:
    """Fails on a hundred white space characters in a row outside of texts that the request has."""
    if requested_schema(case.request) is None or not reply.content:
        return None
    found = _BLANKS.search(reply.content)
    if found is None:
        return Pass()
    cut = ", and the reply was cut at the limit" if reply.finish is Finish.LENGTH else ""
    words = f"{len(found[0])} white space characters in a row{cut}"
    spans = span_of_content(reply, found.start(), min(found.end(), found.start() + 400))
    return Fail(words, f"< {_RUN}", str(len(found[0])), spans)


@check(
    "structured-key-order",
    "Keys come in the order of the schema's properties.",
    failure="{cases} had JSON whose keys are not in the order of the schema's properties",
    severity=Severity.SHOULD,
    row=32,
    source="https://platform.openai.com/docs/guides/structured-outputs#key-ordering",
    on_request=True,
    why="Schemas put the reasoning before the answer on purpose: in another order the model answers before it reasons.",
    fix="Let the grammar emit properties in the order of the schema.",
    example=Example(says('{"unit":"C","city":"Oslo"}'), "unit", says('{"city":"Oslo","unit":"C"}'), _ORDERED),
)
def structured_key_order(case: Case, reply: Reply, _: Mapping[str, Any]) -> CheckResult | None:
    """Judges the objects whose schema is written out; keys that the schema does not name may be anywhere."""
    schema = requested_schema(case.request)
    parsed = parse_json((reply.content or "").strip())
    if schema is None or not parsed.ok:
        return NotApplicable("the request has no schema, or the content is not JSON")
    wrong = _disordered(schema, parsed.value)
    if wrong is not None:
        expected, got = wrong
        return Fail("the keys are in another order", quote(expected), quote(got), spans_of_all_content(reply))
    return Pass()


def _disordered(schema: Any, value: Any) -> tuple[list[str], list[str]] | None:
    """Expected and received keys of the first object in another order."""
    if not isinstance(schema, Mapping):
        return None
    if isinstance(value, list):
        return next((found for one in value if (found := _disordered(schema.get("items"), one))), None)
    declared = schema.get("properties")
    if not isinstance(declared, Mapping) or not isinstance(value, dict):
        return None
    got = [key for key in value if key in declared]
    expected = [key for key in declared if key in value]
    if got != expected:
        return expected, got
    return next((found for key in got if (found := _disordered(declared[key], value[key]))), None)


@check(
    "structured-types",
    "A value of the JSON has the type that the schema gives it.",
    failure="Numbers come as text in JSON, or text as numbers, in {cases}",
    obeys=True,
    row=7,
    explains=("structured-output", "structured-output-schema", "json-equals"),
    source="https://json-schema.org/draft/2020-12/json-schema-validation#section-6.1.1",
    why="Typed clients raise, and a comparison with a number fails without an error.",
    fix="Constrain decoding by the schema: an enum of numbers is no enum of texts.",
    example=Example(
        says('{"city":"Oslo","days":"3"}'), "days", says('{"city":"Oslo","days":3}'),
        sample_case(response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": {
            "type": "object", "properties": {"city": {"type": "string"}, "days": {"enum": [1, 2, 3]}}}}}),
    ),
)  # fmt: skip
def structured_types(case: Case, reply: Reply) -> CheckResult | None:
    """Judges JSON under a response_format; fails where it is valid by the schema once scalars have another type."""
    if (document := read_document(case, reply)) is None:
        return None
    schema, value = document
    judged = content_validity(schema, reply, value)
    if judged.valid is False and is_coerced(schema, value, judged.violations):
        words = f"{judged.violations[0].path}: {judged.violations[0].message}"
        return Fail(words, "another type", quote(reply.content), spans_of_all_content(reply))
    return Pass()


@check(
    "structured-encoded-once",
    "A document under a response_format is not encoded again, as a JSON string.",
    failure="JSON comes inside of a JSON string, encoded twice, in {cases}",
    engine=True,
    row=32,
    explains=("structured-output", "structured-output-schema", "json-equals", "content-matches"),
    source="https://github.com/jagreehal/ai-sdk-ollama/issues/440",
    why="The client parses the content once, and has a text in place of an object.",
    fix="Write the document into the content as it is; the response is encoded once, as a whole.",
    example=Example(says(r'"{\"city\":\"Oslo\"}"'), "city", says('{"city":"Oslo"}'), SAMPLE_SCHEMA_CASE),
)
def structured_encoded_once(case: Case, reply: Reply) -> CheckResult | None:
    """Fails on a string that holds an object or a list, where the schema accepts that and no such string."""
    if (document := read_document(case, reply)) is None:
        return None
    schema, value = document
    inner = parse_json(value) if isinstance(value, str) else None
    if inner is None or not inner.ok or not isinstance(inner.value, Mapping | list):
        return Pass()
    if content_validity(schema, reply, value).valid is False and validate(schema, inner.value).valid:
        words = "the content is a JSON string that holds the document"
        return Fail(words, quote(inner.value), quote(reply.content), spans_of_all_content(reply))
    return Pass()


@check(
    "call-before-format",
    "A required call comes although the request has a response_format too.",
    failure="A response_format keeps it from calling the required tool in {cases}",
    engine=True,
    obeys=True,
    row=28,
    source="https://github.com/ollama/ollama-python/issues/546",
    why="An agent with structured output never calls a tool.",
    fix="Constrain the text by the format, and calls by their tool's schema.",
    example=Example(says('{"city":"Oslo"}'), "city", SAMPLE_CALL, _BOTH),
)
def call_before_format(case: Case, reply: Reply) -> CheckResult | None:
    """Judges requests with a response_format in which tool_choice requires a call. ``tool-choice-required`` judges
    replies that are no JSON."""
    if not _wants_both(case) or reply.error is not None:
        return None
    if is_beaten_by_format(case, reply):
        words = "the reply is JSON by the format, and has no call"
        return Fail(words, "a call", quote(reply.content), spans_of_all_content(reply))
    return Pass() if reply.calls else None


def is_beaten_by_format(case: Case, reply: Reply) -> bool:
    """Whether a reply is JSON by the response_format in place of the call that tool_choice requires."""
    if not _wants_both(case) or reply.calls or not (reply.content or "").strip():
        return False
    return parse_json((reply.content or "").strip()).ok


def _wants_both(case: Case) -> bool:
    choice = case.request.get("tool_choice")
    required = choice == "required" or isinstance(choice, Mapping)
    return required and bool(case.request.get("tools")) and requested_schema(case.request) is not None
