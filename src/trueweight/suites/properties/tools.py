"""Tools to put on offer: from the catalogue, or of a drawn schema."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from trueweight.core.json_value import JsonObject
from trueweight.suites.properties.catalogue import CatalogueTool, catalogue
from trueweight.suites.properties.schemas import Schema, schemas
from trueweight.suites.properties.texts import WORDS

_VERBS = ("get", "set", "find", "make", "send", "list", "check", "update")


def tools(keywords: Collection[str] | None = None, depth: int = 3) -> SearchStrategy[JsonObject]:
    """Tool definitions as a request's ``tools`` holds them: one of the catalogue, or one with a drawn schema.

    Args:
        keywords, depth: of the drawn schemas, as for :func:`schemas`.
    """
    return st.one_of(catalogue_tools().map(lambda tool: tool.definition), drawn_tools(schemas(keywords, depth)))


def catalogue_tools(*domains: str) -> SearchStrategy[CatalogueTool]:
    """Tools of the catalogue: sixty realistic ones in twelve domains.

    Args:
        domains: only these; none means all.

    Raises:
        ValueError: if no tool is of these domains.
    """
    chosen = [tool for tool in catalogue() if not domains or tool.domain in domains]
    if not chosen:
        raise ValueError(f"no such domain; valid: {', '.join(dict.fromkeys(tool.domain for tool in catalogue()))}")
    return st.sampled_from(chosen)


def offered(at_least: int = 0, at_most: int = 59) -> SearchStrategy[list[CatalogueTool]]:
    """Several tools of the catalogue, all different."""
    return st.lists(st.sampled_from(catalogue()), min_size=at_least, max_size=at_most, unique_by=lambda t: t.name)


@st.composite
def drawn_tools(draw: DrawFn, parameters: SearchStrategy[Schema]) -> JsonObject:
    """A tool of any name whose parameters are drawn from this strategy."""
    name = f"{draw(st.sampled_from(_VERBS))}_{draw(st.sampled_from(WORDS))}"
    return tool(name, draw(parameters), f"{name.replace('_', ' ').capitalize()}.")


def tool(name: str, parameters: Schema, description: str = "") -> JsonObject:
    """A tool definition as a request's ``tools`` holds it."""
    function: JsonObject = {"name": name, "parameters": parameters}
    if description:
        function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}
