"""The report as one HTML file that loads nothing from the network."""

from trueweight.report.page.payload import Failing, failing_cells
from trueweight.report.page.render import render_html, wanted_answers, wanted_trials

__all__ = ["Failing", "failing_cells", "render_html", "wanted_answers", "wanted_trials"]
