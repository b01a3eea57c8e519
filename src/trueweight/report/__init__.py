"""Summary and evidence → HTML, markdown, JUnit, JSON, a badge, or a terminal table."""

from trueweight.report.comparison import comparison_json, comparison_markdown
from trueweight.report.divergence import divergence
from trueweight.report.evidence import Evidence
from trueweight.report.formats import Format, find_format, format_names, render
from trueweight.report.formats.markdown import render_markdown
from trueweight.report.page import Failing, failing_cells, render_html, wanted_answers, wanted_trials
from trueweight.report.page.causes import failing_json
from trueweight.report.page.payload import evidence_json
from trueweight.report.text import for_log, visible

__all__ = [
    "Evidence",
    "Failing",
    "Format",
    "comparison_json",
    "comparison_markdown",
    "divergence",
    "evidence_json",
    "failing_cells",
    "failing_json",
    "find_format",
    "for_log",
    "format_names",
    "render",
    "render_html",
    "render_markdown",
    "visible",
    "wanted_answers",
    "wanted_trials",
]
