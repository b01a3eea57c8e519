"""The times of a reply.

A token event carries text or a tool call. Events with only a role, usage or a finish reason are not token events.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from trueweight.core import PROTOCOLS, Attempt, Channel, Exchange, Reply, Timing
from trueweight.protocols.thought import IN_CONTENT

_OUTPUT = frozenset({Channel.CONTENT, Channel.TOOL})


class StreamShape(NamedTuple):
    """Where the events of a stream are: with the time at which each byte arrived, all its times.

    Attributes:
        first: the last byte of its first event; None without any.
        carrying: the last byte of each token event, in order.
        thought: the place in ``carrying`` of the first event of a thought; None if none was streamed.
        answer: the place of the first event with content or a call; None without one.
        thinks: whether a choice has a thought.
        tokens: completion tokens of the events, without those of a thought if none was streamed; None if not reported.
    """

    first: int | None
    carrying: tuple[int, ...]
    thought: int | None
    answer: int | None
    thinks: bool
    tokens: int | None


def timing_of(exchange: Exchange, reply: Reply, shape: StreamShape | None = None) -> Timing:
    """The times of the exchange's final attempt. A time that the reply does not define is None.

    A gap is the time between two token events in a row: those that arrive in one chunk have a gap of 0.

    Args:
        shape: of the reply, if it is known.
    """
    arrived = {event.span.end - 1: event.ns for event in reply.events}
    return timing_by_shape(exchange.final, shape or shape_of(reply), arrived.__getitem__)


def shape_of(reply: Reply) -> StreamShape | None:
    """The shape of a stream; None of a plain reply."""
    if not reply.streamed:
        return None
    events = _token_events(reply)
    channels = [one.channels for one in events]
    thought = next((at for at, some in enumerate(channels) if Channel.REASONING in some), None)
    return StreamShape(
        first=reply.events[0].span.end - 1 if reply.events else None,
        carrying=tuple(one.last for one in events),
        thought=thought,
        answer=next((at for at, some in enumerate(channels) if some & _OUTPUT), None),
        thinks=any(choice.thinks for choice in reply.choices),
        tokens=_streamed_tokens(reply, thought=thought is not None),
    )


def timing_by_shape(attempt: Attempt, shape: StreamShape | None, arrived: Callable[[int], int]) -> Timing:
    """The times of an attempt whose reply has this shape.

    Args:
        arrived: the position of a byte in the body → when its chunk arrived.
    """
    cold = attempt.t_connected is not None
    connect = None if attempt.t_connected is None else attempt.t_connected - attempt.t_send
    if shape is None:
        service = attempt.t_done - attempt.t_send
        return Timing(service=service, response=attempt.t_done, lag=attempt.t_send, connect=connect, cold=cold)
    ttfe = None if shape.first is None else arrived(shape.first) - attempt.t_send
    times = [arrived(last) for last in shape.carrying]
    if not times:
        return Timing(ttfe=ttfe, lag=attempt.t_send, connect=connect, cold=cold)
    thought = times[shape.thought] if shape.thinks and shape.thought is not None else None
    output = None if shape.answer is None else times[shape.answer]
    tokens = shape.tokens
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
    """A token event: its last byte in the body, and its channels."""

    last: int
    channels: frozenset[Channel]


def _token_events(reply: Reply) -> list[_TokenEvent]:
    """The events that carry tokens, and the channels of each. Content before the answer of a choice that has its
    thought in the content is a thought."""
    channels_of = PROTOCOLS.get(reply.api).channels
    answers = [
        choice.pieces[0].span.start if choice.pieces else len(reply.body)
        for choice in reply.choices
        if choice.reasoning_field == IN_CONTENT
    ]
    answer_at = min(answers, default=0)
    found = []
    for event in reply.events:
        channels = channels_of(event)
        if Channel.CONTENT in channels and event.span.start < answer_at:
            channels = channels - {Channel.CONTENT} | {Channel.REASONING}
        if channels:
            found.append(_TokenEvent(event.span.end - 1, channels))
    return found


def _streamed_tokens(reply: Reply, *, thought: bool) -> int | None:
    """Completion tokens of the events; without those of a thought if none was streamed."""
    if reply.usage is None or reply.usage.output is None:
        return None
    hidden = 0 if thought else reply.usage.reasoning or 0
    return max(reply.usage.output - hidden, 0)


def _speed(tokens: int | None, ns: int) -> float | None:
    return tokens * 1e9 / ns if tokens is not None and ns > 0 else None
