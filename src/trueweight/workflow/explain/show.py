"""The bytes of a reply with the evidence marked, as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trueweight.core import Finding, Reply, Span

OPEN, CLOSE = "⟦", "⟧"
_AROUND = 160
"""Bytes shown before and after the evidence."""


def marked(reply: Reply, finding: Finding) -> str:
    """The reply's bytes around the finding's evidence, between ⟦ and ⟧; what is far from it is left out."""
    if not reply.body:
        return "(no bytes)"
    spans = sorted(finding.spans)[:3]
    if not spans:
        return _text(reply.body[: 2 * _AROUND]) + (" …" if len(reply.body) > 2 * _AROUND else "")
    return "".join(_pieces(reply.body, _merged(spans)))


def _pieces(body: bytes, spans: Sequence[Span]) -> Iterator[str]:
    at = max(spans[0].start - _AROUND, 0)
    if at:
        yield "… "
    for span in spans:
        if span.start - at > 2 * _AROUND:
            yield f"{_text(body[at : at + _AROUND])} … {_text(body[span.start - _AROUND : span.start])}"
        else:
            yield _text(body[at : span.start])
        yield f"{OPEN}{_text(body[span.start : span.end])}{CLOSE}"
        at = span.end
    yield _text(body[at : at + _AROUND])
    if at + _AROUND < len(body):
        yield " …"


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Spans without overlaps, in order."""
    out: list[Span] = []
    for span in spans:
        if out and span.start <= out[-1].end:
            out[-1] = Span(out[-1].start, max(out[-1].end, span.end))
        else:
            out.append(span)
    return out


def _text(data: bytes) -> str:
    """Bytes as text; what is not UTF-8 as ``\\xff``."""
    return data.decode("utf-8", "backslashreplace")
