"""Structured output: the whole content is one JSON document, valid by the requested schema."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from trueweight.checks.json_schema import Validity, validate
from trueweight.core import Case, Finish, Reply
from trueweight.core.check import CheckResult, Fail, NotApplicable, Pass, check
from trueweight.core.evidence import quote
from trueweight.core.example import SAMPLE_SCHEMA, Example, sample_case, says
from trueweight.core.grader import grade
from trueweight.core.judging import JudgingProblem
from trueweight.core.request import requested_schema, token_limit
from trueweight.protocols import Kind, parse_json, spans_of_all_content

_FENCE = re.compile(r"```[\w-]*\s*\n?\s*[\[{\"\d]")
_BEGINNINGS = 20
"""Most brackets of a text at which JSON is tried."""
_WORDS = {
    "invalid": "the document breaks the schema",
    "not-json": "the content is not JSON",
    "fenced": "the JSON is in a markdown fence",
    "prose": "there is prose around the JSON",
    "truncated": "the reply was cut before the document's end",
    "refused": "the model refused",
    "empty": "there is no content",
}


def classify(
    request: Mapping[str, Any], reply: Reply, *, schema: Any = None, assert_format: bool = False
) -> str | None:
    """How a reply meets a request for structured output: ``valid``, ``invalid``, ``not-json``, ``fenced``, ``prose``,
    ``truncated``, ``refused`` or ``empty``.

    None if no JSON was requested, if the status is not a 2xx, if the reply calls tools instead, or if the schema cannot
    be evaluated.
    """
    wanted = requested_schema(request) if schema is None else schema
    if wanted is None or not reply.ok or (reply.calls and not (reply.content or "").strip()):
        return None
    return _judge(wanted, reply, assert_format=assert_format).kind


class _Judged(NamedTuple):
    """How a reply meets a schema. ``kind`` is None if that cannot be judged; ``words`` then say why. ``validity`` is
    that of the content; None of one that is no JSON, or of a refusal."""

    kind: str | None
    words: str = ""
    problem: JudgingProblem | None = None
    validity: Validity | None = None


class _Cached(NamedTuple):
    schema: Any
    reply: Reply
    judged: _Judged


# Several checks and the measured accuracy judge the same reply by the same schema, so the last one is kept.
_recent: dict[bool, _Cached] = {}


def _judge(schema: Any, reply: Reply, *, assert_format: bool) -> _Judged:
    cached = _recent.get(assert_format)
    if cached is None or cached.reply is not reply or cached.schema != schema:
        judged = _judge_anew(schema, reply, assert_format=assert_format)
        cached = _recent[assert_format] = _Cached(schema, reply, judged)
    return cached.judged


def read_document(case: Case, reply: Reply) -> tuple[Any, Any] | None:
    """The schema of a request and the JSON value of the reply's content; None without either, and of a refusal."""
    schema = requested_schema(case.request)
    if schema is None or reply.refusal:
        return None
    parsed = parse_json((reply.content or "").strip())
    return (schema, parsed.value) if parsed.ok else None


def content_validity(schema: Any, reply: Reply, value: Any) -> Validity:
    """Whether the value of a reply's content is valid by a schema."""
    return _judge(schema, reply, assert_format=False).validity or validate(schema, value)


def _judge_anew(schema: Any, reply: Reply, *, assert_format: bool) -> _Judged:
    text = (reply.content or "").strip()
    if reply.refusal or (reply.finish is Finish.FILTER):
        return _Judged("refused", quote(reply.refusal or "content_filter"))
    if not text:
        return _Judged("truncated" if reply.finish is Finish.LENGTH else "empty")
    parsed = parse_json(text)
    if parsed.ok and not any(kind is Kind.JSON_NAN for kind, _ in parsed.oddities):
        valid = validate(schema, parsed.value, assert_format=assert_format, text=text)
        if valid.valid is None:
            return _Judged(None, valid.reason, valid.problem, valid)
        words = "; ".join(f"{v.path}: {v.message}" for v in valid.violations)
        return _Judged("valid" if valid.valid else "invalid", words, validity=valid)
    if parsed.too_large:
        return _Judged(None, parsed.error, JudgingProblem.LIMIT)
    kind = "truncated" if reply.finish is Finish.LENGTH else _form(text)
    return _Judged(kind, parsed.error or "NaN is not JSON")


def _form(text: str) -> str:
    """The kind of a text that is not one JSON document."""
    if _FENCE.search(text):
        return "fenced"
    return "prose" if _holds_json(text) else "not-json"


def _holds_json(text: str) -> bool:
    """Whether a JSON object or array is somewhere in the text."""
    decoder = json.JSONDecoder()
    for start, _ in zip(re.finditer(r"[\[{]", text), range(_BEGINNINGS), strict=False):
        try:
            decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            continue
        return True
    return False


SAMPLE_SCHEMA_CASE = sample_case(
    response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": SAMPLE_SCHEMA}}
)


