"""The summary itself, laid out for reading; sorted keys, so that two of them can be compared line by line."""

from __future__ import annotations

from collections.abc import Iterable

from trueweight.core.summary import Summary
from trueweight.core.summary_json import summary_lines
from trueweight.report.evidence import Evidence
from trueweight.report.formats import Format, register


def render(summary: Summary, evidence: Iterable[Evidence]) -> str:  # noqa: ARG001
    """See ``summary_lines``: ASCII only."""
    return summary_lines(summary)


register(Format("json", ".json", render))
