"""The result of shrinking as text, with the curl command that reproduces it."""

from __future__ import annotations

import json
from pathlib import Path

from trueweight.core import way
from trueweight.core.shrunk_case import NotRedrawn, Shrunk
from trueweight.report.numbers import dollars, whole_percent
from trueweight.report.page.payload import curl
from trueweight.report.text import visible


def shrunk_words(shrunk: Shrunk, *, record: Path, case: Path | None) -> str:
    """A short text for the terminal. Text of a model or a provider is escaped in it.

    Args:
        record: the run directory with every attempt.
        case: the file of the smaller case; None if nothing failed.
    """
    sent = way(shrunk.failure.mode, shrunk.failure.thinking)
    lines = [f"{visible(shrunk.failure.case.key)} on {visible(shrunk.failure.provider.name)}, {sent}"]
    if shrunk.case is None:
        lines.append(f"{shrunk.failure.finding.check} did not fail again in {shrunk.sent} requests: nothing to shrink.")
    else:
        lines += _smallest_lines(shrunk)
    match shrunk.not_redrawn:
        case NotRedrawn.SUITE_UNKNOWN:
            lines.append("The file of its suite is not known, so only the recorded request was cut.")
        case NotRedrawn.SUITE_FAILED:
            lines.append(f"{visible(shrunk.problem)} So only the recorded request was cut.")
    lines.append(f"{shrunk.requests} requests, {dollars(shrunk.usd)}; every attempt: {record}")
    if case is not None:
        lines.append(f"case: {case}")
    return "\n".join(lines)


def shrunk_json(shrunk: Shrunk, *, record: Path, case: Path | None) -> str:
    """The same as ASCII JSON; ``request`` is the smallest one, None if nothing failed again."""
    finding = shrunk.finding or shrunk.failure.finding
    request = None if shrunk.exchange is None else shrunk.exchange.request.body
    made = {
        "case": shrunk.failure.case.key,
        "provider": shrunk.failure.provider.name,
        "mode": shrunk.failure.mode,
        "check": finding.check,
        "message": finding.message,
        "failed": shrunk.failed,
        "sent": shrunk.sent,
        "bytes_before": shrunk.before,
        "bytes_after": shrunk.after if shrunk.case is not None else None,
        "stopped": shrunk.stopped,
        "reference_passes": shrunk.reference,
        "not_redrawn": shrunk.not_redrawn,
        "requests": shrunk.requests,
        "usd": shrunk.usd,
        "request": request,
        "record": str(record),
        "file": None if case is None else str(case),
    }
    return json.dumps(made, indent=2, ensure_ascii=True)


def _smallest_lines(shrunk: Shrunk) -> list[str]:
    sizes = f"{shrunk.before:,} → {shrunk.after:,} bytes ({whole_percent(shrunk.after / shrunk.before)})"
    lines = [f"{sizes}; fails {shrunk.failed} of {shrunk.sent}"]
    if shrunk.stopped:
        lines[0] += "; the budget or the user stopped the search, so a smaller one may exist"
    if shrunk.finding is not None:
        lines.append(f"{shrunk.finding.check}: {visible(shrunk.finding.message)}")
        if shrunk.finding.expected or shrunk.finding.got:
            lines.append(f"  expected {visible(shrunk.finding.expected)}\n  got      {visible(shrunk.finding.got)}")
    if shrunk.reference is True:
        lines.append("The reference passes this case.")
    elif shrunk.reference is False:
        lines.append("The reference fails this case too: check the case and the model before you blame the server.")
    if shrunk.exchange is not None:
        lines.append(f"\n{visible(curl(shrunk.exchange.request), limit=100_000, lines=True)}\n")
    return lines
