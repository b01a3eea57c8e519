"""What a replay says: which checks fail now that held, and which hold now that failed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from trueweight.core import Finding, Outcome


class Changed(NamedTuple):
    """Check ids, sorted."""

    still: tuple[str, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]


def changed_checks(before: Iterable[Finding], after: Iterable[Finding]) -> Changed:
    """Compare the failing checks of two replies to one case."""
    old, new = ({f.check for f in findings if f.outcome is Outcome.FAIL} for findings in (before, after))
    return Changed(tuple(sorted(old & new)), tuple(sorted(new - old)), tuple(sorted(old - new)))