@check(
    "structured-output",
    "The whole content is one JSON document, valid by the schema.",
    failure="Structured output is not what its schema says in {cases}",
    on_request=True,
    params={
        "type": "object",
        "properties": {"schema": {"type": ["object", "boolean"]}, "assert_format": {"type": "boolean"}},
        "additionalProperties": False,
    },
    source="https://platform.openai.com/docs/guides/structured-outputs",
    why="The client parses the content and relies on the schema.",
    fix="Constrain decoding by the schema.",
    example=Example(
        says("[]"), "[]", says('{"city":"Oslo"}'), sample_case({"structured-output": {"schema": SAMPLE_SCHEMA}})
    ),
)
def structured_output(case: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """Uses the case's schema, else the request's.

    A refusal is not judged, and a reply that calls tools instead passes.

    A reply that ends at the request's token limit is not judged either: a weak model can
    generate without end inside any grammar. A reply that is cut below the limit fails. The measured accuracy counts
    both as not valid.
    """
    schema = params.get("schema", requested_schema(case.request))
    if schema is None or reply.error is not None:
        return NotApplicable("neither the case nor the request has a schema") if schema is None else None
    judged = _judge(schema, reply, assert_format=bool(params.get("assert_format")))
    kind, words, problem = judged.kind, judged.words, judged.problem
    if kind == "valid" or (kind == "empty" and reply.calls):
        return Pass()
    if kind is None:
        return NotApplicable(words, problem)
    if kind == "refused":
        return NotApplicable(f"{_WORDS[kind]}: {words}")
    if kind == "truncated" and _spent(case, reply):
        return NotApplicable(f"{_WORDS[kind]}, at the limit that the request set")
    return _fail(reply, kind, words)


def _spent(case: Case, reply: Reply) -> bool:
    """Whether a reply has used all the tokens that the request allows."""
    limit, used = token_limit(case.request), reply.usage.output if reply.usage else None
    return limit is not None and used is not None and used >= limit


@check(
    "structured-output-bare",
    "With a JSON response_format the content is JSON and nothing else.",
    failure="It ignores response_format: the content is not bare JSON in {cases}",
    obeys=True,
    engine=True,
    row=32,
    source="https://platform.openai.com/docs/guides/structured-outputs",
    why="A response_format that is accepted and ignored breaks every client that relies on it.",
    fix="Turn on constrained decoding, or refuse response_format.",
    example=Example(says('```json\n{"city":"Oslo"}\n```'), "```", says('{"city":"Oslo"}'), SAMPLE_SCHEMA_CASE),
)
def structured_output_bare(case: Case, reply: Reply) -> CheckResult | None:
    """Fails on fences, prose and text that is not JSON; ``structured-output-schema`` judges the JSON."""
    kind = classify(case.request, reply)
    if kind in ("fenced", "prose", "not-json"):
        return _fail(reply, kind, "")
    return Pass() if kind in ("valid", "invalid") else None


@check(
    "structured-output-schema",
    "With a json_schema response_format the JSON is valid by it; with json_object it is an object.",
    failure="It ignores response_format schemas: the JSON breaks them in {cases}",
    obeys=True,
    engine=True,
    row=32,
    source="https://platform.openai.com/docs/guides/structured-outputs",
    why="The client relies on the fields and types of the schema.",
    fix="Constrain decoding by the whole schema, or refuse keywords that are not enforced.",
    example=Example(says('{"city":7}'), "7", says('{"city":"Oslo"}'), SAMPLE_SCHEMA_CASE),
)
def structured_output_schema(case: Case, reply: Reply) -> CheckResult | None:
    """Judges content that is JSON."""
    kind = classify(case.request, reply)
    if kind in ("valid", "invalid", None) and (schema := requested_schema(case.request)) is not None:
        judged = _judge(schema, reply, assert_format=False)
        if kind == "invalid":
            return _fail(reply, kind, judged.words)
        if kind is None and judged.problem is not None:
            return NotApplicable(judged.words, judged.problem)
    return Pass() if kind == "valid" else None


@check(
    "json-equals",
    "The content is exactly this JSON value.",
    failure="The content is another JSON value than the requested one in {cases}",
    on_request=True,
    params={"type": "object", "properties": {"value": {}}, "required": ["value"], "additionalProperties": False},
    source="https://platform.openai.com/docs/guides/structured-outputs",
    why="The case was written so that the right value is known.",
    fix="Compare with the reference on the same case before blaming the server.",
    example=Example(
        says('{"a":true}'), "true", says('{ "a": 1.0 }'), sample_case({"json-equals": {"value": {"a": 1}}})
    ),
)
def json_equals(case: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """Compared as JSON values: 1 is 1.0 and is not true; the order of keys does not count."""
    if grade("json", case, reply, params).value == 1:
        return Pass()
    parsed = parse_json((reply.content or "").strip())
    if not parsed.ok:
        return _fail(reply, "not-json" if reply.content else "empty", parsed.error)
    invalid = classify(case.request, reply) == "invalid"
    words = "the JSON breaks the schema and is another value" if invalid else "the JSON is valid, but another value"
    return Fail(words, quote(params["value"]), quote(reply.content), spans_of_all_content(reply))


def _fail(reply: Reply, kind: str, words: str) -> Fail:
    message = f"{_WORDS[kind]}{': ' if words else ''}{words}"
    return Fail(message, "valid JSON", f"{kind}: {quote(reply.content or '')}", spans_of_all_content(reply))
