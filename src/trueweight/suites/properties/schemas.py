"""JSON Schemas (2020-12) as in real tools and structured output, by family of keywords."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from trueweight.core.json_value import JsonObject
from trueweight.suites.properties.documents import NAMES
from trueweight.suites.properties.instances import PATTERNS
from trueweight.suites.properties.texts import WORDS

Schema = JsonObject

FAMILIES: tuple[str, ...] = (
    *("describe", "enums", "bounds", "lengths", "items", "unions", "refs", "additional", "patterns", "formats"),
    *("consts", "tuples", "composition", "conditions"),
)
"""Families of keywords, the most common ones first."""

COMMON: tuple[str, ...] = FAMILIES[:8]
"""Families found in the schemas of public verifiers and of tools in the wild; the others hardly ever are."""

_ENUMS = (
    ("celsius", "fahrenheit"),
    ("low", "medium", "high", "urgent"),
    ("asc", "desc"),
    ("draft", "published", "archived"),
    ("USD", "EUR", "JPY", "BRL"),
)
_FORMATS = ("date", "date-time", "email", "uuid", "uri", "ipv4", "time")


def schemas(keywords: Collection[str] | None = None, depth: int = 3) -> SearchStrategy[Schema]:
    """Schemas of objects: each is valid under the metaschema, and has instances (see :func:`arguments`).

    Args:
        keywords: families that may occur beside ``type``, ``properties`` and ``required``: ``describe`` (title,
            description, default), ``enums``, ``bounds`` (minimum, maximum, exclusive ones, multipleOf), ``lengths``,
            ``items`` (minItems, maxItems, uniqueItems), ``unions`` (anyOf, oneOf, lists of types), ``refs`` ($defs),
            ``additional`` (additionalProperties), ``patterns``, ``formats``, ``consts``, ``tuples`` (prefixItems),
            ``composition`` (allOf, not), ``conditions`` (if, then, else, dependentRequired). None means the first
            eight, as in most real schemas.
        depth: levels of objects and lists, the outermost counted.

    Raises:
        ValueError: for a family that does not exist.
    """
    chosen = frozenset(COMMON if keywords is None else keywords)
    unknown = sorted(chosen - set(FAMILIES))
    if unknown:
        raise ValueError(f"no such family of keywords: {unknown[0]!r}; valid: {', '.join(FAMILIES)}")
    return _root(chosen, depth)


@st.composite
def _root(draw: DrawFn, families: frozenset[str], depth: int) -> Schema:
    schema = draw(_object(families, depth, at_least=1))
    if "refs" in families and draw(st.integers(0, 4)) == 1:
        schema["$defs"] = {"part": draw(_object(families - {"refs"}, 1, at_least=1))}
        part: Schema = {"$ref": "#/$defs/part"}
        schema["properties"]["part"] = part if draw(st.booleans()) else {"type": "array", "items": part, "maxItems": 2}
    if "conditions" in families:
        _conditions(schema, draw(st.integers(0, 2)))
    return schema


def _conditions(schema: Schema, kind: int) -> None:
    """Conditions that an instance with every property always meets."""
    names = sorted(schema["properties"])
    if kind == 1:
        schema["dependentRequired"] = {names[0]: names}
    elif kind == 2:
        schema |= {"if": {"required": names[:1]}, "then": {"required": names}, "else": {"maxProperties": len(names)}}


@st.composite
def _object(draw: DrawFn, families: frozenset[str], depth: int, at_least: int = 0) -> Schema:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=at_least, max_size=5, unique=True))
    properties = {name: draw(_any(families, depth - 1)) for name in names}
    schema: Schema = {"type": "object", "properties": properties}
    required = [name for name in names if not draw(st.booleans())]
    if required:
        schema["required"] = required
    if "additional" not in families or draw(st.integers(0, 3)) != 3:
        schema["additionalProperties"] = False
    elif draw(st.booleans()):
        schema["additionalProperties"] = {"type": "string"}
    return _described(draw, families, schema)


@st.composite
def _any(draw: DrawFn, families: frozenset[str], depth: int) -> Schema:
    kinds: list[SearchStrategy[Schema]] = [_string(families), _number(families), st.just({"type": "boolean"})]
    if "enums" in families:
        kinds.append(_enum())
    if "consts" in families:
        kinds.append(st.sampled_from(WORDS).map(lambda word: {"const": word}))
    if depth > 0:
        kinds += [_object(families, depth), _array(families, depth)]
        kinds += [_union(families, depth)] if "unions" in families else []
        kinds += [_composed()] if "composition" in families else []
    return _described(draw, families, draw(st.one_of(kinds)))


def _described(draw: DrawFn, families: frozenset[str], schema: Schema) -> Schema:
    if "describe" in families and draw(st.integers(0, 2)) == 2:
        words = " ".join(draw(st.lists(st.sampled_from(WORDS), min_size=2, max_size=6)))
        return {**schema, "description": words.capitalize() + "."}
    return dict(schema)


@st.composite
def _string(draw: DrawFn, families: frozenset[str]) -> Schema:
    schema: Schema = {"type": "string"}
    kinds = [family for family in ("lengths", "patterns", "formats") if family in families]
    match draw(st.sampled_from([None, None, *kinds])):
        case "lengths":
            schema["minLength"] = draw(st.integers(0, 5))
            schema["maxLength"] = draw(st.integers(20, 200))
        case "patterns":
            schema["pattern"] = draw(st.sampled_from(list(PATTERNS)))
        case "formats":
            schema["format"] = draw(st.sampled_from(_FORMATS))
    return schema


@st.composite
def _number(draw: DrawFn, families: frozenset[str]) -> Schema:
    schema: Schema = {"type": draw(st.sampled_from(["integer", "number"]))}
    if "bounds" not in families:
        return schema
    low = draw(st.integers(-100, 100))
    match draw(st.integers(0, 5)):
        case 1:
            schema |= {"minimum": low, "maximum": low + draw(st.integers(1, 1000))}
        case 2:
            schema["minimum"] = low
        case 3:
            schema |= {"exclusiveMinimum": low, "exclusiveMaximum": low + 10}
        case 4:
            schema["multipleOf"] = draw(st.sampled_from([2, 5, 10]))
    return schema


def _enum() -> SearchStrategy[Schema]:
    texts = st.sampled_from(_ENUMS).map(lambda options: {"type": "string", "enum": list(options)})
    mixed = st.just({"enum": ["auto", 1, 2.5, None, True]})
    return st.one_of(texts, texts, st.just({"type": "integer", "enum": [1, 2, 3, 5, 8]}), mixed)


@st.composite
def _array(draw: DrawFn, families: frozenset[str], depth: int) -> Schema:
    if "tuples" in families and draw(st.integers(0, 3)) == 3:
        first = draw(st.lists(_any(families, depth - 1), min_size=1, max_size=3))
        return {"type": "array", "prefixItems": first, "items": False, "minItems": len(first)}
    schema: Schema = {"type": "array", "items": draw(_any(families, depth - 1))}
    if "items" in families and draw(st.booleans()):
        schema["minItems"] = draw(st.integers(0, 2))
        schema["maxItems"] = schema["minItems"] + draw(st.integers(1, 10))
        if schema["minItems"] < 2 and draw(st.integers(0, 3)) == 3:
            schema["uniqueItems"] = True
    return schema


@st.composite
def _union(draw: DrawFn, families: frozenset[str], depth: int) -> Schema:
    match draw(st.integers(0, 2)):
        case 0:
            return {"type": [draw(st.sampled_from(["string", "integer"])), "null"]}
        case 1:
            return {"anyOf": [draw(_any(families, depth - 1)), {"type": "null"}]}
        case _:
            # They differ in type, so that exactly one of them matches.
            return {"oneOf": [draw(_string(families)), {"type": "integer"}, draw(_object(families, depth - 1))]}


@st.composite
def _composed(draw: DrawFn) -> Schema:
    low = draw(st.integers(-10, 10))
    return draw(
        st.sampled_from(
            [
                {"allOf": [{"type": "integer", "minimum": low}, {"maximum": low + 50}]},
                {"type": "string", "minLength": 1, "not": {"enum": ["", "none"]}},
                {"allOf": [{"type": "string"}, {"minLength": 1}]},
            ]
        )
    )
