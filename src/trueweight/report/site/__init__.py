"""Summaries of several runs → the pages of a static site, and what of a run may be published."""

from trueweight.report.site.pages import overview
from trueweight.report.site.public import public_evidence, public_summary
from trueweight.report.site.trends import SiteRun

__all__ = ["SiteRun", "overview", "public_evidence", "public_summary"]
