"""What a prompt requests literally: a call whose tool or arguments it contains, or no call at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trueweight.fleet.constrain import validator_of

_NAMED = re.compile(r"`([\w.-]+)`")
_DECLINED = re.compile(r"no tool is needed|without calling any tool|do(?: not|n't) call any|just answer in words", re.I)

Tool = Mapping[str, Any]
Asked = tuple[Tool, Mapping[str, Any]]


def declines_tools(text: str) -> bool:
    """Whether the text forbids tool calls."""
    return _DECLINED.search(text) is not None


def call_asked_for(
    text: str, documents: Sequence[Any], tools: Sequence[Tool], fit: Callable[[Tool], float]
) -> Asked | None:
    """The tool and the arguments that a text requests; None if it contains no arguments.

    The tool is the first one named in back-quotes; without one, that which takes the arguments and fits the words best.

    Args:
        documents: the JSON values in the text, in order.
        fit: how well a tool fits the text's words.
    """
    objects = [document for document in documents if isinstance(document, Mapping)]
    if not objects:
        return None
    by_name = {tool["function"]["name"]: tool for tool in tools}
    named = next((by_name[name] for name in _NAMED.findall(text) if name in by_name), None)
    for given in objects:
        if named is not None and _takes(named, given):
            return named, given
    if named is not None or not objects[0]:
        return None
    takers = [tool for tool in tools if _takes(tool, objects[0])]
    best = max(takers, key=fit, default=None)
    return None if best is None or fit(best) <= 0 else (best, objects[0])


def _takes(tool: Tool, given: Mapping[str, Any]) -> bool:
    schema = tool["function"].get("parameters")
    return validator_of(schema).is_valid(given) if schema else not given
