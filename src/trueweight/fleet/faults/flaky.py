"""Capacity problems: some requests fail, whatever they ask, and the next attempt may well succeed."""

from __future__ import annotations

import random
from dataclasses import replace

from trueweight.fleet.completion import ChatRequest, Completion, Drop, ResponseScript
from trueweight.fleet.errors import RefusedError
from trueweight.fleet.faults.fault import Fault, fault

_SHARE = 0.3
_KINDS = ("unavailable", "rate-limited", "dropped", "server-error")


@fault("flaky", rows=(21, 46))
class Flaky(Fault):
    """Three requests in ten end in 503, 429 with ``Retry-After: 0``, 500, or a connection closed before the end."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """The failures that come instead of an answer."""
        match _fate(chat):
            case "unavailable":
                return RefusedError("The engine is overloaded.", status=503, kind="server_error").response()
            case "rate-limited":
                limited = RefusedError("Rate limit reached.", status=429, kind="rate_limit_error")
                return limited.response().header("retry-after", "0")
            case "server-error":
                return RefusedError("The server had an error.", status=500, kind="server_error").response()
            case _:
                return None

    def response(self, chat: ChatRequest, completion: Completion, response: ResponseScript) -> ResponseScript:
        """The failure that comes in the middle of one."""
        if _fate(chat) != "dropped":
            return response
        return replace(response, steps=(*response.steps[: len(response.steps) // 2], Drop()))


def _fate(chat: ChatRequest) -> str | None:
    """What happens to this request: by its number, so that no question is luckier than another."""
    draw = random.Random(f"flaky:{chat.count}")
    return draw.choice(_KINDS) if draw.random() < _SHARE else None
