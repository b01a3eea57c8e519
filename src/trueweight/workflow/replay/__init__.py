"""One recorded exchange, sent again: to the same provider or to another, into a run directory of its own."""

from trueweight.workflow.replay.again import Again, Changed, changed_checks, free_directory, prepare_again, same_request

__all__ = ["Again", "Changed", "changed_checks", "free_directory", "prepare_again", "same_request"]
