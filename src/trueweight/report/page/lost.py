"""Lost requests. They break no requirement, but they are a reason, so they have a row and evidence on the page."""

from __future__ import annotations

from typing import NamedTuple

from trueweight.assess.observations import UNFINISHED
from trueweight.core.summary import CellOutcome, Summary


class Lost(NamedTuple):
    """A provider's failed first attempts, and how many of them retries recovered.

    Attributes:
        failed: first attempts that failed, of ``of`` trials.
        words: how many were lost for good, by kind.
        example: a lost trial, if one is known.
    """

    failed: int
    of: int
    words: str
    example: str


def lost_requests(summary: Summary, name: str) -> Lost | None:
    """None where every first attempt arrived, apart from what a stop or a limit of this client ended."""
    provider = summary.providers[name]
    bins = provider.over_time.bins if provider.over_time is not None else ()
    failures = {kind: count for kind, count in provider.failures.items() if kind not in UNFINISHED}
    gone = sum(failures.values())
    failed = max(gone, sum(one.first_failed for one in bins))
    if not failed:
        return None
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(failures.items(), key=lambda item: -item[1]))
    words = f"{gone} failed after retries too: {kinds}." if gone else "All of them arrived after retries."
    return Lost(failed, max(failed, sum(one.trials for one in bins)), words, _example(summary, name))


def _example(summary: Summary, name: str) -> str:
    cells = (cell for case in summary.cases for cell in case.modes(name).values())
    return next((cell.trials[0] for cell in cells if cell.outcome is CellOutcome.TRANSPORT and cell.trials), "")
