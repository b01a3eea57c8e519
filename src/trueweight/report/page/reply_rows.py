"""A reply as labelled rows in a fixed order, without ids or times, so that two replies can be compared."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from trueweight.core import Reply
from trueweight.protocols import IN_CONTENT
from trueweight.report.text import visible

LIMIT: Final = 3_000
_PARSE_LIMIT: Final = 20_000
# Request ids, UUIDs and times differ between two runs of one server. They are masked in error texts only.
_VOLATILE: Final = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b[0-9a-f]{16,}\b|\b(?:call|req|chatcmpl)[-_][\w-]{4,64}"
    r"|\b\d{4}-\d\d-\d\d[T ][\d:.]{5,15}Z?",
    re.IGNORECASE,
)


def _pretty(text: str) -> str:
    """JSON text laid out with sorted keys, or the text itself where it isn't JSON, is huge, or is too deep."""
    if len(text) > _PARSE_LIMIT:
        return text
    try:
        return json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _error(error: Any) -> str:
    try:
        text = error if isinstance(error, str) else json.dumps(error, sort_keys=True, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = "an error too deep to print"
    return _VOLATILE.sub("‹id›", text[:_PARSE_LIMIT])


def reply_rows(reply: Reply) -> list[tuple[str, str]]:
    """Rows of ``(label, text)``, safe to show. A missing field is written ``absent``, so that it differs from an empty
    one."""
    rows = [("status", str(reply.status))]
    if reply.error is not None:
        rows.append(("error", _error(reply.error)))
    elif not reply.choices and isinstance(reply.json, dict):  # a list of models, for example
        return [rows[0], ("body", visible(_pretty(json.dumps(reply.json)), limit=LIMIT, lines=True))]
    for call in reply.calls:
        arguments = "absent" if call.arguments is None else _pretty(call.arguments)
        rows.append((f"call {call.position + 1}", f"{call.name or 'name absent'}\n{arguments}"))
    if not reply.calls:
        rows.append(("call 1", "none"))
    rows.append(("content", "absent" if reply.content is None else reply.content))
    if reply.refusal is not None:
        rows.append(("refusal", reply.refusal))
    if reply.reasoning is not None:
        label = "thought in the content" if reply.reasoning_field == IN_CONTENT else reply.reasoning_field
        rows.append((label or "reasoning", reply.reasoning))
    rows.append(("finish reason", reply.finish_text or "absent"))
    return [(visible(label, limit=60), visible(text, limit=LIMIT, lines=True)) for label, text in rows]
