"""Chat completions of every healthy host of the fleet, read by the official SDK as an independent client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from fleet_replies import HEALTHY_STACKS
from trueweight.fleet import MODEL
from trueweight.fleet.roster import WRITES

pytestmark = pytest.mark.sdk

HEALTHY = [*HEALTHY_STACKS, "thinks-short", "thinks-hidden"]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "get_weather", "description": "Weather", "parameters": SCHEMA}}
WEATHER = [{"role": "user", "content": "Use get_weather: what is the weather in the city of Paris? And in Rome?"}]
QUESTIONS: dict[str, dict[str, Any]] = {
    "text": {"messages": [{"role": "user", "content": "Tell me about the sea, please."}], "max_tokens": 60},
    "calls": {"messages": WEATHER, "tools": [TOOL], "tool_choice": "required"},
    "cut": {"messages": [{"role": "user", "content": "Tell me about the sea, please."}], "max_tokens": 5},
}


def said(message: Any) -> tuple[str, list[tuple[str, str]]]:
    """Text and calls. Ids of calls differ from reply to reply, white space beside calls is no text."""
    return (message.content or "").strip(), [
        (one.function.name, one.function.arguments) for one in message.tool_calls or ()
    ]


def joined(chunks: Iterable[Any]) -> tuple[tuple[str, list[tuple[str, str]]], str | None]:
    """The same of a stream, with its finish reason, as clients join it that read chunks: calls by index."""
    text, calls, finish = "", {}, None
    # A content filter's choices have no delta.
    for choice in (one for chunk in chunks for one in chunk.choices if one.delta is not None):
        text += choice.delta.content or ""
        finish = choice.finish_reason or finish
        for part in choice.delta.tool_calls or ():
            name, arguments = calls.get(part.index, ("", ""))
            calls[part.index] = name or part.function.name or "", arguments + (part.function.arguments or "")
    return (text.strip(), list(calls.values())), finish


@pytest.mark.parametrize("client", HEALTHY, indirect=True)
def test_the_sdk_reads_every_healthy_reply(client: Any) -> None:
    """Plain and in chunks: the same text, calls and finish reason."""
    for name, question in QUESTIONS.items():
        wanted = {"model": MODEL, "temperature": 0, "seed": 7, **question}
        plain = client.chat.completions.create(**wanted).choices[0]
        assert joined(client.chat.completions.create(**wanted, stream=True)) == (
            said(plain.message),
            plain.finish_reason,
        ), name
        assert bool(plain.message.tool_calls) == (name == "calls")


@pytest.mark.parametrize("client", [name for name in HEALTHY if not name.startswith(WRITES)], indirect=True)
def test_the_sdks_stream_helper_joins_the_deltas(client: Any) -> None:
    """Not of each handwriting: the helper takes calls for numbered from 0, which the API does not require."""
    wanted = {"model": MODEL, "temperature": 0, "seed": 7, **QUESTIONS["calls"]}
    plain = client.chat.completions.create(**wanted).choices[0]
    with client.chat.completions.stream(**wanted) as stream:
        final = stream.get_final_completion().choices[0]
    assert said(final.message) == said(plain.message)
