"""Declare a property suite: decorated functions that return a request and the checks of its reply."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from trueweight.core import Mode, Severity
from trueweight.core.json_value import JsonObject
from trueweight.suites.properties.asks import TargetCall

EXAMPLES = 100
"""The default number of cases of a property."""

REQUEST: Mapping[str, Any] = {"temperature": 0, "seed": 7, "max_tokens": 1024}
"""Default fields of a request: as repeatable as a server allows, and the tokens that an answer needs."""


class Prompt(NamedTuple):
    """One request and the checks of its reply.

    Attributes:
        request: a chat-completions body without ``model`` and ``stream``.
        checks: check id → parameters, as in a YAML suite.
        answer: a right reply, as in a YAML suite; None if many are right.
    """

    request: Mapping[str, Any]
    checks: Mapping[str, Mapping[str, Any]]
    answer: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Property:
    """A decorated function: named strategies in, a prompt out.

    Attributes:
        line: the line of the function in its file.
        examples: its number of cases by default, and its weight if the suite gets another number of cases.
    """

    name: str
    why: str
    function: Callable[..., Prompt]
    strategy: SearchStrategy[JsonObject]
    line: int
    examples: int = EXAMPLES
    severity: Severity = Severity.SHOULD
    source: str = ""
    tags: tuple[str, ...] = ()
    modes: tuple[Mode, ...] = field(default=tuple(Mode))
    keeps_limit: bool = False


def prompts(
    *,
    examples: int = EXAMPLES,
    severity: str = "SHOULD",
    source: str = "",
    tags: Sequence[str] = (),
    modes: Sequence[str] = ("plain", "stream"),
    keeps_limit: bool = False,
    **strategies: SearchStrategy[Any],
) -> Callable[[Callable[..., Prompt]], Property]:
    """Make a function a property: it is called with one value of each strategy and returns a :class:`Prompt`.

    Args:
        examples: how many cases to draw by default.
        severity, source, tags, modes, keeps_limit: of its cases, as in a YAML suite.
        strategies: one for each parameter of the function, by its name.

    Raises:
        TypeError: if the names are not the function's parameters, or a value is not a strategy.
        ValueError: for a severity or mode that does not exist, or fewer than one example.
    """
    if examples < 1:
        raise ValueError(f"examples = {examples}; valid: a whole number from 1")

    def declare(function: Callable[..., Prompt]) -> Property:
        _match(function, strategies)
        documentation = inspect.getdoc(function) or function.__name__.replace("_", " ").capitalize() + "."
        return Property(
            name=re.sub(r"[^a-z0-9]+", "-", function.__name__.lower()).strip("-") or "property",
            why=" ".join(documentation.split("\n\n")[0].split()),
            function=function,
            strategy=st.fixed_dictionaries(strategies),
            line=function.__code__.co_firstlineno,
            examples=examples,
            severity=Severity(severity),
            source=source,
            tags=tuple(tags),
            modes=tuple(map(Mode, modes)),
            keeps_limit=keeps_limit,
        )

    return declare


def _match(function: Callable[..., Prompt], strategies: Mapping[str, Any]) -> None:
    wanted = set(inspect.signature(function).parameters)
    if wanted != set(strategies):
        missing, extra = sorted(wanted - set(strategies)), sorted(set(strategies) - wanted)
        words = [f"no strategy for {', '.join(missing)}"] if missing else []
        words += [f"the function does not take {', '.join(extra)}"] if extra else []
        raise TypeError(f"{function.__name__}: {'; '.join(words)}")
    for name, strategy in strategies.items():
        if not isinstance(strategy, SearchStrategy):
            raise TypeError(f"{function.__name__}: {name} is {strategy!r}, which is not a strategy")


Conversation = str | Sequence[Mapping[str, Any]]


def expect_calls(
    calls: Sequence[TargetCall], *, messages: Conversation, tools: Sequence[Mapping[str, Any]], **request: Any
) -> Prompt:
    """The reply makes exactly these calls, in this order, with exactly these arguments, and nothing else.

    Args:
        calls: made by :func:`call`.
        messages: the conversation, or the text of its only message.
        request: further keys of the request.
    """
    wanted = [dict(one) for one in calls]
    return Prompt(
        {"messages": _messages(messages), "tools": list(tools), **REQUEST, **request},
        {
            "tool-call-expected": {"call": "must", "min": len(wanted), "max": len(wanted)},
            "tool-call-matches": {"calls": wanted, "ordered": True},
        },
        {"calls": wanted},
    )


def expect_no_call(*, messages: Conversation, tools: Sequence[Mapping[str, Any]], **request: Any) -> Prompt:
    """The reply is words: no tool is called."""
    body = {"messages": _messages(messages), "tools": list(tools), **REQUEST, **request}
    return Prompt(body, {"tool-call-expected": {"call": "must-not"}})


def expect_json(value: Any, *, schema: Mapping[str, Any], messages: Conversation, **request: Any) -> Prompt:
    """The reply's whole content is this JSON value, under a strict ``json_schema`` response format.

    Invalid under the schema and valid but another value are two different findings.
    """
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": dict(schema)}}
    return Prompt(
        {"messages": _messages(messages), "response_format": wanted, **REQUEST, **request},
        {"structured-output": {}, "json-equals": {"value": value}},
        {"json": value},
    )


def expect(
    checks: Mapping[str, Mapping[str, Any]],
    *,
    messages: Conversation,
    answer: Mapping[str, Any] | None = None,
    **request: Any,
) -> Prompt:
    """The reply passes these checks (``trueweight checks`` lists all), each with its parameters."""
    return Prompt({"messages": _messages(messages), **REQUEST, **request}, checks, answer)


def _messages(messages: Conversation) -> list[Mapping[str, Any]]:
    return [{"role": "user", "content": messages}] if isinstance(messages, str) else list(messages)
