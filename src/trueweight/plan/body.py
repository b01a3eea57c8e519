"""The request of a trial: the same bytes for every provider, apart from what its own entry adds."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from trueweight.core import Case, Endpoint, Mode, Trial, compact_json

_SURROGATE = re.compile(r"[\ud800-\udfff]")


class RequestLine(NamedTuple):
    """HTTP method, and the path below a provider's ``base_url``."""

    method: str
    path: str


_LINES = {Endpoint.CHAT: RequestLine("POST", "/chat/completions"), Endpoint.MODELS: RequestLine("GET", "/models")}


def request_line(case: Case) -> RequestLine:
    """How and where a case is asked."""
    return _LINES[case.endpoint]


def request_body(trial: Trial) -> str:
    """JSON text of what is sent: ``model``, the request of the case, ``extra_body``, the mode, in that order.

    The case's own ``stream_options`` win over ours, because a case may be about them; if they are null, none are sent.
    The text always encodes to UTF-8: a lone surrogate, which a case may send on purpose, stands as an escape. It is
    empty where something is only fetched.
    """
    case, provider = trial.case, trial.provider
    if case.endpoint is not Endpoint.CHAT:
        return ""
    asked: dict[str, Any] = {**case.request, **provider.extra_body}
    options = asked.pop("stream_options", {"include_usage": True})
    body = {"model": provider.model, **{key: value for key, value in asked.items() if key not in ("model", "stream")}}
    if trial.mode is Mode.STREAM:
        body |= {"stream": True} if options is None else {"stream": True, "stream_options": options}
    text = compact_json(body)
    return _SURROGATE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
