"""Two judged runs → what changed between them, paired by case. Pure."""

from trueweight.workflow.compare.changes import FORMAT, compare

__all__ = ["FORMAT", "compare"]
