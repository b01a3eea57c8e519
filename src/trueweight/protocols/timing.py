"""The times of a reply.

A token event carries text or a tool call. Events with only a role, usage or a finish reason are not token events.
"""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import NamedTuple

from trueweight.core import PROTOCOLS, Channel, Exchange, Reply, Timing
from trueweight.protocols.thought import IN_CONTENT

_OUTPUT = frozenset({Channel.CONTENT, Channel.TOOL})


def timing_of(exchange: Exchange, reply: Reply) -> Timing:
    """The times of the exchange's final attempt. A time that the reply does not define is None.

    A gap is the time between two token events in a row: those that arrive in one chunk have a gap of 0.
    """
    attempt = exchange.final
    cold = attempt.t_connected is not None
    connect = None if attempt.t_connected is None else attempt.t_connected - attempt.t_send
    if not reply.streamed:
        service = attempt.t_done - attempt.t_send
        return Timing(service=service, response=attempt.t_done, lag=attempt.t_send, connect=connect, cold=cold)
    ttfe = reply.events[0].ns - attempt.t_send if reply.events else None
    carrying = _token_events(exchange, reply)
    if not carrying:
        return Timing(ttfe=ttfe, lag=attempt.t_send, connect=connect, cold=cold)
    times = [event.ns for event in carrying]
    streamed = next((event.ns for event in carrying if Channel.REASONING in event.channels), None)
    thought = streamed if any(choice.thinks for choice in reply.choices) else None
    output = next((event.ns for event in carrying if event.channels & _OUTPUT), None)
    tokens = _streamed_tokens(reply, thought=streamed is not None)
    generation = times[-1] - times[0]
    spread = len(times) > 1 and generation > 0
    gaps = tuple(after - before for before, after in pairwise(times))
    return Timing(
        ttfe=ttfe,
        ttft=times[0] - attempt.t_send,
        ttfo=None if output is None else output - attempt.t_send,
        thinking=None if thought is None or output is None or output < thought else output - thought,
        service=times[-1] - attempt.t_send,
        response=times[-1],
        generation=generation,
        tpot=generation / (tokens - 1) if spread and tokens and tokens > 1 else None,
        output_speed=_speed(tokens, generation) if spread else None,
        gap=median(gaps) if gaps else None,
        gap_max=max(gaps, default=None),
        zero_gaps=gaps.count(0) / len(gaps) if gaps else None,
        chunk_tokens=tokens / len(times) if tokens else None,
        lag=attempt.t_send,
        connect=connect,
        gaps=gaps,
        cold=cold,
    )


class _TokenEvent(NamedTuple):
    ns: int
    channels: frozenset[Channel]


def _token_events(exchange: Exchange, reply: Reply) -> list[_TokenEvent]:
    """The events that carry tokens, and the channels of each. Content before the answer of a choice that has its
    thought in the content is a thought."""
    protocol = PROTOCOLS.get(exchange.api)
    answers = [
        choice.pieces[0].span.start if choice.pieces else len(reply.body)
        for choice in reply.choices
        if choice.reasoning_field == IN_CONTENT
    ]
    answer_at = min(answers, default=0)
    found = []
    for event in reply.events:
        channels = protocol.channels(event)
        if Channel.CONTENT in channels and event.span.start < answer_at:
            channels = channels - {Channel.CONTENT} | {Channel.REASONING}
        if channels:
            found.append(_TokenEvent(event.ns, channels))
    return found


def _streamed_tokens(reply: Reply, *, thought: bool) -> int | None:
    """Completion tokens of the events; without those of a thought if none was streamed."""
    if reply.usage is None or reply.usage.output is None:
        return None
    hidden = 0 if thought else reply.usage.reasoning or 0
    return max(reply.usage.output - hidden, 0)


def _speed(tokens: int | None, ns: int) -> float | None:
    return tokens * 1e9 / ns if tokens is not None and ns > 0 else None
