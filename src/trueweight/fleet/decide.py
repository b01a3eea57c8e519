"""Decide about a request that no suite contains: whether to call a tool, which tool, with which arguments."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from trueweight.fleet import tokenizer
from trueweight.fleet.completion import CompletionCall
from trueweight.fleet.constrain import Sampler, make_instance, validator_of
from trueweight.fleet.decode import Sampling, draw
from trueweight.fleet.network import Network
from trueweight.fleet.prompted import call_asked_for, declines_tools
from trueweight.fleet.template import last_user_text, tools_of

_WORD = re.compile(r"\w+")
_SMALL = """
a an and are as at by can do for from get give how i in is it me my of on or please set the this to use what which with
you your
"""
_STOPWORDS = frozenset(_SMALL.split())
_CLEAR_MATCH = 6.0
"""Logits that one well-matched tool adds to "call": at temperature 1 a clear request is called 99.7% of the time."""


def documents_in(text: str) -> Iterator[Any]:
    """JSON objects and arrays in a text, outermost first."""
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text):
        if text[at] in "{[":
            try:
                value, at = decoder.raw_decode(text, at)
            except (ValueError, RecursionError):
                at += 1
            else:
                yield value
        else:
            at += 1


def parameters_of(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """A tool's parameter schema; a tool without one takes an empty object."""
    return tool["function"].get("parameters") or {"type": "object", "properties": {}, "additionalProperties": False}


def document_for(schema: Any, text: str) -> Any | None:
    """A document in the text that the schema accepts; None if there is none."""
    found = [document for document in documents_in(text) if document is not None]
    if not found:
        return None
    validator = validator_of(schema)
    return next((document for document in found if validator.is_valid(document)), None)


def wants_call(body: Mapping[str, Any], network: Network, prompt: Sequence[int]) -> float:
    """Logit of a call against text: by the words of the prompt, plus a preference of the network."""
    logits = network.logits(network.start(prompt))
    yes, no = tokenizer.word_tokens()[:2]
    preference = float(logits[yes] - logits[no]) / 8
    if body["messages"][-1]["role"] in {"tool", "function"}:
        return -_CLEAR_MATCH + preference
    text = last_user_text(body["messages"])
    best = max(_overlap(text, tool) for tool in tools_of(body))
    return _CLEAR_MATCH * (min(best, 3.0) - 1.0) + preference


def decide_calls(
    body: Mapping[str, Any], network: Network, prompt: Sequence[int], sampling: Sampling, rng: random.Random
) -> tuple[CompletionCall, ...]:
    """The calls to make; empty for a text. Obeys ``tool_choice`` and ``parallel_tool_calls``.

    Raises:
        UnsatisfiableError: if a tool's parameters cannot be made.
    """
    choice = body.get("tool_choice") or "auto"
    tools = tools_of(body)
    if not tools or choice == "none":
        return ()
    if isinstance(choice, Mapping):
        tools = [tool for tool in tools if tool["function"]["name"] == choice["function"]["name"]]
    text = last_user_text(body["messages"])
    by_user = body["messages"][-1]["role"] not in {"tool", "function"}
    if by_user and choice == "auto" and declines_tools(text):
        return ()
    spelled = (_spelled_calls(text, tools) or _requested_call(text, tools)) if by_user else ()
    if spelled:
        return spelled[:1] if body.get("parallel_tool_calls") is False else spelled
    if choice == "auto" and not _flip(wants_call(body, network, prompt), sampling, rng):
        return ()
    tool = max(tools, key=lambda tool: _overlap(text, tool))
    sampler = Sampler(network, network.start([*prompt, tokenizer.CALL]), sampling.temperature, rng)
    return (CompletionCall(tool["function"]["name"], _arguments(tool, text, sampler)),)


def _flip(logit: float, sampling: Sampling, rng: random.Random) -> bool:
    """Yes or no, sampled like a token."""
    return draw(np.array([0.0, logit]), Sampling(temperature=sampling.temperature), rng) == 1


def _arguments(tool: Mapping[str, Any], text: str, sampler: Sampler) -> str:
    """The object in the user's text if it fits the tool, else one that the network makes."""
    schema = parameters_of(tool)
    value = document_for(schema, text)
    if not isinstance(value, Mapping):
        value = make_instance({"type": "object", **schema}, sampler)
    return json.dumps(value, ensure_ascii=False)


def _spelled_calls(text: str, tools: Sequence[Mapping[str, Any]]) -> tuple[CompletionCall, ...]:
    """Calls that the user spells out as ``{"name": …, "arguments": {…}}``, alone or in a list."""
    named = {tool["function"]["name"]: parameters_of(tool) for tool in tools}
    found: list[CompletionCall] = []
    for document in documents_in(text):
        for item in document if isinstance(document, list) else [document]:
            if not isinstance(item, Mapping) or item.get("name") not in named or "arguments" not in item:
                continue
            if validator_of(named[item["name"]]).is_valid(item["arguments"]):
                found.append(CompletionCall(item["name"], json.dumps(item["arguments"], ensure_ascii=False)))
    return tuple(found)


def _requested_call(text: str, tools: Sequence[Mapping[str, Any]]) -> tuple[CompletionCall, ...]:
    """The one call whose arguments are in the user's text, if a tool accepts them."""
    found = call_asked_for(text, list(documents_in(text)), tools, lambda tool: _overlap(text, tool))
    if found is None:
        return ()
    tool, given = found
    return (CompletionCall(tool["function"]["name"], json.dumps(given, ensure_ascii=False)),)


def _overlap(text: str, tool: Mapping[str, Any]) -> float:
    """How well a tool fits the text: its full name counts 3, each word of its name 1, of its description ½."""
    function = tool["function"]
    words = _words(text)
    name = _words(function["name"].replace("-", " ").replace("_", " ").replace(".", " "))
    described = _words(str(function.get("description") or "")) - name
    full = 3.0 if function["name"].lower() in text.lower() else 0.0
    return full + len(words & name) + 0.5 * len(words & described)


def _words(text: str) -> set[str]:
    """Content words, crudely stemmed, so that "convert" and "converts" meet."""
    return {word.rstrip("s") for word in _WORD.findall(text.lower()) if word not in _STOPWORDS and len(word) > 2}
