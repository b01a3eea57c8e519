"""The times of a reply.

A token event carries text or a tool call. Events with only a role, usage or a finish reason are not token events.
"""

from __future__ import annotations

from itertools import pairwise
from statistics import median

from trueweight.core import PROTOCOLS, Channel, Exchange, Reply, Timing

_OUTPUT = frozenset({Channel.CONTENT, Channel.TOOL})


def timing_of(exchange: Exchange, reply: Reply) -> Timing:
    """The times of the exchange's final attempt. A time that the reply does not define is None.

    A gap is the time between two token events in a row: those that arrive in one chunk have a gap of 0.
    """
    attempt = exchange.final
    cold = attempt.t_connected is not None
    connect = None if attempt.t_connected is None else attempt.t_connected - attempt.t_send
    tokens = reply.usage.output if reply.usage else None
    if not reply.streamed:
        service = attempt.t_done - attempt.t_send
        speed = _speed(tokens, service)
        return Timing(
            service=service, response=attempt.t_done, output_speed=speed, lag=attempt.t_send, connect=connect, cold=cold
        )
    ttfe = reply.events[0].ns - attempt.t_send if reply.events else None
    protocol = PROTOCOLS.get(exchange.api)
    carrying = [(event, channels) for event in reply.events if (channels := protocol.channels(event))]
    if not carrying:
        return Timing(ttfe=ttfe, lag=attempt.t_send, connect=connect, cold=cold)
    times = [event.ns for event, _ in carrying]
    output = next((event.ns for event, channels in carrying if channels & _OUTPUT), None)
    generation = times[-1] - times[0]
    spread = len(times) > 1 and generation > 0
    gaps = tuple(after - before for before, after in pairwise(times))
    return Timing(
        ttfe=ttfe,
        ttft=times[0] - attempt.t_send,
        ttfo=None if output is None else output - attempt.t_send,
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


def _speed(tokens: int | None, ns: int) -> float | None:
    return tokens * 1e9 / ns if tokens is not None and ns > 0 else None
