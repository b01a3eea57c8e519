"""A folder of runs → a static site: an index, a trend per provider, each report under a link that stays."""

from trueweight.report.site.build import build_site
from trueweight.report.site.entries import Entry, add_entry, prune, read_entries
from trueweight.report.site.public import public_evidence, public_summary

__all__ = ["Entry", "add_entry", "build_site", "prune", "public_evidence", "public_summary", "read_entries"]
