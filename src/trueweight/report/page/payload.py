"""One trial's evidence for the page's script: safe text under short keys; a part that is cut states by how much."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from trueweight.core import Attempt, Exchange, Finding, Outcome, Reply, RequestRecord, Span
from trueweight.core.exchange import REDACTED
from trueweight.core.summary import Summary
from trueweight.report.evidence import Evidence, grade_rows, preview, side_by_side
from trueweight.report.page.reply_rows import reply_rows
from trueweight.report.text import json_escaped, visible

if TYPE_CHECKING:
    from trueweight.plan import Inexpressible

_BODY: Final = 6_000
_AROUND: Final = 140
_SPAN: Final = 600
_HEAD_EVENTS: Final = 14
_TAIL_EVENTS: Final = 8
_EVENT: Final = 260
_HEADERS: Final = 30
_SKIPPED: Final = frozenset({"host", "content-length", "accept-encoding", "connection", "user-agent", "accept"})


def _ms(ns: int | None) -> float | None:
    return None if ns is None else round(ns / 1e6, 2)


def curl(request: RequestRecord) -> str:
    """A shell command that sends the same request; the key is read from ``$API_KEY``."""
    lines = [f"curl -sS -N -X {shlex.quote(request.method)} {shlex.quote(request.url)}"]
    for name, value in request.headers:
        if name.lower() == "authorization":
            lines.append('-H "Authorization: Bearer $API_KEY"')
        elif value == REDACTED:
            lines.append(f'-H "{name}: $API_KEY"')
        elif name.lower() not in _SKIPPED:
            lines.append(f"-H {shlex.quote(f'{name}: {value}')}")
    if request.body:
        lines.append(f"--data-raw {shlex.quote(json_escaped(request.body))}")
    return " \\\n  ".join(lines)


def marked(body: bytes, span: Span) -> list[list[Any]]:
    """The bytes of a span with some on either side, as ``[text, is marked]`` pieces."""
    start, end = max(0, span.start), min(len(body), span.end)
    if start >= end:
        return []
    left, right = max(0, start - _AROUND), min(len(body), end + _AROUND)
    while left < start and body[left] & 0xC0 == 0x80:  # do not begin inside a code point
        left += 1
    while right > end and right < len(body) and body[right] & 0xC0 == 0x80:
        right -= 1
    pieces = [(body[left:start], False), (body[start:end], True), (body[end:right], False)]
    shown = [
        [visible(raw.decode("utf-8", "backslashreplace"), limit=_SPAN, lines=True), on] for raw, on in pieces if raw
    ]
    return [["…", False], *shown] if left else shown


def _finding(finding: Finding, reply: Reply | None) -> dict[str, Any]:
    out: dict[str, Any] = {
        "id": visible(finding.check, limit=80),
        "s": finding.severity.value,
        "o": finding.outcome.value,
    }
    for key, text in (("m", finding.message), ("x", finding.expected), ("g", finding.got)):
        if text:
            out[key] = visible(text, limit=600, lines=True)
    if reply is not None and finding.spans:
        out["b"] = [piece for span in finding.spans[:3] if (piece := marked(reply.body, span))]
    return out


def _worst_first(finding: Finding) -> tuple[bool, int]:
    """Sort key: failures first, worst first. Equal keys keep the order in which the checks ran."""
    return finding.outcome is not Outcome.FAIL, finding.severity.rank


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "waited": _ms(attempt.waited),
        "send": _ms(attempt.t_send),
        "head": _ms(attempt.t_headers),
        "done": _ms(attempt.t_done),
        "status": attempt.status,
        "failure": visible(f"{attempt.failure.kind.value}: {attempt.failure.detail}", limit=300)
        if attempt.failure
        else None,
    }


def _timeline(reply: Reply | None) -> list[list[Any]]:
    """``[ms, text]`` per event; a long middle is left out with a note."""
    if reply is None:
        return []
    events = reply.events
    rows = [
        [_ms(event.ns), preview(event, reply.api, _EVENT)]
        for event in (*events[:_HEAD_EVENTS], *events[_HEAD_EVENTS:][-_TAIL_EVENTS:])
    ]
    left_out = len(events) - len(rows)
    if left_out > 0:
        rows.insert(_HEAD_EVENTS, [None, f"… {left_out} more events"])
    return rows


def _headers(headers: Sequence[tuple[str, str]]) -> list[list[str]]:
    return [[visible(name, limit=80), visible(value, limit=300)] for name, value in headers[:_HEADERS]]


def _usage(reply: Reply) -> str:
    usage = reply.usage
    if usage is None:
        return "absent"
    return f"{usage.input} input, {usage.output} output"


def _reply(reply: Reply) -> dict[str, Any]:
    return {
        "said": reply_rows(reply),
        "usage": _usage(reply),
        "model": visible(str(reply.model), limit=100),
        "odd": [[visible(a.kind, limit=60), visible(a.detail, limit=200)] for a in reply.anomalies[:12]],
        "raw": visible(reply.text, limit=_BODY, lines=True) if not reply.events else None,
    }


class Failing(NamedTuple):
    """A check that fails in a cell of the matrix."""

    check: str
    severity: str
    message: str


def failing_cells(summary: Summary) -> dict[str, tuple[Failing, ...]]:
    """Trial → the checks that fail in its cell, those included that only several replies together can fail."""
    out: dict[str, tuple[Failing, ...]] = {}
    for name, provider in summary.providers.items():
        known = {found.check: Failing(found.check, found.severity.value, found.message) for found in provider.findings}
        for case in summary.cases:
            for cell in case.modes(name).values():
                fails = tuple(known.get(check, Failing(check, "", "")) for check in cell.fails)
                if fails:
                    out |= dict.fromkeys(cell.trials, fails)
    return out


def _cross_reply(item: Evidence, fails: Sequence[Failing]) -> list[dict[str, Any]]:
    """Failing checks that this reply alone does not show."""
    alone = {finding.check for finding in item.findings}
    return [
        {
            "id": visible(one.check, limit=80),
            "s": one.severity,
            "o": "fail",
            "m": visible(f"found over several replies: {one.message}", limit=600, lines=True),
        }
        for one in fails
        if one.check not in alone and item.reply is not None
    ]


def rows_of_trials(summary: Summary) -> dict[str, str]:
    """Trial → name of its row, for cases with several rows."""
    return {
        trial: case.name
        for case in summary.cases
        if case.api is not None
        for modes in case.cells.values()
        for cell in modes.values()
        for trial in cell.trials
    }


def payload(item: Evidence, fails: Sequence[Failing] = (), *, row: str | None = None) -> dict[str, Any]:
    """What the drawer shows of one trial, as JSON values with the short keys that ``page.js`` reads.

    Args:
        fails: checks that fail in the trial's cell, as the summary has them.
        row: name of the trial's row in the matrix; None if it is the case's key.
    """
    exchange: Exchange = item.exchange
    has_request = bool(exchange.request.url)  # a published report has no requests
    whole = len(exchange.request.body) <= _BODY
    not_passed = [finding for finding in item.findings if finding.outcome is not Outcome.PASS]
    return {
        "t": visible(item.trial, limit=80),
        "p": visible(item.provider, limit=80),
        "c": visible(row or item.case, limit=200),
        "m": item.mode,
        "r": item.repeat,
        "at": exchange.started_at,
        "curl": visible(curl(exchange.request), limit=2 * _BODY, lines=True) if whole and has_request else None,
        "body": visible(json_escaped(exchange.request.body), limit=_BODY, lines=True) if not whole else None,
        "tries": [_attempt(attempt) for attempt in exchange.attempts[-8:]],
        "head": _headers(exchange.final.headers),
        "line": _timeline(item.reply),
        "reply": _reply(item.reply) if item.reply is not None else None,
        "found": [
            *(_finding(f, item.reply) for f in sorted(not_passed, key=_worst_first)),
            *_cross_reply(item, fails),
        ],
        "held": [visible(f.check, limit=80) for f in item.findings if f.outcome is Outcome.PASS],
        "busy": exchange.client_limited,
        **({"w": {"answers": side_by_side(item), "scores": grade_rows(item)}} if item.task is not None else {}),
    }


def evidence_json(items: Sequence[Evidence], unasked: Sequence[Inexpressible] = ()) -> str:
    """What the report's drawer would show of each, and why an API was not asked the case, as ASCII JSON."""
    not_asked = [
        {
            "p": visible(one.provider, limit=80),
            "c": visible(one.case, limit=200),
            "api": one.api,
            "not_applicable": visible(one.reason, limit=300),
        }
        for one in unasked
    ]
    return json.dumps([*map(payload, items), *not_asked], indent=2, ensure_ascii=True)
