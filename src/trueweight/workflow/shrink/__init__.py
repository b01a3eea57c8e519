"""Shrinking: find the smallest request that still fails on the provider that fails it."""

from trueweight.workflow.shrink.attempts import Attempts, Budget, full_attempts
from trueweight.workflow.shrink.recorded import lookup_failing_case, reference_of
from trueweight.workflow.shrink.session import Shrinking, shrink_in_run
from trueweight.workflow.shrink.shrinking import shrink
from trueweight.workflow.shrink.write import write_case

__all__ = [
    "Attempts",
    "Budget",
    "Shrinking",
    "full_attempts",
    "lookup_failing_case",
    "reference_of",
    "shrink",
    "shrink_in_run",
    "write_case",
]
