"""An overloaded server: the first token is late, and the others come one by one."""

from __future__ import annotations

import random
from dataclasses import replace

from trueweight.fleet.completion import ChatRequest, Completion, Pause, ResponseScript, Step, Write
from trueweight.fleet.faults.fault import Fault, fault

_FIRST, _JITTER, _TOKEN = 0.060, 0.012, 0.001
"""Seconds before the first byte, half-width of its jitter, and seconds a token. All others wait for it: no more than
shows."""


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
