"""Two judged runs → what changed between them, paired by case. Pure."""

from trueweight.workflow.compare.changes import compare

__all__ = ["compare"]
