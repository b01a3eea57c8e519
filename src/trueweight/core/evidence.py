"""The evidence of a finding: short quotes, counted words, and spans of the body."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from trueweight.core.check import Fail
from trueweight.core.reply import Anomaly, Reply, Span

_QUOTE = 120
_SPANS = 10


def quote(value: Any, limit: int = _QUOTE) -> str:
    """A value as short JSON text on one line, cut in the middle."""
    text = value if isinstance(value, str) else _dump(value)
    if len(text) > limit:
        text = f"{text[: limit * 2 // 3]} … {text[-limit // 3 :]}"
    return _dump(text) if isinstance(value, str) else text


def calls_counted(count: int) -> str:
    """``no call``, ``1 call``, ``2 calls``."""
    return f"{count or 'no'} call{'s' if count > 1 else ''}"


def _dump(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return repr(type(value))


def anomalies(reply: Reply, *kinds: str) -> list[Anomaly]:
    """The reply's anomalies of the given kinds, in order."""
    return [anomaly for anomaly in reply.anomalies if anomaly.kind in kinds]


def spans_of(found: Iterable[Anomaly | Span | None]) -> tuple[Span, ...]:
    """The first ten distinct spans of these anomalies or spans."""
    spans = [item.span if isinstance(item, Anomaly) else item for item in found]
    return tuple(dict.fromkeys(span for span in spans if span is not None))[:_SPANS]


def fail_on(reply: Reply, *kinds: str, expected: str = "") -> Fail | None:
    """A failure that names the first anomaly of these kinds and counts the others; None if there is none."""
    found = anomalies(reply, *kinds)
    if not found:
        return None
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    got = ", ".join(dict.fromkeys(anomaly.kind for anomaly in found))
    return Fail(f"{found[0].detail}{more}", expected, got, spans_of(found))


def whole(reply: Reply) -> tuple[Span, ...]:
    """The first 400 bytes of the body: evidence for a finding about the whole body; empty for an empty body."""
    return (Span(0, min(len(reply.body), 400)),) if reply.body else ()


def last_event(reply: Reply) -> tuple[Span, ...]:
    """The last event of a stream: evidence for a finding about its end. For a plain body, as `whole`."""
    return (reply.events[-1].span,) if reply.events else whole(reply)


_WORD = re.compile(r"(?<!\S)[A-Za-z]")
_COUNTED = 1024 * 1024
"""Characters of a text in which words are counted: many more than any model writes."""


def count_words(text: str) -> int:
    """The number of words that begin with an ASCII letter, in the first megabyte. Words end at white space.

    Tokenizers split at spaces, so that a text has at least as many tokens.
    """
    return sum(1 for _ in _WORD.finditer(text, 0, _COUNTED))
