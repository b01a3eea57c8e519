"""Send one recorded exchange again, to the same provider or to another, into a new run directory."""

from trueweight.workflow.replay.again import (
    ChangedChecks,
    Replay,
    changed_checks,
    free_directory,
    prepare_again,
    same_request,
)

__all__ = ["ChangedChecks", "Replay", "changed_checks", "free_directory", "prepare_again", "same_request"]
