"""Sixty realistic tools in twelve domains. The list is ``catalogue.txt``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from trueweight.core.json_value import JsonObject

_FILE = Path(__file__).with_name("catalogue.txt")
_WORD = re.compile(r"[\[\]{}]|[^\s\[\]{}]+")

_TYPES: dict[str, JsonObject] = {
    "str": {"type": "string"},
    "text": {"type": "string"},
    "int": {"type": "integer"},
    "num": {"type": "number"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "email": {"type": "string", "format": "email"},
    "url": {"type": "string", "format": "uri"},
    "uuid": {"type": "string", "format": "uuid"},
    "obj": {"type": "object"},
}


class CatalogueTool(NamedTuple):
    """A tool of the catalogue.

    Attributes:
        ask: the words of a user who wants it called, without a full stop.
        definition: as in a request's ``tools``. It is shared between cases; never change it.
    """

    name: str
    domain: str
    ask: str
    definition: JsonObject

    @property
    def parameters(self) -> JsonObject:
        """The schema of its arguments."""
        schema: JsonObject = self.definition["function"]["parameters"]
        return schema

    @property
    def takes_nothing(self) -> bool:
        """Whether it is called with ``{}``."""
        return not self.parameters["properties"]


@cache
def catalogue() -> tuple[CatalogueTool, ...]:
    """All tools, domain by domain."""
    tools: list[CatalogueTool] = []
    domain = ""
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            domain = line.strip("[]")
        elif line and not line.startswith("#"):
            name, description, ask, parameters = (part.strip() for part in line.split("|"))
            function = {"name": name, "description": description, "parameters": _object(_words(parameters))}
            tools.append(CatalogueTool(name, domain, ask, {"type": "function", "function": function}))
    return tuple(tools)


def _words(text: str) -> Iterator[str]:
    return iter(_WORD.findall(text))


def _object(words: Iterator[str]) -> JsonObject:
    """The schema of ``name:type name:type …``, to the end or to the closing brace."""
    properties: JsonObject = {}
    required: list[str] = []
    last = ""
    for word in words:
        if word == "}":
            break
        if word == "!":
            required.append(last)
            continue
        last, _, kind = word.partition(":")
        schema, is_required = _type(kind, words)
        properties[last] = schema
        if is_required:
            required.append(last)
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema


def _type(kind: str, words: Iterator[str]) -> tuple[JsonObject, bool]:
    """A type and whether a "!" follows it. A bracket is a separate word, and so is a "!" after one."""
    if not kind:
        opened = next(words)
        return ({"type": "array", "items": _item(words)} if opened == "[" else _object(words)), False
    if kind.endswith("!"):
        return _scalar(kind[:-1]), True
    return _scalar(kind), False


def _item(words: Iterator[str]) -> JsonObject:
    word = next(words)
    schema = _object(words) if word == "{" else _scalar(word)
    if (closing := next(words)) != "]":
        raise ValueError(f"catalogue: expected ']', found {closing!r}")
    return schema


def _scalar(kind: str) -> JsonObject:
    if "/" in kind:
        return {"type": "string", "enum": kind.split("/")}
    bounds = re.fullmatch(r"int\((\d+)\.\.(\d+)\)", kind)
    if bounds:
        return {"type": "integer", "minimum": int(bounds[1]), "maximum": int(bounds[2])}
    return dict(_TYPES[kind])
