"""Read a ``summary.json`` of this version or an earlier one; its content is not trusted."""

from __future__ import annotations

from pathlib import Path

import msgspec

from trueweight.assess import assess
from trueweight.core import ConfigError
from trueweight.core.assessment import ReasonCode
from trueweight.core.summary import Summary
from trueweight.core.summary_json import decode_summary
from trueweight.store import read_plain


def read_summary(path: Path) -> Summary:
    """A summary with an assessment of each provider. A summary of format 1 has none and is assessed now.

    Raises:
        ConfigError: ``summary-invalid`` if it is not what the published schema describes.
    """
    try:
        found = decode_summary(read_plain(path))
        require_complete(found)
    except (ValueError, RecursionError, msgspec.DecodeError) as error:
        raise ConfigError(
            f"not a summary: {str(error)[:200]}",
            code="summary-invalid",
            where=str(path),
            hint="Valid: what `trueweight judge` wrote.",
        ) from None
    unassessed = any(one.assessment.has(ReasonCode.NOT_ASSESSED) for one in found.providers.values())
    return assess(found) if unassessed else found


def require_complete(summary: Summary) -> None:
    """Refuse a summary that names a provider it does not have.

    Raises:
        ValueError: saying which.
    """
    reference = summary.run.reference
    if reference is not None and reference not in summary.providers:
        raise ValueError(f"its reference {reference!r} is not among its providers")
    if summary.run.repeats < 1:
        raise ValueError("run.repeats is below 1")
