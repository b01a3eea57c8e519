"""Capacity problems: some requests fail, and the next attempt often succeeds."""

from __future__ import annotations

import random
from dataclasses import replace

from trueweight.fleet.completion import ChatRequest, Completion, Drop, ResponseScript
from trueweight.fleet.errors import RefusedError
from trueweight.fleet.faults.fault import Fault, fault

_FAILING, _OF = 3, 10
_KINDS = ("unavailable", "rate-limited", "dropped", "server-error")


@fault("flaky", rows=(21, 46))
class Flaky(Fault):
    """Three requests in ten end in 503, 429 with ``Retry-After: 0``, 500, or a connection closed before the end."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """The failures that replace a completion."""
        match _failure_of(chat):
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
        """The failure in the middle of a response."""
        if _failure_of(chat) != "dropped":
            return response
        return replace(response, steps=(*response.steps[: len(response.steps) // 2], Drop()))


def _failure_of(chat: ChatRequest) -> str | None:
    """The failure of this request, by its number: some of each ten in a row, so that every part of a run, also
    a short one, fails as often."""
    ten, place = divmod(chat.count, _OF)
    draw = random.Random(f"flaky:{ten}")
    failing = draw.sample(range(_OF), _FAILING)
    return dict(zip(failing, draw.choices(_KINDS, k=_FAILING), strict=True)).get(place)
