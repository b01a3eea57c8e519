"""The earlier messages of a case as a model wants them. Cases are written in the shape of this API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from trueweight.core import HistoryRule, ProfileHistory, digest
from trueweight.core.json_value import JsonObject
from trueweight.protocols.chat.reasoning import THOUGHT


def rewrite_history(messages: Sequence[Any], history: ProfileHistory, *, thinks: bool) -> list[Any]:
    """The messages with the thoughts of earlier assistant messages, and the ids of earlier calls, as a profile says.

    Where a thought is required and the case has none, a short one is put in: "I call NAME.", "I answer."

    Args:
        thinks: whether the model thinks before its answer.
    """
    return _with_ids(_with_thoughts(messages, history, thinks=thinks), history.call_ids)


def _with_thoughts(messages: Sequence[Any], history: ProfileHistory, *, thinks: bool) -> list[Any]:
    if history.reasoning is None:
        return list(messages)
    required = _required(messages, history.reasoning) if thinks else frozenset()
    return [
        _with_thought(message, history, required=at in required) if _role(message) == "assistant" else message
        for at, message in enumerate(messages)
    ]


def _required(messages: Sequence[Any], rule: HistoryRule) -> frozenset[int]:
    """The positions of the assistant messages that must have a thought."""
    users = [at for at, message in enumerate(messages) if _role(message) == "user"]
    turns = [range(start + 1, end) for start, end in pairwise([-1, *users, len(messages)])]
    if rule is HistoryRule.WITH_CALLS:
        return frozenset(at for at in turns[-1] if _calls_of(messages[at]))
    if rule is HistoryRule.WITH_ALL_CALLS:
        return frozenset(at for turn in turns if any(_calls_of(messages[one]) for one in turn) for at in turn)
    return frozenset()


def _with_ids(messages: list[Any], form: str) -> list[Any]:
    """The messages with ids of this form for the calls of assistant messages, and the same ids for their results."""
    renamed: dict[str, str] = {}
    for message in messages if form else ():
        for call in _calls_of(message):
            old, function = call.get("id"), call.get("function")
            if isinstance(old, str) and isinstance(function, Mapping) and old not in renamed:
                short = digest(["call", old, len(renamed)])[:9]
                renamed[old] = form.format(name=function.get("name", ""), index=len(renamed), digest=short)
    return [_renamed(message, renamed) for message in messages] if renamed else messages


def _renamed(message: Any, ids: Mapping[str, str]) -> Any:
    if not isinstance(message, Mapping):
        return message
    out = dict(message)
    if isinstance(result := out.get("tool_call_id"), str):
        out["tool_call_id"] = ids.get(result, result)
    if _calls_of(message):
        out["tool_calls"] = [
            {**call, "id": ids.get(call["id"], call["id"])}
            if isinstance(call, Mapping) and isinstance(call.get("id"), str)
            else call
            for call in out["tool_calls"]
        ]
    return out


def _calls_of(message: Any) -> list[Mapping[str, Any]]:
    calls = message.get("tool_calls") if isinstance(message, Mapping) else None
    return [call for call in calls if isinstance(call, Mapping)] if isinstance(calls, list | tuple) else []


def _role(message: Any) -> str:
    return str(message.get("role", "")) if isinstance(message, Mapping) else ""


def _with_thought(message: Mapping[str, Any], history: ProfileHistory, *, required: bool) -> JsonObject:
    plain = {key: value for key, value in message.items() if key != THOUGHT}
    if history.reasoning is HistoryRule.DROP:
        return plain
    thought = message.get(THOUGHT) or (_thought_of(message) if required else None)
    return plain if thought is None else {**plain, history.field or THOUGHT: thought}


def _thought_of(message: Mapping[str, Any]) -> str:
    functions = [call.get("function") for call in _calls_of(message)]
    names = [function.get("name") for function in functions if isinstance(function, Mapping)]
    return f"I call {', '.join(map(str, names))}." if names else "I answer."
