"""Checks: pure functions of (case, reply), or of all replies of a provider where one alone cannot show it.

One file per area; a new check is a new function in one of them, or a new file beside them.
"""

from trueweight.checks.registry import (
    Fail,
    NotApplicable,
    Pass,
    Unsupported,
    Verdict,
    all_checks,
    check,
    check_params_schema,
    paired_check,
    run_checks,
    run_paired_checks,
    validate_params,
)
from trueweight.checks.reply_digest import ReplyDigest, digest_reply

__all__ = [
    "Fail",
    "NotApplicable",
    "Pass",
    "ReplyDigest",
    "Unsupported",
    "Verdict",
    "all_checks",
    "check",
    "check_params_schema",
    "digest_reply",
    "paired_check",
    "run_checks",
    "run_paired_checks",
    "validate_params",
]
