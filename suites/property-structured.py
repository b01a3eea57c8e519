"""Structured output with known answers: documents of drawn schemas, under a strict response format"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from trueweight.suites.properties import (
    FAMILIES,
    Prompt,
    arguments,
    ask_for_document,
    documents,
    expect,
    expect_json,
    prompts,
    schemas,
    system_prompts,
)

TAGS = ("structured-output",)
SOURCE = "https://platform.openai.com/docs/guides/structured-outputs"


@st.composite
def document(draw: DrawFn, keywords: Collection[str] | None = None) -> tuple[dict[str, Any], Any, str]:
    """A schema, a document that it accepts, and the words that ask for it."""
    schema = draw(schemas(keywords))
    target = draw(arguments(schema))
    return schema, target, draw(ask_for_document(target))


def asked(before: list[dict[str, Any]], wanted: tuple[dict[str, Any], Any, str]) -> Prompt:
    """The document under its schema."""
    schema, target, question = wanted
    return expect_json(target, schema=schema, messages=[*before, {"role": "user", "content": question}])


@prompts(examples=300, tags=TAGS, source=SOURCE, before=system_prompts(), wanted=document())
def common_keywords(before: Any, wanted: Any) -> Prompt:
    """A document of keywords that people write is valid, and is the one that was asked for."""
    return asked(before, wanted)


@prompts(examples=100, tags=(*TAGS, "rare-keywords"), source=SOURCE, before=system_prompts(), wanted=document(FAMILIES))
def all_keywords(before: Any, wanted: Any) -> Prompt:
    """The same with rare keywords: patterns, formats, tuples, allOf, not, conditions."""
    return asked(before, wanted)


@st.composite
def plain_document(draw: DrawFn) -> tuple[Any, str]:
    """A document of no schema, and the words that ask for it."""
    target = draw(documents())
    return target, draw(ask_for_document(target))


@prompts(examples=100, tags=(*TAGS, "json-object"), source=SOURCE, before=system_prompts(), wanted=plain_document())
def json_objects(before: Any, wanted: Any) -> Prompt:
    """With json_object the document is the one that was asked for, whatever stands in it."""
    target, question = wanted
    return expect(
        {"structured-output": {}, "json-equals": {"value": target}},
        messages=[*before, {"role": "user", "content": question}],
        answer={"json": target},
        response_format={"type": "json_object"},
    )
