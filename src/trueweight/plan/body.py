"""The request body of a trial: the same bytes for every provider, apart from what its own entry adds."""

from __future__ import annotations

import json
import re
from typing import Any

from trueweight.core import Mode, Trial

_SURROGATE = re.compile(r"[\ud800-\udfff]")


def request_body(trial: Trial) -> str:
    """JSON text of what is sent: ``model``, the request of the case, ``extra_body``, the mode, in that order.

    The case's own ``stream_options`` win over ours, because a case may be about them. The text always encodes to UTF-8:
    a lone surrogate, which a case may send on purpose, stands as an escape.
    """
    case, provider = trial.case, trial.provider
    asked: dict[str, Any] = {**case.request, **provider.extra_body}
    options = asked.pop("stream_options", {"include_usage": True})
    body = {"model": provider.model, **{key: value for key, value in asked.items() if key not in ("model", "stream")}}
    if trial.mode is Mode.STREAM:
        body |= {"stream": True, "stream_options": options}
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _SURROGATE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
