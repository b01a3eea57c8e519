"""An overloaded server: the first token is late, and the others come one by one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from trueweight.fleet.completion import ChatRequest, Completion, Pause, ResponseScript, Step, Write
from trueweight.fleet.faults.fault import Fault, fault

_FIRST, _JITTER, _TOKEN = 0.060, 0.012, 0.001
"""Seconds before the first byte, half-width of its jitter, and seconds a token. All others wait for it: no more than
shows."""
_HELD = 0.7
"""Seconds for which a proxy holds a stream back."""
_LONG = 32
"""Completion tokens of the streams that it holds back."""


@fault("slow")
class Slow(Fault):
    """About 60 ms to the first token and 1 ms for each one after it."""

    def response(self, chat: ChatRequest, completion: Completion, response: ResponseScript) -> ResponseScript:
        """Wait before and between writes; a plain reply waits for all its tokens at once."""
        first = _FIRST + random.Random(f"slow:{chat.count}").uniform(-_JITTER, _JITTER)
        if not chat.streamed:
            return replace(response, steps=(Pause(first + _TOKEN * completion.completion_tokens), *response.steps))
        steps: list[Step] = [Pause(first)]
        for at, step in enumerate(response.steps):
            if at and isinstance(step, Write):
                steps.append(Pause(_TOKEN))
            steps.append(step)
        return replace(response, steps=tuple(steps))


def _joined(steps: Sequence[Step]) -> Write:
    return Write(b"".join(step.data for step in steps if isinstance(step, Write)))


@fault("stream-buffered", checks=("stream-in-pieces",), reports=("SRouter#104",))
class StreamBuffered(Fault):
    """A stream comes in one piece when the last token is generated."""

    def response(self, chat: ChatRequest, completion: Completion, response: ResponseScript) -> ResponseScript:
        """Hold everything back."""
        if not chat.streamed or completion.completion_tokens < _LONG:
            return response
        return replace(response, steps=(Pause(_HELD), _joined(response.steps)))


@fault("stream-burst", checks=("stream-in-pieces",), reports=("SRouter#104",))
class StreamBurst(Fault):
    """A stream begins with an empty chunk, and all tokens come at once at the end."""

    def response(self, chat: ChatRequest, completion: Completion, response: ResponseScript) -> ResponseScript:
        """Send the role at once, and hold the rest back."""
        if not chat.streamed or completion.completion_tokens < _LONG:
            return response
        first, *others = response.steps
        return replace(response, steps=(first, Pause(_HELD), _joined(others)))
