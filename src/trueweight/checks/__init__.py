"""Checks that hold for any API: pure functions of (case, reply), or of all replies of a provider together.

Each module is one idea; a new check is a new function in one of them, or a new module beside them. Checks of one API's
wire format are in that API's folder: ``protocols/chat/checks``, ``protocols/models/checks``.
"""

from trueweight.checks.run import run_checks, run_paired_checks, wordless_pass
from trueweight.core.check import all_checks, check_params_schema, validate_params
from trueweight.core.reply_digest import ReplyDigest, digest_choices

__all__ = [
    "ReplyDigest",
    "all_checks",
    "check_params_schema",
    "digest_choices",
    "run_checks",
    "run_paired_checks",
    "validate_params",
    "wordless_pass",
]
