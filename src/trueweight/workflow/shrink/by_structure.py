"""Shrink any request: leave out messages, tools, options, keywords and text, but keep what its answer needs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from trueweight.core import Case
from trueweight.core.json_value import JsonObject
from trueweight.workflow.shrink import schema_cuts
from trueweight.workflow.shrink.attempts import Reduction, Search, request_size

Request = JsonObject
Item = TypeVar("Item")
_Steps = Generator[Reduction, bool, None]

_NEEDED = frozenset({"messages", "tools", "functions"})
_DEMANDS = frozenset({"response_format", "tool_choice", "parallel_tool_calls", "n", "stop"})
"""Options that change which answer is right: without them the case's known answer may be wrong."""
_ANSWER_KNOWN = ("tool-call-matches", "json-equals", "content-matches", "tool-call-expected", "needle")
_WORTH = 2


def shrink_structure(start: Reduction, called: Sequence[str] = ()) -> Search:
    """Coarse cuts first: history, tools, options, then schemas, then words.

    If the case has a known answer, the last user message and the tools, properties and values of the answer stay:
    without them any server would fail.

    Args:
        called: names of the tools that the failing reply called; they are removed last.
    """
    cutter = _Cutter(start, called)
    for step in (cutter.history, cutter.tools, cutter.options, cutter.schemas, cutter.text):
        yield from step()
    return cutter.current


class _Cutter:
    def __init__(self, start: Reduction, called: Sequence[str]) -> None:
        self.current = start
        self._knows = any(check in start.case.checks for check in _ANSWER_KNOWN)
        self._wanted = _expected_names(start.case) or set(called)

    def _try(self, request: Request, how: str) -> Generator[Reduction, bool, bool]:
        case = replace(self.current.case, request=request)
        if request_size(case) > self.current.size - _WORTH:
            return False
        reduction = Reduction(case, how)
        holds = yield reduction
        if holds:
            self.current = reduction
        return holds

    def _request(self, **changed: Any) -> Request:
        return {**self.current.case.request, **changed}

    def _cut(self, items: Sequence[Item], build: Callable[[list[Item]], Request], how: str) -> _Steps:
        """Leave out as many items as possible: all, then halves, then single ones."""
        kept = list(items)
        size = len(kept)
        while size >= 1 and kept:
            start = len(kept) - size
            while start > -size:
                rest = kept[: max(0, start)] + kept[start + size :]
                if len(rest) < len(kept) and (yield from self._try(build(rest), how)):
                    kept = rest
                start -= size
            size //= 2

    def history(self) -> _Steps:
        """The messages before the last user message, by whole turns; then the system prompt."""
        messages = list(self._request().get("messages", ()))
        last = max((at for at, one in enumerate(messages) if one.get("role") == "user"), default=0)
        before, rest = messages[:last], messages[last:]
        head = [one for one in before if one.get("role") in ("system", "developer")]
        turns = _turns([one for one in before if one not in head])
        yield from self._cut(
            [head, *turns] if head else turns,
            lambda kept: self._request(messages=[*(one for turn in kept for one in turn), *rest]),
            "without earlier messages",
        )

    def tools(self) -> _Steps:
        """Tools that neither the answer nor the failing reply calls; then the others, if no answer is known."""
        for spare in (True, False) if not self._knows else (True,):
            tools = list(self._request().get("tools") or ())
            kept = [one for one in tools if spare and _name(one) in self._wanted]
            others = [one for one in tools if one not in kept]
            yield from self._cut(others, lambda some, kept=kept: self._offering([*kept, *some]), "with fewer tools")  # type: ignore[misc]

    def _offering(self, tools: list[Any]) -> Request:
        if tools:
            return self._request(tools=tools)
        alone = ("tools", "tool_choice", "parallel_tool_calls")
        return {key: value for key, value in self._request().items() if key not in alone}

    def options(self) -> _Steps:
        """Everything in the request except messages and tools."""
        needed = _NEEDED | _DEMANDS if self._knows else _NEEDED
        names = [key for key in self._request() if key not in needed]
        request = self._request()
        fixed = {key: request[key] for key in request if key in needed}
        yield from self._cut(
            names,
            lambda kept: {**{key: self._request()[key] for key in fixed}, **{key: request[key] for key in kept}},
            "with fewer options",
        )

    def schemas(self) -> _Steps:
        """Keywords and optional parts of the tools' schemas and of the response's."""
        for cut in schema_cuts.cuts(self.current.case):
            yield from self._try(cut.apply(self._request()), cut.how)

    def text(self) -> _Steps:
        """Lines, then words, of the last message, if no known answer depends on it."""
        if self._knows:
            return
        for mark in ("\n", " "):
            messages = list(self._request().get("messages", ()))
            if not messages or not isinstance(messages[-1].get("content"), str):
                return
            *before, last = messages
            yield from self._cut(
                last["content"].split(mark),
                lambda kept, before=before, last=last, mark=mark: self._request(  # type: ignore[misc]
                    messages=[*before, {**last, "content": mark.join(kept)}]
                ),
                "with less text",
            )


def _turns(messages: Sequence[Any]) -> list[list[Any]]:
    """Messages in groups that begin with a user message, so that a call and its result stay together."""
    turns: list[list[Any]] = []
    for message in messages:
        if message.get("role") == "user" or not turns:
            turns.append([])
        turns[-1].append(message)
    return turns


def _name(tool: Any) -> str:
    function = tool.get("function") if isinstance(tool, dict) else None
    return str(function.get("name")) if isinstance(function, dict) else ""


def _expected_names(case: Case) -> set[str]:
    named = {str(call.get("name")) for call in case.checks.get("tool-call-matches", {}).get("calls", ())}
    choice = case.request.get("tool_choice")
    return named | ({_name(choice)} if isinstance(choice, dict) else set())
