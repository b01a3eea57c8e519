"""Checks: pure functions of (case, reply). One file per area; a new check is a new function in one of them."""

from trueweight.checks.registry import (
    Fail,
    NotApplicable,
    Pass,
    Unsupported,
    Verdict,
    all_checks,
    check,
    check_params_schema,
    run_checks,
    validate_params,
)

__all__ = [
    "Fail",
    "NotApplicable",
    "Pass",
    "Unsupported",
    "Verdict",
    "all_checks",
    "check",
    "check_params_schema",
    "run_checks",
    "validate_params",
]
