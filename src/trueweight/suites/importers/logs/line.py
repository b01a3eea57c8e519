"""One line of a log, whatever its format: a request, the answer that was recorded, and what surrounds them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from trueweight.core.json_value import JsonObject
from trueweight.core.task import RecordedAnswer
from trueweight.suites.importers.importer import parsed


class LogLine(NamedTuple):
    """A line that is a request.

    Attributes:
        body: of chat completions, with fields of the allow-list only.
        recorded: None if the log has no answer that can be used.
        fields: everything that the line has beside request and answer. It names tasks and is never written.
        not_sent: fields that the request of the line has and ``body`` has not.
    """

    path: Path
    line: int
    body: JsonObject
    recorded: RecordedAnswer | None
    fields: Mapping[str, Any]
    not_sent: tuple[str, ...] = ()


class Call(NamedTuple):
    """A request and its response as one format of log keeps them, before the API is known.

    Attributes:
        response: the response's body; None if the log has none.
        answer: a message of chat completions that answers, where the log has that in place of a response.
        url: the path of the request; empty if the log does not say.
        input_tokens: as `RecordedAnswer`; of a log that has them beside the response. The response's own count first.
        failed: whether the log says that the request failed.
    """

    body: Any
    response: Any = None
    answer: Any = None
    url: str = ""
    model: str = ""
    ms: float | None = None
    ttft_ms: float | None = None
    input_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    at: str = ""
    fields: Mapping[str, Any] = {}
    failed: bool = False


def number(value: Any) -> float | None:
    """A number, or the number that a text is; None for anything else, for NaN and for what is below zero."""
    if isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if 0 <= found < float("inf") else None


def seconds_to_ms(value: Any) -> float | None:
    """A number of seconds in milliseconds; None as for `number`."""
    found = number(value)
    return None if found is None else 1000 * found


def whole(value: Any) -> int | None:
    """The same as a whole number."""
    found = number(value)
    return None if found is None else int(found)


def without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The fields of a row that are not of its request or response."""
    return {name: parsed(value) for name, value in row.items() if name not in names}
