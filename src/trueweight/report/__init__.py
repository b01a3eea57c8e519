"""What a run comes to, for people: summary and evidence in; HTML, markdown, JUnit, badge or a terminal table out."""

from trueweight.report.evidence import Evidence
from trueweight.report.page import render_html, write_html
from trueweight.report.standing import Group, Standing, standings
from trueweight.report.terminal import print_table
from trueweight.report.text import visible

__all__ = ["Evidence", "Group", "Standing", "print_table", "render_html", "standings", "visible", "write_html"]
