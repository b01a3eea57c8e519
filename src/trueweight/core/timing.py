"""Times of one exchange's final attempt, in nanoseconds, as TIMING defines them. None where not applicable."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """All times of one reply. Nanoseconds; each is None when the reply does not define it.

    Attributes:
        ttfe: ``t_send`` → first server-sent event.
        ttft: ``t_send`` → first token event on any channel (streams only).
        ttfo: ``t_send`` → first content or tool-call event (streams only).
        service: ``t_send`` → last token event (plain replies: → end of body).
        response: the same from the scheduled start, so that queueing is not hidden.
        generation: first → last token event.
        tpot: ``generation / (completion tokens - 1)``; tokens from the server's usage, never a count of chunks.
        output_speed: completion tokens per second between first and last token event (plain: over the service time).
        gap, gap_max: median and longest time between two token events in a row; those of one chunk are 0 apart.
        zero_gaps: share of gaps that are 0: tokens that came together.
        chunk_tokens: completion tokens per token event: 1 for a server that sends each as it is made.
        lag: scheduled start → ``t_send``; in an open loop what queued in front of it, else only the waits of retries.
        connect: ``t_send`` → connection stood; None on a kept one. Part of every time above, never subtracted.
        cold: whether this attempt opened a connection.
    """

    ttfe: int | None = None
    ttft: int | None = None
    ttfo: int | None = None
    service: int | None = None
    response: int | None = None
    generation: int | None = None
    tpot: float | None = None
    output_speed: float | None = None
    gap: float | None = None
    gap_max: int | None = None
    zero_gaps: float | None = None
    chunk_tokens: float | None = None
    lag: int | None = None
    connect: int | None = None
    gaps: tuple[int, ...] = ()
    cold: bool = False
