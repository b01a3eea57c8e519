"""One self-contained page."""

from __future__ import annotations

from trueweight.report.formats import Format, register
from trueweight.report.page import render_html

register(Format("html", ".html", render_html))
