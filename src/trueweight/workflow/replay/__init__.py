"""One recorded exchange, sent again: to the same provider or to another, into a run directory of its own."""

from trueweight.workflow.replay.again import Again, free_directory, prepare_again, same_request
from trueweight.workflow.replay.outcome import Changed, changed_checks

__all__ = ["Again", "Changed", "changed_checks", "free_directory", "prepare_again", "same_request"]
