"""The matrix: every fault of the fleet against the shipped suites, and which checks find it."""

from trueweight.workflow.matrix.run import Recorded, fill_matrix, judge_matrix, record_matrix
from trueweight.workflow.matrix.select import HANDWRITTEN, HEALTHY, matrix_faults, select_cases

__all__ = [
    "HANDWRITTEN",
    "HEALTHY",
    "Recorded",
    "fill_matrix",
    "judge_matrix",
    "matrix_faults",
    "record_matrix",
    "select_cases",
]
