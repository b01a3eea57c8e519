"""One self-contained page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from trueweight.report.evidence import Evidence
from trueweight.report.formats import Format, register
from trueweight.report.page import render_html


def render(summary: Mapping[str, Any], evidence: Iterable[Evidence]) -> str:
    """See ``render_html``."""
    return render_html(summary, evidence)


register(Format("html", ".html", render))
