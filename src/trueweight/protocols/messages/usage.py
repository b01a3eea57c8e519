"""Usage of the Messages API, whose ``input_tokens`` exclude those of the cache."""

from __future__ import annotations

from typing import Any, Final

from trueweight.core import Span, TokenCount, Usage
from trueweight.core.json_value import JsonObject
from trueweight.protocols.anomalies import Anomalies
from trueweight.protocols.body import ends_of, last_count
from trueweight.protocols.fields import as_count, as_object, stated_cost, stated_cost_in

_READ: Final = "cache_read_input_tokens"
_WRITTEN: Final = "cache_creation_input_tokens"
_COUNTS: Final = ("input_tokens", "output_tokens", _READ, _WRITTEN)


class UsageCounts:
    """The counts of a reply. The events of a stream report them in parts, and the last value of each counts."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._thinking: int | None = None
        self._cost: float | None = None

    def take(self, value: Any, span: Span, anomalies: Anomalies) -> None:
        """Take one ``usage`` object."""
        usage = as_object(value, "usage", span, anomalies)
        if usage is None:
            return
        for name in _COUNTS:
            count = as_count(usage.get(name), f"usage.{name}", span, anomalies)
            if count is not None:
                self._counts[name] = count
        cost = stated_cost(usage)
        self._cost = self._cost if cost is None else cost
        details: JsonObject = (
            as_object(usage.get("output_tokens_details"), "usage.output_tokens_details", span, anomalies) or {}
        )
        thinking = as_count(details.get("thinking_tokens"), "usage…thinking_tokens", span, anomalies)
        self._thinking = self._thinking if thinking is None else thinking

    def usage(self) -> Usage | None:
        """The usage, with the tokens of the cache in its input; None if there are no counts."""
        if not self._counts:
            return None
        read, own = self._counts.get(_READ), self._counts.get("input_tokens")
        return Usage(
            input=None if own is None else own + (read or 0) + self._counts.get(_WRITTEN, 0),
            output=self._counts.get("output_tokens"),
            cached=read,
            reasoning=self._thinking,
            cost=self._cost,
            cache_write=self._counts.get(_WRITTEN),
        )


def tokens_in(body: bytes) -> TokenCount | None:
    """The last token counts in a raw body, which need not be well-formed; None if it has no count of input tokens.

    The ``message_start`` of a stream has counts of its prompt, and the ``message_delta`` those of its output.
    """
    parts = tuple(ends_of(body))

    def last(key: str) -> int | None:
        quoted = f'"{key}"'.encode()
        return next((count for part in parts if (count := last_count(part, quoted)) is not None), None)

    own = last("input_tokens")
    if own is None:
        return None
    cached, to_cache = last(_READ) or 0, last(_WRITTEN) or 0
    cost = next((cost for part in parts if (cost := stated_cost_in(part)) is not None), None)
    return TokenCount(own + cached + to_cache, last("output_tokens") or 0, cached, cost, to_cache)
