"""The times of the final attempt of one exchange."""

from __future__ import annotations

from typing import Final

import msgspec

AT_ONCE: Final = 2_000_000
"""Nanoseconds in which no server generates many tokens."""
LATE: Final = 500_000_000
"""Nanoseconds after the request from which a first token is late: before, a fast server may have made all tokens."""
_LONG_STREAM: Final = 32
"""Tokens from which a stream shows by its arrival whether it was held back."""
LEAST_AT_ONCE: Final = 3
"""Streams that come at once before the server is what holds them back: a busy client reads one now and then at once."""
_CHARACTERS: Final = 5
"""Of a token, at most: where a stream reports no usage, its tokens are estimated."""


def is_long_stream(tokens: int | None, content: str | None) -> bool:
    """Whether a stream has so much text that it shows by its arrival whether it was held back.

    Args:
        tokens: of its answer; None or 0 if none are reported.
    """
    return (tokens or len(content or "") // _CHARACTERS) >= _LONG_STREAM


class Timing(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """All times of one reply, in nanoseconds unless stated otherwise. A time that the reply does not define is None.

    Attributes:
        ttfe: ``t_send`` → first server-sent event.
        ttft: ``t_send`` → first token event on any channel, a thought's included (streams only).
        ttfo: ``t_send`` → first token event of the answer: content or a tool call (streams only).
        thinking: first event of the thought → first event of the answer (streams only); None without either.
        service: ``t_send`` → last token event (plain replies: → end of body).
        response: the same from the scheduled start, so that queueing is not hidden.
        generation: first → last token event.
        tpot: ``generation / (completion tokens - 1)``, with the tokens of the server's usage, not a count of chunks.
        output_speed: completion tokens per second between first and last token event; None for a plain reply, whose
            service time includes the processing of the prompt. The tokens of a thought that was not streamed were
            written before, and do not count.
        gap, gap_max: median and longest time between two token events in a row; those of one chunk are 0 apart.
        zero_gaps: share of gaps that are 0, in [0, 1]: token events that arrived in one chunk.
        chunk_tokens: completion tokens per token event: 1 for a server that sends each token when it is generated.
        lag: scheduled start → ``t_send``: the time in the queue of an open loop, and the waits of retries.
        connect: ``t_send`` → new connection ready; None on a kept connection. It is part of every time above.
        gaps: times between two token events in a row, in order.
        cold: whether this attempt opened a connection.
        in_one_piece: whether the stream came at once, after its last token was generated, as streams of this provider
            do: it has no time to a first token and none between tokens.
    """

    ttfe: int | None = None
    ttft: int | None = None
    ttfo: int | None = None
    thinking: int | None = None
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
    in_one_piece: bool = False

    @property
    def at_once(self) -> bool:
        """Whether all token events came together; False for a plain reply."""
        return self.generation is not None and self.generation <= AT_ONCE

    def without_token_times(self) -> Timing:
        """The times of the whole reply alone: what is left of a stream that its server held back."""
        return Timing(
            service=self.service,
            response=self.response,
            lag=self.lag,
            connect=self.connect,
            cold=self.cold,
            in_one_piece=True,
        )
