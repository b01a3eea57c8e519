"""What a run comes to, for people: summary and evidence in; HTML, markdown, JUnit, badge or a terminal table out."""

from trueweight.report.comparison import comparison_json, comparison_markdown, print_comparison
from trueweight.report.divergence import divergence
from trueweight.report.evidence import Evidence
from trueweight.report.exchange_text import (
    evidence_json,
    print_changed,
    print_divergence,
    print_exchange,
    print_outcomes,
)
from trueweight.report.formats import Format, find_format, format_names, render
from trueweight.report.formats.markdown import render_markdown
from trueweight.report.page import Failing, failing_cells, render_html, wanted_trials, write_html
from trueweight.report.standing import Group, Standing, standings
from trueweight.report.terminal import print_cases, print_table
from trueweight.report.text import for_log, visible

__all__ = [
    "Evidence",
    "Failing",
    "Format",
    "Group",
    "Standing",
    "comparison_json",
    "comparison_markdown",
    "divergence",
    "evidence_json",
    "failing_cells",
    "find_format",
    "for_log",
    "format_names",
    "print_cases",
    "print_changed",
    "print_comparison",
    "print_divergence",
    "print_exchange",
    "print_outcomes",
    "print_table",
    "render",
    "render_html",
    "render_markdown",
    "standings",
    "visible",
    "wanted_trials",
    "write_html",
]
